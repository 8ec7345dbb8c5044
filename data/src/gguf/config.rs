//! `config.json` of a model, as transformers writes it.

use super::Dtype;
use super::llama::Llama;
use super::tokenizer::Tokenizer;
use serde_json::{Value, json};

/// The configuration of a `LlamaForCausalLM`.
pub(super) fn config(model: &Llama, tokenizer: &Tokenizer, dtype: Dtype) -> Value {
    let mut config = json!({
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": false,
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.begin,
        "eos_token_id": tokenizer.end,
        "hidden_act": "silu",
        "hidden_size": model.hidden,
        "initializer_range": 0.02,
        "intermediate_size": model.intermediate,
        "max_position_embeddings": model.context,
        "mlp_bias": false,
        "model_type": "llama",
        "num_attention_heads": model.heads,
        "num_hidden_layers": model.layers,
        "num_key_value_heads": model.kv_heads,
        "pad_token_id": tokenizer.padding,
        "rms_norm_eps": model.epsilon,
        "rope_scaling": null,
        "rope_theta": model.rope_base,
        "tie_word_embeddings": model.tied,
        "torch_dtype": dtype.name(),
        "use_cache": true,
        "vocab_size": model.vocab,
    });
    // What the width divided by the heads gives is left to the reader.
    if model.heads.checked_mul(model.head) != Some(model.hidden)
        && let Some(config) = config.as_object_mut()
    {
        config.insert("head_dim".to_string(), model.head.into());
    }
    config
}
