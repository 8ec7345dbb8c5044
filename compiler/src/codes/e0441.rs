//! E0441: a cleaning step that can find nothing.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0441");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a cleaning step that can find nothing",
    page: r#"The order of steps is the order in which they are written. A step after another one that has already done its work finds
nothing: the same step twice, or exact deduplication after near-duplicates of the same kind were dropped. Normalising texts after
duplicates were dropped leaves those that only normalisation makes equal.

```exp wrong
data web : text { files = "a.txt", clean = [minhash {}, exact {}] }
```

```exp right
data web : text { files = "a.txt", clean = [exact {}, minhash {}] }
```
"#,
};

/// `later` comes too late: `earlier` has done its work.
pub fn finds_nothing(later: &str, earlier: &str, at: Span, before: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("`{later}` finds nothing that `{earlier}` left"))
        .at(at, "comes too late")
        .also(before, "has done its work")
        .help(format!("put `{later}` first, where it saves work, or leave it out"))
}

/// The same step twice.
pub fn twice(step: &str, at: Span, before: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("`{step}` is done twice with the same settings"))
        .at(at, "again")
        .also(before, "first")
        .help("leave one of them out")
}

/// Texts are made equal after equal texts were looked for.
pub fn normalised_late(earlier: &str, at: Span, before: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("`normalise` comes after `{earlier}`, which compared texts"))
        .at(at, "makes texts equal")
        .also(before, "looked for equal ones")
        .because("Documents that only differ in how equal characters are written were both kept.")
        .help("put `normalise` first")
}
