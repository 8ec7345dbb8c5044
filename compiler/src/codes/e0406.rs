//! E0406: an unusual learning rate.

use crate::quantity::Quantity;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0406");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an unusual learning rate",
    page: r#"A warning. AdamW with a learning rate above 0.1 diverges in all cases that we know; `3` is usually a forgotten `e-4`.
Stochastic gradient descent bears larger ones, up to about 10.

```exp wrong
stage pretrain = base with { optimizer = adamw { lr = 3 } }
```

```exp right
stage pretrain = base with { optimizer = adamw { lr = 3e-4 } }
```
"#,
};

/// A learning rate far above what trains.
pub fn learning_rate(lr: &Quantity, optimizer: &str, limit: f64, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("a learning rate of {lr} is far above what {optimizer} bears"))
        .at(span, format!("above {limit}"))
        .because("Nothing forbids it, but training will almost certainly diverge.")
        .help(format!("did you mean `{lr}e-4`?"))
}
