//! E0210: an import that cannot be read.

use crate::world::WorldError;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0210");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an import that cannot be read",
    page: r#"The imported file is not there, is not text, or must not be read. Paths are relative to the importing file's folder.

```exp wrong
import "lib/labb.exp" as lab
```

```exp right
import "lib/lab.exp" as lab
```
"#,
};

/// The file of an import cannot be read.
pub fn import_unreadable(path: &str, error: &WorldError, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("cannot import `{path}`: {error}"))
        .at(span, "this file")
        .because("Paths are relative to the folder of the importing file.")
        .help("correct the path, or create the file")
}
