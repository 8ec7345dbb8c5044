//! E0311: a list of the wrong length.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0311");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a list of the wrong length",
    page: r#"The field takes a fixed number of values, or at least one.

```exp wrong
stage pretrain = base with { optimizer = adamw { lr = 1e-3, betas = [0.9] } }
```

```exp right
stage pretrain = base with { optimizer = adamw { lr = 1e-3, betas = [0.9, 0.95] } }
```
"#,
};

/// Too few or too many elements.
pub fn wrong_length(min: usize, max: usize, found: usize, span: Span) -> Diagnostic {
    let wanted = if min == max {
        format!("{min}")
    } else if found < min {
        format!("at least {min}")
    } else {
        format!("at most {max}")
    };
    Diagnostic::error(CODE, format!("this list needs {wanted} elements and has {found}"))
        .at(span, format!("{found} elements"))
        .help(format!("give it {wanted} elements"))
}
