//! E0593: a chat template that does not show which part of a conversation is whose.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0593` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0593"),
    title: "a chat template that does not show which part of a conversation is whose",
    page: r#"Only what the assistant says is a label, so it must be known exactly where that stands in the rendered text. For each turn of the
assistant, the conversation before it is rendered with the prompt for an answer, as when the model generates, and once more up to the turn's end. The
first must be how the second begins, and the second how the whole conversation begins: what lies between is the answer. Every message must occur
once.

Some templates write earlier turns otherwise once later ones follow (they drop reasoning, or put the system's message into the last question).
Which tokens would count cannot be told then, and is not guessed.

**Fix.** Mark in a copy of the template what the assistant writes, its end included, and use that file:

```
{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}
```
"#,
};

/// The template treats messages in a way that hides where they stand.
pub fn content(why: &str) -> Diagnostic {
    refused("the chat template hides where messages stand".to_string(), why)
}

/// The same of one turn, counted from 0.
pub fn turn(turn: usize, why: &str) -> Diagnostic {
    refused(format!("the chat template does not show where message {} stands", turn + 1), why)
}

fn refused(title: String, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, title).because(format!("In this conversation {why}.")).help(
        "mark what the assistant writes with `{% generation %}` in a copy of the template: `chat_template = \"file.jinja\"`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_from_one() {
        assert!(turn(0, "x").title.contains("message 1"));
        assert_eq!(content("x").code, PAGE.code);
    }
}
