//! E0591: a record is no conversation.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0591` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0591"),
    title: "a record is no conversation",
    page: r#"A dataset of the type `chats` holds one JSON object on each line, of one of these forms:

```
{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello. How can I help?"}]}
{"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hello. How can I help?"}]}
{"instruction": "Translate into French.", "input": "Good morning", "output": "Bonjour"}
```

The last becomes a question and its answer by the dataset's `template`. A record with an `input` needs a template that mentions `{input}`:
otherwise it would be lost without a word.
"#,
};

/// Line `line` of `file` is none; `what` says what it has instead.
pub fn no_conversation(file: &str, line: u64, what: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no conversation"))
        .because(what.to_string())
        .help("records need `messages` (role, content), `conversations` (from, value), or `instruction` and `output`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_conversation("x.jsonl", 3, "The record has `text`.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
