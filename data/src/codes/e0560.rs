//! E0560: a tokenizer has no end-of-text token.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0560` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0560"),
    title: "a tokenizer has no end-of-text token",
    page: r#"Documents are joined with an end-of-text token, which must be one of the tokenizer's own. It is taken from `eos_token` in
`tokenizer_config.json` or `special_tokens_map.json` beside the `tokenizer.json`, or else it is `<|endoftext|>`, `</s>`, `<eos>` or `[SEP]` if the
vocabulary has it. Otherwise name it:

```
tokenizer words : hf { path = "tokenizers/mine", end_of_text = "<stop>" }
```
"#,
};

/// No end-of-text token is named, or the one that is named is not in the vocabulary.
pub fn no_end_of_text(file: &str, asked: Option<&str>) -> Diagnostic {
    let title = match asked {
        Some(token) => format!("`{token}` is not a token of `{file}`"),
        None => format!("`{file}` names no end-of-text token"),
    };
    Diagnostic::error(PAGE.code, title)
        .because("Documents are joined with an end-of-text token, which must be one of the tokenizer's own.")
        .help("name one of its tokens: `end_of_text = \"…\"`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_end_of_text("t.json", Some("<end>"));
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`<end>`"), "{}", message.title);
    }
}
