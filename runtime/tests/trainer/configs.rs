//! Models with the sizes that configurations of transformers name.

use super::stages;
use super::stages::encoders as models;
use regimen_compiler::arch::bert::Bert;
use regimen_compiler::arch::classifier::Activation;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::arch::disentangled::Convolution;
use regimen_compiler::arch::electra::Electra;
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::arch::llama::Llama;
use regimen_compiler::arch::roberta::Roberta;
use regimen_compiler::arch::rope::Scaling;
use serde_json::Value;

/// A size.
pub fn number(config: &Value, key: &str) -> u64 {
    config[key].as_u64().unwrap_or_else(|| panic!("`{key}` is no number"))
}

fn sizes(config: &Value) -> [u64; 4] {
    ["num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size"]
        .map(|key| number(config, key))
}

fn norm_eps(config: &Value) -> f64 {
    config["layer_norm_eps"].as_f64().expect("a number")
}

/// From `config.json`.
pub fn bert(config: &Value) -> Bert {
    let context = number(config, "max_position_embeddings");
    let mut model = models::bert(sizes(config), context, number(config, "vocab_size"));
    model.embeddings.segments = number(config, "type_vocab_size");
    (model.encoder.norm_eps, model.embeddings.norm_eps) = (norm_eps(config), norm_eps(config));
    model
}

/// From `config.json`.
pub fn roberta(config: &Value) -> Roberta {
    let context = number(config, "max_position_embeddings") - 2;
    let mut model = models::roberta(sizes(config), context, number(config, "vocab_size"));
    (model.0.encoder.norm_eps, model.0.embeddings.norm_eps) = (norm_eps(config), norm_eps(config));
    model
}

/// From `config.json`.
pub fn deberta(config: &Value) -> Deberta {
    let context = number(config, "max_position_embeddings");
    let mut model = models::deberta(sizes(config), context, number(config, "vocab_size"));
    model.blocks.encoder.norm_eps = norm_eps(config);
    model.blocks.buckets = config["position_buckets"].as_u64();
    model.blocks.shared_keys = config["share_att_key"] == true;
    let activation = if config["conv_act"] == "gelu" { Activation::Gelu } else { Activation::Tanh };
    let width = config["conv_kernel_size"].as_u64().filter(|width| *width > 0);
    model.blocks.convolution = width.map(|width| Convolution { width, activation });
    model
}

/// From `config.json`.
pub fn electra(config: &Value) -> Electra {
    let (small, large) = (&config["generator"], &config["discriminator"]);
    let (embedding, context) = (number(large, "embedding_size"), number(large, "max_position_embeddings"));
    let mut model =
        models::electra(sizes(small), sizes(large), embedding, context, number(large, "vocab_size"));
    for eps in [&mut model.embeddings.norm_eps, &mut model.generator.norm_eps, &mut model.encoder.norm_eps] {
        *eps = norm_eps(large);
    }
    model
}

/// From `config.json`.
pub fn gpt2(config: &Value) -> Gpt {
    let n = |key| number(config, key);
    let mut model = stages::gpt(n("n_layer"), n("n_head"), n("n_embd"), n("n_positions"), n("vocab_size"));
    model.mlp = config["n_inner"].as_u64().unwrap_or(4 * model.hidden);
    model
}

/// From `config.json`.
pub fn llama(config: &Value) -> Llama {
    let n = |key| number(config, key);
    let sizes = [
        n("num_hidden_layers"),
        n("num_attention_heads"),
        n("num_key_value_heads"),
        n("hidden_size"),
        n("intermediate_size"),
    ];
    let mut model = stages::llama(sizes, n("max_position_embeddings"), n("vocab_size"));
    model.head_size = n("head_dim");
    model.tied = config["tie_word_embeddings"] == true;
    model.norm_eps = config["rms_norm_eps"].as_f64().expect("a number");
    let rope = &config["rope_parameters"];
    let (real, original) = (
        |key: &str| rope[key].as_f64().expect("a number"),
        || number(rope, "original_max_position_embeddings"),
    );
    model.rope.theta = real("rope_theta");
    model.rope.scaling = match rope["rope_type"].as_str() {
        Some("linear") => Some(Scaling::Linear { factor: real("factor") }),
        Some("llama3") => Some(Scaling::Llama3 {
            factor: real("factor"),
            low: real("low_freq_factor"),
            high: real("high_freq_factor"),
            original: original(),
        }),
        Some("yarn") => {
            Some(Scaling::Yarn { factor: real("factor"), fast: 32.0, slow: 1.0, original: original() })
        }
        _ => None,
    };
    model
}
