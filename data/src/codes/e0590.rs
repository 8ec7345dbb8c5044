//! E0590: a chat template that cannot be used.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0590` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0590"),
    title: "a chat template that cannot be used",
    page: r#"A chat template is a Jinja text that turns the messages of a conversation into what a model is tuned on. Hugging Face keeps it beside the
tokenizer, in `tokenizer_config.json` (`chat_template`) or in `chat_template.jinja`. A base model has none, nor has a tokenizer that is trained
here; the template itself may also refuse messages, such as two of one role in a row or a system's.

A dataset of conversations takes the tokenizer's template, one that is known by name, or a file:

```
data talks : chats { files = "talks.jsonl", chat_template = chatml }
data talks : chats { files = "talks.jsonl", chat_template = "my_template.jinja" }
```

`regimen generate --chat` takes it from the model's folder, where runs and `export` leave the one that was trained with, or from where
`--template` says, a folder, a file or a name:

```
regimen generate runs/tuned/sft --chat --template zephyr --prompt "Hello"
```
"#,
};

/// `what` names the template or where it was looked for.
pub fn refused(what: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("{what}: {why}")).help(
        "name the model's template, a file or a known one such as `chatml`: `chat_template = …` of the data, `--template` of `generate --chat`",
    )
}

/// A tokenizer that brings none.
pub fn none(tokenizer: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the tokenizer `{tokenizer}` has no chat template"))
        .help("name one that fits its special tokens: `chat_template = chatml`, or a file: `chat_template = \"template.jinja\"`")
}

/// A text that has nothing to do with the messages.
pub fn unheard() -> Diagnostic {
    Diagnostic::error(PAGE.code, "the chat template does not write what is said")
        .because("A chat template writes the contents of `messages`; this one leaves the last of them out.")
        .help("name a folder or file that holds the model's template: `--template`")
}

/// Records of messages, and nothing to render them with.
pub fn needed() -> Diagnostic {
    Diagnostic::error(PAGE.code, "records hold messages, and the tokenizer has no chat template")
        .because("Messages become text by a chat template.")
        .help("name one that fits the tokenizer's special tokens: `chat_template = chatml`, or a file: `chat_template = \"template.jinja\"`")
}

/// A template, and records of text.
pub fn nothing_to_render() -> Diagnostic {
    Diagnostic::error(PAGE.code, "a chat template is declared, and records hold text")
        .because("A template renders messages; texts are taken as they are.")
        .help("leave out `chat_template`, or write prompt and answers as lists of messages")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_was_looked_at() {
        assert!(refused("a.jinja", "cut off").title.starts_with("a.jinja: cut"));
        assert!(none("words").title.contains("`words`"));
    }
}
