//! E0456: conversations without a label.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0456");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "conversations without a label",
    page: r#"Before anything is trained, a small conversation is rendered with the chat template, and nothing in it turned out to be a label. The loss
would be zero at every step, and the model would learn nothing while everything seems to run.

A template may mark what the assistant writes with `{% generation %}`. One whose tags enclose nothing, or the wrong branch, gives no labels.

```exp wrong
data unmarked : chats { files = "talks.jsonl", chat_template = "templates/unmarked.jinja" }
stage sft : supervised {
  on = box, model = gpt2, data = unmarked, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data talks : chats { files = "talks.jsonl", chat_template = "templates/marked.jinja" }
stage sft : supervised {
  on = box, model = gpt2, data = talks, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```
"#,
};

/// Of the turns of `role`, nothing is a label.
pub fn nothing(data: &str, role: &str, tokens: u64, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("with the chat template of `{data}`, nothing that the {role} says is a label"))
        .at(at, "rendered here")
        .because(format!("A conversation of {tokens} tokens was rendered to see."))
        .help("enclose what the assistant writes with `{% generation %}` and `{% endgeneration %}`, or leave the tags out")
}
