//! E0204: unknown word.

use super::suggest;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0204");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown word",
    page: r#"Some fields take one of a few words, and this is none of them. It is not taken for the default: a misspelt choice
that silently means something else is found only after the run.

```exp wrong
stage pretrain = base with { precision = fp16 }
```

```exp right
stage pretrain = base with { precision = bf16 }
```
"#,
};

/// A word that its field does not take.
pub fn unknown_word(word: &Ident, words: &[&str], field: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(CODE, format!("`{}` is no value of `{field}`", word.node))
        .at(word.span, "unknown word");
    suggest(diagnostic, word, words)
}
