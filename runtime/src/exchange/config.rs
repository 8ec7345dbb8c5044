//! Whether a folder's `config.json` describes the declared model.

use regimen_base::plan::Exchange;
use serde_json::{Map, Value, json};

/// Every difference in what is computed, as "`n_layer` is 12 there and 6 in the model that is computed".
pub fn differences(theirs: &Value, ours: &Exchange) -> Vec<String> {
    let theirs = in_older_words(theirs);
    let mut found = vec![];
    if theirs.get("quantization_config").is_some_and(|quantised| !quantised.is_null()) {
        found.push("`quantization_config`: the weights there are quantised".to_owned());
    }
    if theirs.get("add_cross_attention") == Some(&Value::Bool(true)) {
        found.push("`add_cross_attention` is true there: that model attends to an encoder too".to_owned());
    }
    for (key, default) in &ours.defaults {
        let (a, b) = (effective(&theirs, key, default), effective(&ours.config, key, default));
        if !same(&a, &b) {
            found.push(format!("`{key}` is {a} there and {b} in the model that is computed"));
        }
    }
    found
}

/// Newer configurations have one entry for rotary positions, older ones have two.
fn in_older_words(config: &Value) -> Value {
    let mut config = config.clone();
    let Some(entries) = config.as_object_mut() else { return config };
    if let Some(Value::Object(mut rotary)) = entries.remove("rope_parameters") {
        if let Some(theta) = rotary.remove("rope_theta") {
            entries.insert("rope_theta".to_owned(), theta);
        }
        entries.insert("rope_scaling".to_owned(), Value::Object(rotary));
    }
    config
}

fn effective(config: &Value, key: &str, default: &Value) -> Value {
    let number = |key: &str| config.get(key).and_then(Value::as_u64);
    let value = config.get(key).unwrap_or(default);
    match (key, value) {
        // What follows from other sizes.
        ("n_inner", Value::Null) => number("n_embd").map_or(Value::Null, |width| Value::from(4 * width)),
        ("num_key_value_heads", Value::Null) => json!(number("num_attention_heads")),
        ("head_dim", Value::Null) => {
            let heads = number("num_attention_heads").filter(|heads| *heads > 0);
            json!(number("hidden_size").zip(heads).map(|(width, heads)| width / heads))
        }
        // Two names of one function.
        ("activation_function", Value::String(name)) if name == "gelu_pytorch_tanh" => json!("gelu_new"),
        ("rope_scaling", Value::Object(scaling)) => rope_scaling(scaling),
        // Without a convolution, nothing says how it is.
        ("conv_act" | "conv_groups", _) if number("conv_kernel_size").unwrap_or(0) == 0 => Value::Null,
        // `c2p|p2c` or a list, in any order.
        ("pos_att_type", Value::String(kinds)) => sorted(kinds.split('|').map(str::trim)),
        ("pos_att_type", Value::Array(kinds)) => sorted(kinds.iter().filter_map(Value::as_str)),
        // Without a limit of its own it is the context.
        ("max_relative_positions", Value::Number(n)) if n.as_i64().is_some_and(|n| n < 1) => {
            json!(number("max_position_embeddings"))
        }
        ("embedding_size", Value::Null) => json!(number("hidden_size")),
        _ => value.clone(),
    }
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    json!(words)
}

/// Without scaling there is nothing; `type` is the older name of `rope_type`; what YaRN takes if nothing is written.
fn rope_scaling(scaling: &Map<String, Value>) -> Value {
    let mut scaling = scaling.clone();
    if let Some(name) = scaling.remove("type") {
        scaling.entry("rope_type").or_insert(name);
    }
    scaling.retain(|_, value| !value.is_null());
    match scaling.get("rope_type").and_then(Value::as_str) {
        None | Some("default") => return Value::Null,
        Some("yarn") => {
            scaling.entry("beta_fast").or_insert(json!(32));
            scaling.entry("beta_slow").or_insert(json!(1));
        }
        Some(_) => {}
    }
    Value::Object(scaling)
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(config: Value, defaults: &Value) -> Exchange {
        let defaults = defaults.as_object().unwrap().clone();
        Exchange { config, defaults, ..Exchange::default() }
    }

    fn gpt2() -> Value {
        json!({"n_layer": 12, "n_embd": 768, "n_inner": null, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5})
    }

    #[test]
    fn defaults_stand_for_what_is_left_out() {
        let model = json!({"n_layer": 12, "n_embd": 768, "n_inner": 3072, "layer_norm_epsilon": 0.00001});
        let ours = ours(model, &gpt2());
        assert_eq!(differences(&json!({"n_embd": 768}), &ours), Vec::<String>::new());
        assert!(
            differences(&json!({"n_embd": 768, "activation_function": "gelu_pytorch_tanh"}), &ours)
                .is_empty()
        );
    }

    #[test]
    fn each_difference_is_named_with_both_values() {
        let ours = ours(json!({"n_embd": 768}), &gpt2());
        let found = differences(&json!({"n_embd": 768, "n_layer": 6, "activation_function": "relu"}), &ours);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("relu"));
        assert!(found[1].contains("`n_layer` is 6 there and 12"));
    }

    #[test]
    fn other_kinds_of_weights_and_inputs_are_told() {
        let ours = ours(json!({"n_embd": 768}), &gpt2());
        let theirs = json!({"n_embd": 768, "quantization_config": {"bits": 4}, "add_cross_attention": true});
        assert_eq!(differences(&theirs, &ours).len(), 2);
        let theirs = json!({"n_embd": 768, "quantization_config": null, "add_cross_attention": false});
        assert!(differences(&theirs, &ours).is_empty());
    }

    #[test]
    fn dropout_and_ids_do_not_matter() {
        let theirs =
            json!({"n_embd": 768, "attn_pdrop": 0.5, "bos_token_id": 1, "transformers_version": "9"});
        assert!(differences(&theirs, &ours(json!({"n_embd": 768}), &gpt2())).is_empty());
    }

    #[test]
    fn attention_to_positions_may_be_written_in_three_ways() {
        let defaults =
            json!({"pos_att_type": null, "max_relative_positions": -1, "max_position_embeddings": 512});
        let ours = ours(json!({"pos_att_type": "c2p|p2c", "max_relative_positions": -1}), &defaults);
        for theirs in [
            json!({"pos_att_type": "p2c|c2p"}),
            json!({"pos_att_type": ["p2c", "c2p"], "max_relative_positions": 0}),
        ] {
            assert_eq!(differences(&theirs, &ours), Vec::<String>::new());
        }
        assert_eq!(differences(&json!({"pos_att_type": ["c2p"]}), &ours).len(), 1);
    }

    #[test]
    fn rotary_positions_may_be_written_in_either_way() {
        let defaults =
            json!({"rope_theta": 1e4, "rope_scaling": null, "head_dim": null, "num_key_value_heads": null});
        let llama3 = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        });
        let sizes =
            json!({"hidden_size": 64, "num_attention_heads": 4, "head_dim": 16, "num_key_value_heads": 4});
        let with = |theta: f64, scaling: Value| {
            let mut config = sizes.clone();
            config["rope_theta"] = json!(theta);
            config["rope_scaling"] = scaling;
            config
        };
        let scaled = ours(with(5e5, llama3.clone()), &defaults);
        let mut newer = sizes.clone();
        newer["rope_parameters"] = llama3.clone();
        newer["rope_parameters"]["rope_theta"] = json!(500_000);
        assert_eq!(differences(&newer, &scaled), Vec::<String>::new());
        let plain = ours(with(1e4, Value::Null), &defaults);
        let theirs = json!({
            "hidden_size": 64, "num_attention_heads": 4, "rope_parameters": {"rope_type": "default", "rope_theta": 10000},
        });
        assert_eq!(differences(&theirs, &plain), Vec::<String>::new());
        assert_eq!(differences(&newer, &plain).len(), 2);
    }
}
