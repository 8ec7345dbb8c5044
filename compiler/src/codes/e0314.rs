//! E0314: shares that are not 100 % together.

use crate::quantity::{Quantity, number};
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0314");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "shares that are not 100 % together",
    page: r#"Shares of a mix and of a split say how a whole is divided. If they are more or less than the whole, one of them is wrong, and
which one only the author knows.

```exp wrong
data halves : text { files = "a.txt", split = { train = 90%, validation = 20% } }
```

```exp right
data halves : text { files = "a.txt", split = { train = 90%, validation = 10% } }
```
"#,
};

/// Shares with another sum.
pub fn wrong_sum(field: &str, owner: &str, sum: &Quantity, parts: &[(String, Span)]) -> Diagnostic {
    let percent = number::display(&(&sum.value * num_rational::BigRational::from(number::ten_to(2))));
    let mut diagnostic =
        Diagnostic::error(CODE, format!("`{field}` of `{owner}` is {percent} % together, not 100 %"));
    for (i, (text, span)) in parts.iter().take(8).enumerate() {
        diagnostic =
            if i == 0 { diagnostic.at(*span, text.clone()) } else { diagnostic.also(*span, text.clone()) };
    }
    diagnostic.help("change the shares so that their sum is 100 %")
}
