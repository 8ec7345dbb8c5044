//! E0418: a checkpoint of another model.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0418");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a checkpoint of another model",
    page: r#"A stage can only go on from weights of the same architecture, sizes and tokenizer.

```exp wrong
model wide = gpt2 with { hidden = 128 }
stage later = base with { model = wide, from = base.last }
```

```exp right
stage later = base with { from = base.last }
```
"#,
};

/// `from` names a stage whose model differs.
pub fn other_model(
    own: &str,
    other: &str,
    stage: &str,
    what: &str,
    span: Span,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(CODE, format!("a checkpoint of `{stage}` does not fit `{own}`: {what}"))
        .at(span, format!("weights of `{other}`"))
        .also(declared, format!("trains `{own}`"))
        .help(format!("train `{other}` here, or begin without `from`"))
}
