//! E0568: a tokenizer cannot encode a text.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0568` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0568"),
    title: "a tokenizer cannot encode a text",
    page: r#"The tokenizer has no token for a part of the text and no unknown token to use instead. Its `tokenizer.json` is made for other
text.
"#,
};

/// Encoding failed; `why` as the tokenizer says it.
pub fn cannot_encode(tokenizer: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("tokenizer `{tokenizer}` cannot encode the text"))
        .because(format!("It says: {why}."))
        .help("use a tokenizer that has an unknown token or works on bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = cannot_encode("words", "no unknown token");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`words`"), "{}", message.title);
    }
}
