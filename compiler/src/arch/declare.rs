//! The declaration of a model that a `config.json` of Hugging Face describes: the way back from what [`ModelSpec::exchange`] writes.
//!
//! Only sizes and settings that a declaration has are read. Whether the configuration asks for anything else is compared when its weights
//! are loaded, entry by entry, so that nothing is taken for what it is not.
//!
//! [`ModelSpec::exchange`]: super::ModelSpec::exchange

use serde_json::{Map, Value};

/// `model NAME : gpt { … }` for a configuration. `biases` says whether linear layers and norms have them, where it does not.
///
/// # Errors
/// Says in one sentence what is missing, or that the model predicts no next token.
pub fn declaration(name: &str, tokenizer: &str, config: &Value, biases: bool) -> Result<String, Unusable> {
    if let Some(why) = beyond(config) {
        return Err(Unusable::Model(why));
    }
    let config = Configuration(config);
    let (kind, mut fields) = match config.text("model_type") {
        Some("gpt2") => ("gpt", gpt2(&config, biases).map_err(Unusable::Entry)?),
        Some("llama") => ("llama", llama(&config).map_err(Unusable::Entry)?),
        Some(other) => {
            let why = format!("it is of the type `{other}`; gpt2 and llama generate text");
            return Err(Unusable::Model(why));
        }
        None => return Err(Unusable::Entry("its configuration names no `model_type`".to_owned())),
    };
    fields.push(("tokenizer", tokenizer.to_owned()));
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("  {key} = {value}\n")).collect();
    Ok(format!("model {name} : {kind} {{\n{}}}\n", fields.concat()))
}

/// Why a configuration becomes no declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is of a model that no declaration describes, or that predicts no next token.
    Model(String),
    /// An entry is missing, or is not what it should be.
    Entry(String),
}

/// What of a configuration no declaration can say: other kinds of weights, or more to read than a text.
pub fn beyond(config: &Value) -> Option<String> {
    let config = Configuration(config);
    if config.given("quantization_config") {
        return Some("its weights are quantised (`quantization_config`)".to_owned());
    }
    let crossed = config.flag("add_cross_attention", false);
    crossed.then(|| "it attends to an encoder too (`add_cross_attention`)".to_owned())
}

type Fields = Vec<(&'static str, String)>;

fn gpt2(config: &Configuration, biases: bool) -> Result<Fields, String> {
    let hidden = config.size("n_embd", Some(768))?;
    Ok(vec![
        ("layers", config.size("n_layer", Some(12))?.to_string()),
        ("heads", config.size("n_head", Some(12))?.to_string()),
        ("hidden", hidden.to_string()),
        ("mlp", config.size("n_inner", Some(4 * hidden))?.to_string()),
        ("context", config.size("n_positions", Some(1024))?.to_string()),
        ("vocab", config.size("vocab_size", Some(50_257))?.to_string()),
        ("norm_eps", config.number("layer_norm_epsilon", 1e-5)?.to_string()),
        ("tied", config.flag("tie_word_embeddings", true).to_string()),
        ("bias", biases.to_string()),
    ])
}

fn llama(config: &Configuration) -> Result<Fields, String> {
    let heads = config.size("num_attention_heads", None)?;
    let rotary = config.rotary();
    let rotary = Configuration(&rotary);
    let mut fields = vec![
        ("layers", config.size("num_hidden_layers", None)?.to_string()),
        ("heads", heads.to_string()),
        ("kv_heads", config.size("num_key_value_heads", Some(heads))?.to_string()),
        ("hidden", config.size("hidden_size", None)?.to_string()),
        ("mlp", config.size("intermediate_size", None)?.to_string()),
        ("context", config.size("max_position_embeddings", Some(2048))?.to_string()),
        ("vocab", config.size("vocab_size", None)?.to_string()),
        ("norm_eps", config.number("rms_norm_eps", 1e-6)?.to_string()),
        ("tied", config.flag("tie_word_embeddings", false).to_string()),
        ("rope_theta", rotary.number("rope_theta", 10_000.0)?.to_string()),
    ];
    if config.given("head_dim") {
        fields.push(("head_size", config.size("head_dim", None)?.to_string()));
    }
    fields.extend(scaling(&rotary)?.map(|scaling| ("rope_scaling", scaling)));
    Ok(fields)
}

/// How rotary positions are stretched.
fn scaling(rotary: &Configuration) -> Result<Option<String>, String> {
    let kind = match rotary.text("rope_type").or_else(|| rotary.text("type")) {
        None | Some("default") => return Ok(None),
        Some(kind) => kind,
    };
    let original = || rotary.size("original_max_position_embeddings", None);
    let factor = rotary.number("factor", 1.0)?;
    let fields = match kind {
        "linear" => format!("factor = {factor}"),
        "llama3" => format!(
            "factor = {factor}, original = {}, low = {}, high = {}",
            original()?,
            rotary.number("low_freq_factor", 1.0)?,
            rotary.number("high_freq_factor", 4.0)?
        ),
        "yarn" => format!(
            "factor = {factor}, original = {}, fast = {}, slow = {}",
            original()?,
            rotary.number("beta_fast", 32.0)?,
            rotary.number("beta_slow", 1.0)?
        ),
        other => return Err(format!("its rotary positions are stretched by `{other}`")),
    };
    Ok(Some(format!("{kind} {{ {fields} }}")))
}

/// A configuration's entries; null is absent.
struct Configuration<'a>(&'a Value);

impl Configuration<'_> {
    fn entry(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn given(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.entry(key).and_then(Value::as_str)
    }

    fn flag(&self, key: &str, default: bool) -> bool {
        self.entry(key).and_then(Value::as_bool).unwrap_or(default)
    }

    fn size(&self, key: &str, default: Option<u64>) -> Result<u64, String> {
        match self.entry(key) {
            Some(value) => value.as_u64().filter(|n| *n > 0).ok_or_else(|| {
                format!("`{key}` of its configuration is {value}, not a whole number of at least 1")
            }),
            None => default.ok_or_else(|| format!("its configuration has no `{key}`")),
        }
    }

    fn number(&self, key: &str, default: f64) -> Result<f64, String> {
        match self.entry(key) {
            Some(value) => {
                value.as_f64().ok_or_else(|| format!("`{key}` of its configuration is {value}, not a number"))
            }
            None => Ok(default),
        }
    }

    /// What is said of rotary positions, in newer configurations in one place, in older ones in two.
    fn rotary(&self) -> Value {
        let of = |key: &str| self.entry(key).and_then(Value::as_object).cloned();
        let mut all: Map<String, Value> =
            of("rope_parameters").or_else(|| of("rope_scaling")).unwrap_or_default();
        if let Some(theta) = self.entry("rope_theta") {
            all.entry("rope_theta").or_insert_with(|| theta.clone());
        }
        Value::Object(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_predicts_no_next_token_is_said() {
        let refused = |config: Value| match declaration("m", "t", &config, true).unwrap_err() {
            Unusable::Model(why) | Unusable::Entry(why) => why,
        };
        assert!(refused(json!({"model_type": "bert"})).contains("`bert`"));
        assert!(refused(json!({})).contains("model_type"));
        assert!(
            refused(json!({"model_type": "llama", "num_attention_heads": 2})).contains("num_hidden_layers")
        );
        assert!(refused(json!({"model_type": "gpt2", "n_layer": -1})).contains("-1"));
        let quantised = json!({"model_type": "gpt2", "quantization_config": {"bits": 4}});
        assert!(refused(quantised).contains("quantised"));
        let crossed = json!({"model_type": "gpt2", "add_cross_attention": true});
        assert!(refused(crossed).contains("encoder"));
        let plain = json!({"model_type": "gpt2", "add_cross_attention": false, "quantization_config": null});
        assert!(declaration("m", "t", &plain, true).is_ok());
        assert!(refused(json!({"model_type": "gpt2", "n_head": "two"})).contains("two"));
    }

    #[test]
    fn both_ways_of_writing_rotary_positions_are_read() {
        let sizes = json!({
            "model_type": "llama", "num_attention_heads": 4, "num_hidden_layers": 1, "hidden_size": 32, "intermediate_size": 8,
            "vocab_size": 300, "rope_theta": 500000.0,
        });
        let stretched =
            json!({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 512});
        let mut older = sizes.clone();
        older["rope_scaling"] = stretched.clone();
        let mut newer = sizes;
        newer["rope_parameters"] = stretched;
        let declared = [older, newer].map(|config| declaration("m", "t", &config, true).unwrap());
        assert_eq!(declared[0], declared[1]);
        assert!(
            declared[0].contains("rope_scaling = llama3 { factor = 8, original = 512, low = 1, high = 4 }")
        );
        assert!(declared[0].contains("rope_theta = 500000\n") && !declared[0].contains("head_size"));
    }
}
