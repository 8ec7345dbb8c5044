//! E0562: the text did not yield the vocabulary asked for.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0562` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0562"),
    title: "the text did not yield the vocabulary asked for",
    page: r#"There were not enough pairs in the training split that occur at least `min_frequency` times. The tokenizer works, with the size that was
reached; an embedding table sized by `vocab` would have rows that are never trained. Ask for a smaller vocabulary or train on more
text.
"#,
};

/// Training ended with `reached` of `asked` tokens.
pub fn vocabulary_not_reached(tokenizer: &str, asked: u64, reached: u64) -> Diagnostic {
    Diagnostic::warning(PAGE.code, format!("`{tokenizer}` has {reached} tokens, not the {asked} asked for"))
        .because("The training text has no more pairs that occur often enough to be merged.")
        .help(format!("write `vocab = {reached}`, lower `min_frequency`, or train on more text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = vocabulary_not_reached("words", 500, 300);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("300 tokens, not the 500"), "{}", message.title);
    }
}
