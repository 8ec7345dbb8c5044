//! E0415: more than one device.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0415");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "more than one device",
    page: r#"This version runs a stage on one device. A layout that it could not carry out is refused rather than ignored.

```exp wrong
stage pretrain = base with { parallel = { data = 8 } }
```

```exp right
stage pretrain = base with { parallel = { data = 1 } }
```
"#,
};

/// Hardware with several devices under a stage.
pub fn devices(count: u64, hardware: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{hardware}` has {count} devices, and a stage runs on one"))
        .at(span, "used here")
        .also(declared, format!("{count} devices"))
        .because("This version of Regimen runs on one device.")
        .help(format!("derive one device: `hardware one = {hardware} with {{ nodes = 1, gpus = 1 }}`"))
}

/// A parallel degree other than one.
pub fn degree(field: &str, found: u64, only: u64, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{field} = {found}` needs several devices"))
        .at(span, format!("only {only} is possible"))
        .because("This version of Regimen runs a stage on one device, so there is nothing to spread over.")
        .help(format!("write `{field} = {only}`"))
        .fix(format!("write {only}"), span, only.to_string())
}
