//! E0211: files that import each other.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0211");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "files that import each other",
    page: r#"Imports in a circle have no meaning that everybody would agree on, and they hide which file defines what.

```exp wrong
import "lib/round.exp" as round
```

```exp right
import "lib/lab.exp" as lab
```
"#,
};

/// Files in a circle, the first at both ends.
pub fn import_cycle(files: &[&str], span: Span) -> Diagnostic {
    let shown = if files.len() > 12 {
        format!("{} → … → {}", files[..8].join(" → "), files[files.len() - 2..].join(" → "))
    } else {
        files.join(" → ")
    };
    Diagnostic::error(CODE, format!("files import each other: {shown}"))
        .at(span, "this import closes the circle")
        .help("move what both need into a third file")
}
