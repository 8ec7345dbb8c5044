//! E0405: a floor above the peak.

use crate::quantity::Quantity;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0405");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a floor above the peak",
    page: r#"The floor is the lowest learning rate, as a share of the peak. Above 100 % the schedule would rise where it should fall.

```exp wrong
stage pretrain = base with { schedule = cosine { floor = 150% } }
```

```exp right
stage pretrain = base with { schedule = cosine { floor = 10% } }
```
"#,
};

/// `floor` exceeds the peak.
pub fn floor(floor: &Quantity, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("a floor of {floor} is above the peak"))
        .at(span, "more than 100 %")
        .because("`floor` is a share of the peak learning rate, not a learning rate.")
        .help("write a share, such as `floor = 10%`")
        .fix("write `10%`", span, "10%")
}
