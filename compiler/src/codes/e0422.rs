//! E0422: decimal or binary bytes.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0422");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "decimal or binary bytes",
    page: r#"A note. `80 GB` is 80,000,000,000 bytes, `80 GiB` is 85,899,345,920. Card makers print "GB" and mean GiB; a limit written in the
smaller unit wastes 7 % of the card.

```exp wrong
budget base { memory <= 8 GB }
```

```exp right
budget base { memory <= 7.5 GiB }
```
"#,
};

/// A limit in GB just below what the device has in GiB.
pub fn bytes(written: &str, device: f64, span: Span) -> Diagnostic {
    let gib = device / (1u64 << 30) as f64;
    Diagnostic::note(CODE, format!("`{written}` is less than the device's {gib:.1} GiB"))
        .at(span, "decimal bytes")
        .because("1 GB is 1,000,000,000 bytes; 1 GiB is 1,073,741,824.")
        .help("write GiB if the size printed on the card is meant")
}
