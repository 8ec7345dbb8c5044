//! E0443: data decontaminated against themselves.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0443");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "data decontaminated against themselves",
    page: r#"`decontaminate` drops documents that share text with evaluation data. A dataset shares all of its text with itself, so
that nothing would be left. Give the files of the evaluation.

```exp wrong
data web : text { files = "a.txt" }
data clean : mix { sources = { web = 100% }, clean = [decontaminate { against = web }] }
```

```exp right
data web : text { files = "a.txt" }
data exam : text { files = "exam.txt" }
data clean : mix { sources = { web = 100% }, clean = [decontaminate { against = exam }] }
```
"#,
};

/// The evaluation data `against` are among the data that are cleaned.
pub fn against_itself(data: &str, against: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{data}` is decontaminated against itself: `{against}` is part of it"))
        .at(at, "part of what is cleaned")
        .because("Every document shares its text with itself; none would be left.")
        .help("name the data of an evaluation that are not trained on")
}
