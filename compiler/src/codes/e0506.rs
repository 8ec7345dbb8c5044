//! E0506: a calibration that cannot be used.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0506");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a calibration that cannot be used",
    page: r#"A warning. What `regimen calibrate` stored for this hardware is not in its format; times are predicted from the data sheet instead.

```exp wrong
# calibration of `box`: broken
stage pretrain = base with { micro_batch = 4 }
```

```exp right
stage pretrain = base with { micro_batch = 4 }
```
"#,
};

/// What is wrong with the calibration.
pub fn calibration(hardware: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("the calibration of `{hardware}` cannot be used"))
        .at(span, "times follow the data sheet")
        .because(why.to_string())
        .help("run `regimen calibrate` again")
}
