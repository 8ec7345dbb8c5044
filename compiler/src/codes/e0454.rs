//! E0454: conversations where text is needed, or text where conversations are.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0454");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "conversations where text is needed, or text where conversations are",
    page: r#"A stage `supervised` trains on conversations, a dataset of the type `chats`: only they say which part an assistant is to say. All other
stages, tokenizers and mixes read running text.

```exp wrong
stage sft : supervised {
  on = box, model = gpt2, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data talks : chats { files = "talks/*.jsonl", chat_template = zephyr }
stage sft : supervised {
  on = box, model = gpt2, data = talks, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-5 }
}
```
"#,
};

/// A stage of this kind cannot read the dataset.
pub fn stage(kind: &str, data: &str, conversations: bool, at: Span, declared: Span) -> Diagnostic {
    let (has, help) = match conversations {
        true => ("conversations", "make the stage one of type `supervised`, or choose a dataset of text"),
        false => ("text", "declare the data as `chats`, or make the stage one of type `causal_lm`"),
    };
    Diagnostic::error(CODE, format!("a stage `{kind}` cannot train on `{data}`, which holds {has}"))
        .at(at, "the data of this stage")
        .also(declared, format!("{has}, by its type"))
        .help(help)
}

/// Something else that reads text: `what` says what.
pub fn reader(what: &str, data: &str, at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("{what} cannot read `{data}`, which holds conversations"))
        .at(at, "needs text")
        .also(declared, "conversations, by its type")
        .help("name a dataset of text")
}
