//! E0458: no token ends a turn.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0458");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "no token ends a turn",
    page: r#"The chat template writes no special token after what the assistant says, or writes one that the tokenizer does not know: then it is only
letters, such as `<`, `|`, `im`, …, and generation has nothing to stop at. Typical is the template of a tuned model on the tokenizer of a base
model, or on one that was trained without the template's special tokens.

```exp wrong
data letters : chats { files = "talks.jsonl", chat_template = chatml }
stage sft : supervised {
  on = box, model = gpt2, data = letters, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data talks : chats { files = "talks.jsonl", chat_template = zephyr }
stage sft : supervised {
  on = box, model = gpt2, data = talks, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

**Fix.** A template that ends turns with a token that the tokenizer has: `zephyr` and `alpaca` take the one between documents, which every
tokenizer has. Or the tokenizer that the template was made for.
"#,
};

/// What the template of `data` writes after what the assistant says begins with `after`.
pub fn none(data: &str, after: &str, tokenizer: &str, at: Span) -> Diagnostic {
    let written = match after {
        "" => "It writes nothing after the last message.".to_owned(),
        after => format!("It writes {after:?}, in which `{tokenizer}` finds no special token."),
    };
    Diagnostic::error(CODE, format!("with the chat template of `{data}`, no token ends what the assistant says"))
        .at(at, "rendered here")
        .because(written)
        .help("take a template that ends turns with a token of the tokenizer, such as `chat_template = zephyr`, or the tokenizer that belongs to it")
}
