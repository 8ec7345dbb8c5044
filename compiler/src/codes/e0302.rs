//! E0302: a scale without a countable unit.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Spanned;

/// The code.
pub const CODE: Code = Code("E0302");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a scale without a countable unit",
    page: r#"`k`, `M`, `B` and `T` scale things that are counted: tokens, params, steps, dollars. Alone (`10M`) they would leave open
of what; before a measured unit (`10M s`) the unit has its own prefixes.

```exp wrong
let budget_tokens = 10M
```

```exp right
let budget_tokens = 10M tokens
```
"#,
};

/// A scale letter with nothing countable after it.
pub fn scale_without_unit(letter: &Spanned<char>, has_unit: bool, span: Span) -> Diagnostic {
    let letter = letter.node;
    let diagnostic =
        Diagnostic::error(CODE, format!("`{letter}` scales a countable unit, and there is none here"));
    if has_unit {
        return diagnostic
            .at(span, "this unit is measured, not counted")
            .help("use the unit's own prefix, such as `GB`, `TFLOP` or `ms`, or write the number out");
    }
    diagnostic.at(span, "of what?").help(format!(
        "say what is counted, such as `10{letter} tokens`; a plain number is written out or as `1e6`"
    ))
}
