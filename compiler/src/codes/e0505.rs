//! E0505: too little text.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0505");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "too little text",
    page: r#"A sample needs one token more than its length, because the next token is the label. The part does not hold a single one.

```exp wrong
data tiny : text { files = "tiny.txt", split = { train = 50%, validation = 50% } }
stage pretrain = base with { data = tiny, duration = 1 epochs }
```

```exp right
stage pretrain = base with { duration = 1 epochs }
```
"#,
};

/// A part shorter than one sample.
pub fn too_little_text(part: &str, tokens: u64, sequence: u64, span: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("the part `{part}` has {tokens} tokens, and one sample needs {}", sequence.saturating_add(1)),
    )
    .at(span, "no sample fits")
    .help("shorten `sequence`, give the part a larger share, or add text")
}
