//! E0501: a file that cannot be read.

use crate::world::WorldError;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0501");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a file that cannot be read",
    page: r#"The file is not there, is not text, or must not be read.

```exp wrong
hardware mine : my_card { file = "cards.toml" }
```

```exp right
hardware mine : my_card { file = "lib/cards.toml" }
```
"#,
};

/// The experiment itself.
pub fn root_unreadable(path: &str, error: &WorldError) -> Diagnostic {
    Diagnostic::error(CODE, format!("cannot read `{path}`: {error}"))
        .help("name an experiment file, such as `experiment.exp`")
}

/// A file that a declaration names.
pub fn unreadable(path: &str, error: &WorldError, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("cannot read `{path}`: {error}"))
        .at(span, "this file")
        .because("Paths are relative to the folder of the file that names them.")
        .help("correct the path, or create the file")
}
