//! E0561: the vocabulary of a tokenizer is too small.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0561` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0561"),
    title: "the vocabulary of a tokenizer is too small",
    page: r#"Byte-level BPE needs the 256 bytes and one end-of-text token before it can merge anything, so `vocab` is at least 257. WordPiece needs
its five special tokens and every character of the training text twice, alone and inside a word, if it occurs there; a unigram model needs five
special tokens, the 256 bytes and every character once.
"#,
};

/// `vocab` leaves no room for the bytes.
pub fn vocabulary_too_small(tokenizer: &str, vocab: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{tokenizer}` cannot have a vocabulary of {vocab}"))
        .because("The 256 bytes and the end-of-text token are always in it.")
        .help("ask for at least 257 tokens")
}

/// The characters of the training text alone need `needed` tokens.
pub fn too_small_for_characters(tokenizer: &str, vocab: u64, needed: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{tokenizer}` cannot have a vocabulary of {vocab}"))
        .because(format!("Special tokens and the characters of the training text need {needed} already."))
        .help(format!("ask for more than {needed} tokens, or clean rare characters out of the text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = vocabulary_too_small("words", 100);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("100"), "{}", message.title);
        assert!(too_small_for_characters("words", 100, 140).notes[0].contains("140"));
    }
}
