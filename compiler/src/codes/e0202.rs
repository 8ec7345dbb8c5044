//! E0202: unknown type.

use super::suggest;
use crate::schema::Kind;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0202");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown type",
    page: r#"What stands after the colon must be a type of that kind: an architecture for a `model`, a stage type for a `stage`,
an entry of the hardware catalogue for `hardware`. Your own hardware goes into a file that the declaration names
with `file = "my_cards.toml"`.

```exp wrong
model small : gtp { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```
"#,
};

/// What stands after the colon is no type of the kind.
pub fn unknown_type(kind: &Kind, word: &Ident) -> Diagnostic {
    let names: Vec<&str> = kind.type_list().iter().map(|t| t.name).collect();
    unknown(kind.name, word, &names)
}

/// What stands after the colon is no hardware.
pub fn unknown_hardware<'a>(word: &Ident, names: impl Iterator<Item = &'a str>) -> Diagnostic {
    unknown("hardware", word, &names.collect::<Vec<_>>()).because(
        "Hardware of your own goes into a TOML file in the form of the catalogue; name it with `file`.",
    )
}

fn unknown(kind: &str, word: &Ident, names: &[&str]) -> Diagnostic {
    let title = format!("there is no {kind} type `{}`", word.node);
    suggest(Diagnostic::error(CODE, title).at(word.span, "unknown type"), word, names)
}
