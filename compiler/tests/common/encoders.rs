//! Encoders built by hand, and stages that train them.

use super::stage;
use regimen_base::data::{Format, Preferences, Rendering, Share, Source};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::bert::Bert;
use regimen_compiler::arch::classifier::{Classifier, Gives};
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::arch::disentangled::Disentangled;
use regimen_compiler::arch::electra::Electra;
use regimen_compiler::arch::encoder::{Embeddings, Encoder};
use regimen_compiler::arch::roberta::Roberta;
use regimen_compiler::experiment::{Masking, Objective, Stage};
use std::sync::Arc;

/// Blocks of an encoder with these sizes (layers, heads, hidden, MLP), transformers' defaults otherwise.
pub fn encoder([layers, heads, hidden, mlp]: [u64; 4]) -> Encoder {
    Encoder {
        layers,
        heads,
        hidden,
        mlp,
        attention_dropout: 0.0,
        hidden_dropout: 0.0,
        norm_eps: 1e-12,
        init_std: 0.02,
    }
}

/// BERT with these sizes, transformers' defaults otherwise.
pub fn bert(sizes: [u64; 4], context: u64, vocab: u64) -> Bert {
    let encoder = encoder(sizes);
    let embeddings = Embeddings {
        vocab,
        width: encoder.hidden,
        positions: context,
        first_position: 0,
        segments: 2,
        dropout: 0.0,
        norm_eps: 1e-12,
        init_std: 0.02,
    };
    Bert { embeddings, encoder, next_sentence: false }
}

/// RoBERTa with these sizes, transformers' defaults otherwise.
pub fn roberta(sizes: [u64; 4], context: u64, vocab: u64) -> Roberta {
    Roberta::new(encoder(sizes), vocab, context, 0.0)
}

/// ELECTRA with a generator and a discriminator of these sizes over embeddings of this width.
pub fn electra(generator: [u64; 4], sizes: [u64; 4], embedding: u64, context: u64, vocab: u64) -> Electra {
    let Bert { embeddings, encoder: discriminator, .. } = bert(sizes, context, vocab);
    let embeddings = Embeddings { width: embedding, ..embeddings };
    Electra { embeddings, generator: encoder(generator), encoder: discriminator }
}

/// DeBERTa with these sizes, plain decoder and no generator.
pub fn deberta(sizes: [u64; 4], context: u64, vocab: u64) -> Deberta {
    let encoder = Encoder { norm_eps: 1e-7, ..encoder(sizes) };
    Deberta {
        vocab,
        context,
        blocks: Disentangled {
            encoder,
            buckets: None,
            farthest: context,
            shared_keys: true,
            convolution: None,
        },
        generator: None,
        enhanced: false,
        embedding_dropout: 0.0,
    }
}

/// The same with a generator of this many layers.
pub fn deberta_detector(model: Deberta, layers: u64) -> Deberta {
    let mut generator = model.blocks.clone();
    generator.encoder.layers = layers;
    Deberta { generator: Some(generator), ..model }
}

/// What BERT hides.
pub const MASKING: Masking =
    Masking { rate: 0.15, masked: 0.8, random: 0.1, whole_words: false, fixed: false };

/// A stage that trains this model to tell replaced tokens from original ones.
pub fn detection_stage(model: impl ModelSpec + 'static, batch: u64, micro_batch: u64) -> Stage {
    let stage = stage(model, batch, micro_batch);
    let masking = Masking { masked: 0.85, random: 0.0, ..MASKING };
    let objective = Objective::ReplacedTokenDetection { masking, weight: 50.0 };
    Stage { kind: "replaced_token_detection", objective, ..stage }
}

/// A stage that trains a classifier on this model's body to tell classes `0`, `1`, …
pub fn classify_stage(model: impl ModelSpec + 'static, classes: u64, batch: u64, micro_batch: u64) -> Stage {
    let names = (0..classes).map(|n| n.to_string()).collect();
    headed_stage(model, Gives::Classes(names), batch, micro_batch)
}

/// The residents of a scalar head on this model's body.
pub fn scalar_stage(model: impl ModelSpec + 'static, batch: u64, micro_batch: u64) -> Stage {
    headed_stage(model, Gives::Scalar, batch, micro_batch)
}

/// A stage that trains a reward model on this model's body; `center` is the weight of the squared sum, and pairs may have margins.
pub fn reward_stage(
    model: impl ModelSpec + 'static,
    (center, margins): (f64, bool),
    batch: u64,
    micro_batch: u64,
) -> Stage {
    let mut stage = headed_stage(model, Gives::Scalar, batch, micro_batch);
    let [prompt, chosen, rejected] = ["prompt", "chosen", "rejected"].map(str::to_owned);
    let margin = margins.then(|| "margin".to_owned());
    let rendering = Rendering::default();
    stage.data.sources.push(Source {
        name: "choices".into(),
        format: Format::Preferences(Preferences { prompt, chosen, rejected, margin, rendering }),
        files: vec!["choices.jsonl".into()],
        share: Share { numerator: 1, denominator: 1 },
        cleaning: Default::default(),
        division: None,
    });
    Stage { kind: "reward_model", objective: Objective::RewardModel { center }, ..stage }
}

fn headed_stage(model: impl ModelSpec + 'static, gives: Gives, batch: u64, micro_batch: u64) -> Stage {
    let model: Arc<dyn ModelSpec> = Arc::new(model);
    let Some(model) = Classifier::new(model, gives, 0.0, 1) else { unreachable!("it has a body") };
    let stage = stage(model, batch, micro_batch);
    Stage { kind: "classify", objective: Objective::Classify { dropout: 0.0 }, ..stage }
}

/// A stage that trains this model to predict hidden tokens.
pub fn masked_stage(model: impl ModelSpec + 'static, batch: u64, micro_batch: u64) -> Stage {
    let stage = stage(model, batch, micro_batch);
    Stage { kind: "masked_lm", objective: Objective::MaskedLm(MASKING), ..stage }
}

/// A stage that trains this BERT on pairs of texts as well.
pub fn pair_stage(model: Bert, batch: u64, micro_batch: u64) -> Stage {
    let stage = stage(Bert { next_sentence: true, ..model }, batch, micro_batch);
    let facts = stage.tokenizer_facts.clone();
    let tokenizer_facts =
        regimen_base::data::TokenizerFacts { vocab: facts.vocab.saturating_sub(4), ..facts };
    Stage { kind: "masked_lm", objective: Objective::NextSentence(MASKING), tokenizer_facts, ..stage }
}
