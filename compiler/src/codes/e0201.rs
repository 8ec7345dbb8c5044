//! E0201: unknown kind of declaration.

use super::suggest;
use crate::kinds;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0201");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown kind of declaration",
    page: r#"The first word of a declaration says what it declares, and this word is none of the kinds. Nothing is guessed:
a declaration that is silently skipped is the worst kind of mistake, because the run starts without it.

```exp wrong
modle small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```
"#,
};

/// The first word of a declaration is no kind.
pub fn unknown_kind(word: &Ident) -> Diagnostic {
    let names = kinds::ALL.iter().flat_map(|k| std::iter::once(k.name).chain(k.alias)).collect::<Vec<_>>();
    let diagnostic = Diagnostic::error(CODE, format!("unknown kind of declaration `{}`", word.node))
        .at(word.span, "not a kind");
    suggest(diagnostic, word, &names)
}
