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
    let (wanted, bound) = if min == max {
        (format!("{min}"), min)
    } else if found < min {
        (format!("at least {min}"), min)
    } else {
        (format!("at most {max}"), max)
    };
    let plural = |n: usize| if n == 1 { "element" } else { "elements" };
    Diagnostic::error(CODE, format!("this list needs {wanted} {} and has {found}", plural(bound)))
        .at(span, format!("{found} {}", plural(found)))
        .help(format!("give it {wanted} {}", plural(bound)))
}
