//! E0454: data without running text where text is needed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0454");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "data without running text where text is needed",
    page: r#"Tokenizers read running text, and mixes that or conversations; preferences and feedback are records with parts of their own.

```exp wrong
data talks : chats { files = "talks/*.jsonl", chat_template = zephyr }
tokenizer heard : bpe { train_on = talks, vocab = 512 }
```

```exp right
data novels : text { files = "novels/*.txt" }
tokenizer read : bpe { train_on = novels, vocab = 512 }
```
"#,
};

/// Something else that reads text: `what` says what.
pub fn reader(what: &str, data: &str, holds: &str, at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("{what} cannot read `{data}`, which holds {holds}"))
        .at(at, "needs text")
        .also(declared, format!("{holds}, by its type"))
        .help("name a dataset of text")
}
