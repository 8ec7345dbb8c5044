//! E0579: answers that teach nothing.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0579` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0579"),
    title: "answers that teach nothing",
    page: r#"A pair of answers teaches by what is different between them: equal answers teach nothing, and neither do empty ones. Where an answer begins
with the whole prompt although the record has a prompt of its own, the model would read it twice; leave the field `prompt` out of such records, or
cut it from the answers.

The message names file and line. Repair the record, or allow a share of broken ones; each that is left out is listed:

```
data choices : preferences { files = "choices.jsonl", broken = 1% }
```
"#,
};

/// The record in line `line` of `file`; `what` says why.
pub fn nothing_to_learn(file: &str, line: u64, what: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: these answers teach nothing"))
        .because(what.to_string())
        .help("repair or remove the line, or leave a share of broken records out: `broken = 1%`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = nothing_to_learn("x.jsonl", 3, "An answer is empty.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
