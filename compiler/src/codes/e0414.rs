//! E0414: a precision that the hardware lacks.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0414");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a precision that the hardware lacks",
    page: r#"The device has no units for bfloat16; it would be emulated, slower than f32 and with its own rounding.

```exp wrong
hardware old : v100_sxm_32gb {}
stage pretrain = base with { on = old, precision = bf16 }
```

```exp right
hardware new : a100_sxm_40gb {}
stage pretrain = base with { on = new, precision = bf16 }
```
"#,
};

/// bf16 on a device without bf16.
pub fn precision(hardware: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{hardware}` has no bf16"))
        .at(span, "not supported by the device")
        .also(declared, "the device")
        .help("write `precision = f32`")
        .fix("write `f32`", span, "f32")
}
