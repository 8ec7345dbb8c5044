//! E0206: the name of another kind of declaration.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Path;

/// The code.
pub const CODE: Code = Code("E0206");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "the name of another kind of declaration",
    page: r#"The name exists, but what it names does not fit here: a tokenizer where a model is needed, a derivation from another kind.

```exp wrong
stage pretrain = base with { model = words }
```

```exp right
stage pretrain = base with { model = gpt2 }
```
"#,
};

/// A name of something else.
pub fn wrong_kind(path: &Path, wanted: &str, found: &str, declared: Option<Span>) -> Diagnostic {
    let name = path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
    let diagnostic = Diagnostic::error(CODE, format!("`{name}` is not a {wanted}"))
        .at(path.span, format!("this is a {found}"))
        .help(format!("name a {wanted} here"));
    match declared {
        Some(span) => diagnostic.also(span, "declared here"),
        None => diagnostic,
    }
}
