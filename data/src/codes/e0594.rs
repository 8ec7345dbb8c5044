//! E0594: no conversation or pair of answers of a part fits into a row.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0594` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0594"),
    title: "no conversation or pair of answers of a part fits into a row",
    page: r#"A conversation lies in one row as a whole: one that has more than `sequence` tokens (and one, which is only ever a label) is left out, because
half of it would teach that answers stop in the middle. So is a pair of answers one of which, with its prompt, has more than `sequence` tokens:
what tells the two apart may be what would be cut. Nothing is left of the part that the message names.

**Fix.** Longer rows, at most the model's context, or shorter conversations:

```
stage sft : supervised { sequence = 1_024 tokens }
```
"#,
};

/// The shortest conversation of the part `split` has `tokens` tokens.
pub fn nothing_fits(split: &str, tokens: u64, sequence: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("no conversation of `{split}` fits into {sequence} tokens"))
        .because(format!("The shortest one has {tokens} tokens."))
        .help("give the stage a longer `sequence`, or the dataset shorter conversations")
}

/// The longer text of the shortest pair of the part `split` has `tokens` tokens.
pub fn no_pair_fits(split: &str, tokens: u64, sequence: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("no pair of answers of `{split}` fits into {sequence} tokens"))
        .because(format!("Of the shortest one, the longer text has {tokens} tokens."))
        .help("give the stage a longer `sequence`, or the dataset shorter answers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_both_lengths() {
        let message = nothing_fits("train", 700, 512);
        assert!(message.title.contains("512") && message.notes.iter().any(|note| note.contains("700")));
        let message = no_pair_fits("train", 700, 512);
        assert!(message.title.contains("512") && message.notes.iter().any(|note| note.contains("700")));
    }
}
