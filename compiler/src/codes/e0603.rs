//! E0603: a model that cannot generate or predict text.

use regimen_base::{Code, CodePage, Diagnostic};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0603"),
    title: "a model that predicts no next token",
    page: "\
`regimen generate` and `regimen evaluate` need a model that predicts the next token of a text, described by a `config.json` of Hugging Face:
GPT-2 (`\"model_type\": \"gpt2\"`) or Llama (`\"model_type\": \"llama\"`). Encoders such as BERT see both sides of a token and generate nothing.

The message names the entry that is missing or not understood. Entries that would change what is computed, and that Regimen does not
compute, are refused when the weights are loaded.

**Fix.** Name the folder of a model of these types:

```
regimen generate examples/smollm2/hf --prompt \"Once upon a time\"
```
",
};

/// `why` completes "the model cannot be used: ".
pub fn not_usable(why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the model cannot be used: {why}"))
        .help("name the folder of another model of the types gpt2 or llama, with plain weights")
}

/// An entry of its configuration is wrong.
pub fn wrong_entry(why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the model cannot be used: {why}"))
        .help("correct its `config.json`, or download it again")
}

/// Its configuration is of a model that cannot be; `rules` are those that it breaks, in the configuration's words.
pub fn impossible(rules: &[String]) -> Diagnostic {
    let told =
        Diagnostic::error(PAGE.code, "the model cannot be used: no model can be as its configuration says");
    let told = rules.iter().fold(told, |told, rule| told.because(format!("{rule}.")));
    told.help("correct its `config.json`, or download it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why() {
        let found = not_usable("it is of the type `bert`");
        assert!(found.is_error() && found.title.contains("`bert`") && found.help.is_some());
        assert!(wrong_entry("`n_layer` is -1").help.is_some_and(|help| help.contains("config.json")));
    }
}
