//! A stage built by hand, for tests of planning that need no source text.

#[allow(dead_code, reason = "not every test file trains encoders")]
pub mod encoders;

use regimen_base::data::{
    Certainty, Dataset, DatasetFacts, Share, Split, SplitFacts, Tokenizer, TokenizerFacts, TokenizerKind,
};
use regimen_base::plan::Backend;
use regimen_base::schedule::{CheckpointPolicy, Decay, LearningRate, Period};
use regimen_base::{FileId, Span};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::arch::llama::Llama;
use regimen_compiler::arch::rope::Rope;
use regimen_compiler::experiment::*;
use std::sync::Arc;

/// GPT-2 with these sizes, transformers' defaults otherwise.
pub fn gpt(layers: u64, heads: u64, hidden: u64, context: u64, vocab: u64) -> Gpt {
    Gpt {
        layers,
        heads,
        hidden,
        mlp: 4 * hidden,
        context,
        vocab,
        bias: true,
        tied: true,
        embedding_dropout: 0.0,
        attention_dropout: 0.0,
        residual_dropout: 0.0,
        norm_eps: 1e-5,
        init_std: 0.02,
        end_of_text: 0,
    }
}

/// Llama with these sizes (layers, query heads, key and value heads, hidden, MLP), transformers' defaults otherwise.
pub fn llama([layers, heads, kv_heads, hidden, mlp]: [u64; 5], context: u64, vocab: u64) -> Llama {
    Llama {
        layers,
        heads,
        kv_heads,
        hidden,
        head_size: hidden / heads,
        mlp,
        context,
        vocab,
        tied: false,
        rope: Rope { theta: 10_000.0, scaling: None },
        embedding_dropout: 0.0,
        attention_dropout: 0.0,
        residual_dropout: 0.0,
        norm_eps: 1e-6,
        init_std: 0.02,
        end_of_text: 0,
    }
}

/// A stage that trains this model on a two-thread CPU.
pub fn stage(model: impl ModelSpec + 'static, batch: u64, micro_batch: u64) -> Stage {
    let span = Span::new(FileId(0), 0, 0);
    let steps = 100;
    Stage {
        name: "pretrain".into(),
        kind: "causal_lm",
        objective: Objective::CausalLm { documents: false },
        from: None,
        tokenizer: Tokenizer { name: "words".into(), kind: TokenizerKind::Bytes },
        tokenizer_data: None,
        tokenizer_facts: TokenizerFacts {
            vocab: model.vocab(),
            end_of_text: 0,
            mask: None,
            marks: Default::default(),
            content: String::new(),
            certainty: Certainty::Measured,
        },
        data: dataset(),
        data_facts: facts(),
        sequence: model.context(),
        model: Model {
            name: "model".into(),
            architecture: "gpt",
            parameters: regimen_compiler::arch::parameters(&model),
            tensors: model.weights().into(),
            spec: Arc::new(model),
            weights: None,
            span,
        },
        batch,
        micro_batch: MicroBatch::Fixed(micro_batch),
        steps,
        optimizer: Optimizer {
            rule: Rule::AdamW { beta1: 0.9, beta2: 0.95, eps: 1e-8 },
            weight_decay: 0.1,
            clip: 1.0,
            decay_all: false,
        },
        learning_rate: LearningRate {
            decay: Decay::Cosine,
            peak: 1e-3,
            floor: 1e-4,
            warmup: 10,
            cooldown: 0,
            steps,
        },
        precision: Precision::F32,
        recompute: Recompute::None,
        reproducible: true,
        fuse: regimen_compiler::passes::fuse::Fusions::ALL,
        evaluate: None,
        checkpoint: CheckpointPolicy { every: Period::Steps(50), keep: 2 },
        sample: None,
        hardware: hardware(),
        budget: None,
        span,
        spans: StageSpans {
            batch: span,
            micro_batch: span,
            sequence: span,
            precision: span,
            recompute: span,
            duration: span,
        },
    }
}

fn dataset() -> Dataset {
    let share = Share { numerator: 1, denominator: 1 };
    Dataset {
        name: "corpus".into(),
        sources: vec![],
        clean: vec![],
        mixing: None,
        splits: vec![Split { name: "train".into(), share }],
        key: 1,
        fold: None,
        ordered_by: None,
        near_duplicates: Default::default(),
    }
}

fn facts() -> DatasetFacts {
    let train = SplitFacts {
        name: "train".into(),
        documents: 10,
        bytes: 1_000_000,
        tokens: 1_000_000,
        records: None,
        lengths: vec![],
        left_out: 0,
        members: vec![],
        unknown: 0,
        answers: None,
    };
    DatasetFacts::measured(vec![train], String::new())
}

fn hardware() -> Hardware {
    Hardware {
        name: "cpu".into(),
        backend: Backend::Cpu,
        count: 1,
        threads: 2,
        device: None,
        plans_only: None,
        multiprocessors: 132,
        memory: 1 << 50,
        bandwidth: 2e10,
        flops_f32: 2e11,
        flops_bf16: None,
        watts: None,
        price: None,
        context_bytes: 0,
        efficiency: Efficiency {
            calibrated: false,
            overhead: 0.0,
            measured: Default::default(),
            matmul: vec![],
            memory: vec![],
            storage: Storage::TYPICAL,
        },
    }
}
