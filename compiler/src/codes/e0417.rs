//! E0417: a goal against the metric.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0417");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a goal against the metric",
    page: r#"The loss is better when it is smaller. Maximising it would keep the worst checkpoint as `best` and stop a run that improves.

```exp wrong
stage pretrain = base with {
  evaluate = { every = 10 steps, on = corpus.validation }
  stop = { goal = maximise, patience = 3 evaluations }
}
```

```exp right
stage pretrain = base with {
  evaluate = { every = 10 steps, on = corpus.validation }
  stop = { goal = minimise, patience = 3 evaluations }
}
```
"#,
};

/// The wrong direction.
pub fn goal(metric: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{metric}` is better when it is smaller"))
        .at(span, "would keep the worst checkpoint")
        .help("write `goal = minimise`")
        .fix("write `minimise`", span, "minimise")
}
