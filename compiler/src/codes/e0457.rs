//! E0457: the end of a turn is no label.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0457");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "the end of a turn is no label",
    page: r#"A model stops because it has learned to write the token that ends its turn. Where the chat template leaves that token out of what is
marked with `{% generation %}`, every curve looks healthy, and the tuned model never stops. A small conversation was rendered, and its ends
are no labels.

```exp wrong
data endless : chats { files = "talks.jsonl", chat_template = "templates/endless.jinja" }
stage sft : supervised {
  on = box, model = gpt2, data = endless, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data talks : chats { files = "talks.jsonl", chat_template = "templates/ending.jinja" }
stage sft : supervised {
  on = box, model = gpt2, data = talks, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

**Fix.** Let the tag enclose the end: `{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}`.
"#,
};

/// The token `end` after what the assistant says is not learned.
pub fn masked(data: &str, end: &str, at: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("with the chat template of `{data}`, `{end}` is no label: the model would never stop"),
    )
    .at(at, "rendered here")
    .because("A model ends its turn because it has learned to write the token that does.")
    .help(format!("let `{{% generation %}}` enclose `{end}` as well"))
}
