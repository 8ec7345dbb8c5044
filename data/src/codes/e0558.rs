//! E0558: a split is shorter than one sample.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0558` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0558"),
    title: "a split is shorter than one sample",
    page: r#"A sample of `sequence` tokens needs `sequence + 1` tokens: every token but the last has the next one as its label. The split holds
fewer. Use more data, a larger share for this split, or a shorter sequence.
"#,
};

/// A split of `tokens` tokens holds no sample of `sequence` tokens.
pub fn split_too_short(split: &str, tokens: u64, sequence: u64) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("split `{split}` has {tokens} tokens, too few for one sample of {sequence} tokens"),
    )
    .because(format!(
        "A sample needs {} tokens: its own and the label of the last one.",
        sequence.saturating_add(1)
    ))
    .help("use more data, a larger share for this split, or a shorter `sequence`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = split_too_short("train", 5, 8);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("5 tokens"), "{}", message.title);
    }
}
