//! E0419: a checkpoint that no stage produces.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0419");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a checkpoint that no stage produces",
    page: r#"`stage.best` exists if the stage evaluates; `stage.last` always. A stage of an imported file is not run, so it leaves nothing behind.

```exp wrong
stage later = base with { from = base.best }
```

```exp right
stage later = base with { from = base.last }
```
"#,
};

/// `best` of a stage that never evaluates.
pub fn no_best(stage: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{stage}` has no best checkpoint: it never evaluates"))
        .at(span, "not produced")
        .also(declared, "no `evaluate`")
        .help(format!("write `{stage}.last`, or add `evaluate` to `{stage}`"))
}

/// A stage that does not run.
pub fn not_run(stage: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{stage}` does not run here, so it leaves no checkpoint"))
        .at(span, "not produced")
        .also(declared, "declared in an imported file")
        .help("derive a stage of this file from it, and name that one")
}
