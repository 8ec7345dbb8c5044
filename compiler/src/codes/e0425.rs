//! E0425: a sample without a prompt.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0425");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a sample without a prompt",
    page: r#"A text is generated token by token, each from those before it. So there must be at least one token to begin with.

```exp wrong
stage pretrain = base with { sample = { prompt = "", tokens = 50 } }
```

```exp right
stage pretrain = base with { sample = { prompt = "The ", tokens = 50 } }
```
"#,
};

/// The prompt is empty.
pub fn empty_prompt(span: Span) -> Diagnostic {
    Diagnostic::error(CODE, "a text cannot be generated from an empty prompt")
        .at(span, "no character to begin with")
        .help("write how the text begins, such as `prompt = \"The \"`")
}
