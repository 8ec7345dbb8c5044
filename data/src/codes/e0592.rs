//! E0592: the turns of a conversation do not alternate.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0592` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0592"),
    title: "the turns of a conversation do not alternate",
    page: r#"In a conversation a system may speak first; then user and assistant speak by turns, the user first and the assistant last, and nobody
says nothing. Templates are written for that: with two turns of one role in a row, some raise an error and others drop one of them.

The message names file and line. Repair the record, or allow a share of broken ones; each that is left out is listed:

```
data talks : chats { files = "talks/*.jsonl", broken = 1% }
```
"#,
};

/// The conversation in line `line` of `file`; `what` says which message is wrong.
pub fn turns(file: &str, line: u64, what: &str) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("`{file}`, line {line}: the turns of this conversation do not alternate"),
    )
    .because(what.to_string())
    .help("repair or remove the line, or leave a share of broken records out: `broken = 1%`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = turns("x.jsonl", 3, "Message 2 is the user's.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
