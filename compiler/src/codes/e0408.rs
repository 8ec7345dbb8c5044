//! E0408: a metric that nothing computes.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0408");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a metric that nothing computes",
    page: r#"Early stopping watches a metric of the stage's evaluation. Without an evaluation, or with another metric, there is nothing to watch.

```exp wrong
stage pretrain = base with { stop = { patience = 3 evaluations } }
```

```exp right
stage pretrain = base with {
  evaluate = { every = 10 steps, on = corpus.validation }
  stop = { patience = 3 evaluations }
}
```
"#,
};

/// Early stopping without an evaluation.
pub fn nothing_evaluated(metric: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("nothing computes the `{metric}` that early stopping watches"))
        .at(span, "this stage never evaluates")
        .help("add `evaluate = { every = …, on = … }` to the stage, or remove `stop`")
}

/// Early stopping watches another metric than the evaluation computes.
pub fn other_metric(watched: &str, computed: &str, span: Span, evaluate: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("nothing computes the `{watched}` that early stopping watches"))
        .at(span, "watched")
        .also(evaluate, format!("computes `{computed}`"))
        .help(format!("write `metric = {computed}` in `stop`"))
}
