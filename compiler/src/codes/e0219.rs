//! E0219: a part that does not exist.

use super::suggest;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0219");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a part that does not exist",
    page: r#"What stands after a dot is a field of the declaration, something computed from it (`gpt2.params`, `pretrain.tokens`), a part
of a dataset (`corpus.validation`) or a checkpoint (`pretrain.best`).

```exp wrong
let size = gpt2.parms
```

```exp right
let size = gpt2.params
```
"#,
};

/// A member that the thing before the dot does not have.
pub fn no_member(name: &Ident, owner: &str, names: &[String]) -> Diagnostic {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let diagnostic =
        Diagnostic::error(CODE, format!("{owner} has no `{}`", name.node)).at(name.span, "unknown");
    if names.is_empty() {
        diagnostic.help(format!("remove `.{}`", name.node))
    } else {
        suggest(diagnostic, name, &names)
    }
}

/// A field without value.
pub fn not_set(name: &Ident, owner: &str) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` of `{owner}` is not set", name.node))
        .at(name.span, "has no value and no default")
        .help(format!("set `{}` there, or do not use it here", name.node))
}
