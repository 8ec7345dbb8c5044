//! Whether a folder's `config.json` describes the declared model.

use serde_json::Value;

/// Keys that change what is computed, and what transformers takes if a GPT-2 configuration lacks them.
/// Others (dropout rates, ids, versions) are about training or bookkeeping.
const DECISIVE: [(&str, &str); 12] = [
    ("model_type", "\"gpt2\""),
    ("n_layer", "12"),
    ("n_head", "12"),
    ("n_embd", "768"),
    ("n_positions", "1024"),
    ("n_inner", "null"),
    ("vocab_size", "50257"),
    ("activation_function", "\"gelu_new\""),
    ("layer_norm_epsilon", "1e-5"),
    ("tie_word_embeddings", "true"),
    ("scale_attn_weights", "true"),
    ("scale_attn_by_inverse_layer_idx", "false"),
];

/// Every decisive difference, as "`n_layer` is 12 there and 6 in the model".
pub fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut found = vec![];
    for (key, default) in DECISIVE {
        let default: Value = serde_json::from_str(default).unwrap_or_default();
        let (a, b) = (effective(theirs, key, &default), effective(ours, key, &default));
        if !same(&a, &b) {
            found.push(format!("`{key}` is {a} there and {b} in the declared model"));
        }
    }
    found
}

fn effective(config: &Value, key: &str, default: &Value) -> Value {
    let value = config.get(key).cloned().unwrap_or_else(|| default.clone());
    // No inner width means four times the hidden width.
    match (key, &value) {
        ("n_inner", Value::Null) => {
            let width = config.get("n_embd").and_then(Value::as_u64).unwrap_or(768);
            Value::from(4 * width)
        }
        // Two names of one function.
        ("activation_function", Value::String(name)) if name == "gelu_pytorch_tanh" => "gelu_new".into(),
        _ => value,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_stand_for_what_is_left_out() {
        let ours = json!({"n_layer": 12, "n_inner": 3072, "layer_norm_epsilon": 0.00001});
        assert!(differences(&json!({"n_embd": 768}), &ours).is_empty());
        assert!(differences(&json!({"activation_function": "gelu_pytorch_tanh"}), &ours).is_empty());
    }

    #[test]
    fn each_difference_is_named_with_both_values() {
        let found = differences(&json!({"n_layer": 6, "activation_function": "relu"}), &json!({}));
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("`n_layer` is 6 there and 12"));
        assert!(found[1].contains("relu"));
    }

    #[test]
    fn dropout_and_ids_do_not_matter() {
        let theirs = json!({"attn_pdrop": 0.5, "bos_token_id": 1, "transformers_version": "9"});
        assert!(differences(&theirs, &json!({})).is_empty());
    }
}
