//! E0203: unknown field.

use super::suggest;
use crate::schema::Type;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0203");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown field",
    page: r#"Every field is known to the schema; a name that is not would have no effect. Misspelt keys that other tools drop
without a word are the most common way to train something else than intended.

```exp wrong
stage pretrain = base with { micro_bach = 4 }
```

```exp right
stage pretrain = base with { micro_batch = 4 }
```
"#,
};

/// A field that its block does not have.
pub fn unknown_field(name: &Ident, ty: &Type, typed: bool) -> Diagnostic {
    let names: Vec<&str> = ty.fields.iter().map(|f| f.name).collect();
    let owner = if typed { format!("`{}`", ty.name) } else { format!("`{}` block", ty.name) };
    let diagnostic = Diagnostic::error(CODE, format!("unknown field `{}`", name.node))
        .at(name.span, format!("not a field of {owner}"));
    if names.is_empty() {
        return diagnostic.help(format!("remove it: {owner} has no fields"));
    }
    suggest(diagnostic, name, &names)
}
