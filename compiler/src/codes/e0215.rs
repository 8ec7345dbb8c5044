//! E0215: a declaration of the wrong form.

use crate::schema::{Field, Kind, Type, Types, listed};
use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0215");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a declaration of the wrong form",
    page: r#"Kinds with several types need one after the colon (`model name : gpt { … }`); kinds without types take none
(`budget name { … }`); only kinds with types can be derived (`model wide = gpt2 with { … }`).

```exp wrong
model small { layers = 2 }
```

```exp right
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```
"#,
};

/// A kind with types, none written.
pub fn type_missing(kind: &Kind, name: &Ident) -> Diagnostic {
    let names: Vec<&str> = match kind.types {
        Types::Hardware => crate::hardware::built_in().map(|e| e.name.as_str()).collect(),
        _ => kind.type_list().iter().map(|t| t.name).collect(),
    };
    let example = names.first().copied().unwrap_or("type");
    Diagnostic::error(CODE, format!("{} `{}` needs a type", kind.name, name.node))
        .at(name.span, "no type after this name")
        .because(format!("There are {}.", listed(names.iter().copied())))
        .help(format!("write `{} {} : {example} {{ … }}`", kind.name, name.node))
}

/// A type where the kind has none.
pub fn no_type_here(kind: &str, word: &Ident) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{kind}` takes no type"))
        .at(word.span, "a type is written here")
        .help(format!("remove `: {}`", word.node))
}

/// A derivation of a kind that has none.
pub fn cannot_derive(kind: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{kind}` cannot be derived"))
        .at(span, "a derivation")
        .help(format!("write `{kind} name {{ … }}`"))
}

/// Braces without the word that says which alternative they configure.
pub fn alternative_missing(field: &Field, types: &[&Type], span: Span) -> Diagnostic {
    let example = types.first().map_or("", |t| t.name);
    Diagnostic::error(CODE, format!("which `{}`?", field.name))
        .at(span, "no word before the brace")
        .because(format!("There are {}.", listed(types.iter().map(|t| t.name))))
        .help(format!("write `{} = {example} {{ … }}`", field.name))
}
