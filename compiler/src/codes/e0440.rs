//! E0440: a mix with steps of its own inside another mix.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0440");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a mix with steps of its own inside another mix",
    page: r#"Sources of a mix inside a mix become sources of the outer one, side by side with the others. Steps of the inner mix would
then apply to documents that are no longer told apart. Steps of single sources, and of the outermost mix, are clear.

```exp wrong
data a : text { files = "a.txt" }
data b : text { files = "b.txt" }
data inner : mix { sources = { a = 50%, b = 50% }, clean = [exact {}] }
data outer : mix { sources = { inner = 100% } }
```

```exp right
data a : text { files = "a.txt" }
data b : text { files = "b.txt" }
data inner : mix { sources = { a = 50%, b = 50% } }
data outer : mix { sources = { inner = 100% }, clean = [exact {}] }
```
"#,
};

/// The part `inner` is a mix and has steps.
pub fn steps_inside(inner: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the mix `{inner}` has steps of its own and is part of another mix"))
        .at(at, "part of a mix")
        .because("Its sources stand side by side with the others of the outer mix; its steps have nothing to apply to.")
        .help("move its `clean` to the outer mix, or to its sources")
}
