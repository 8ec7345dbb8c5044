//! E0561: the vocabulary of a BPE tokenizer is too small.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0561` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0561"),
    title: "the vocabulary of a BPE tokenizer is too small",
    page: r#"Byte-level BPE needs the 256 bytes and one end-of-text token before it can merge anything, so `vocab` is at least 257.
"#,
};

/// `vocab` leaves no room for the bytes.
pub fn vocabulary_too_small(tokenizer: &str, vocab: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{tokenizer}` cannot have a vocabulary of {vocab}"))
        .because("The 256 bytes and the end-of-text token are always in it.")
        .help("ask for at least 257 tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = vocabulary_too_small("words", 100);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("100"), "{}", message.title);
    }
}
