//! E0301: unknown unit.

use super::suggest;
use crate::quantity::units;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0301");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown unit",
    page: r#"What stands after a number must be a unit of the table in the language reference. Single letters such as `m` or `G` are not
units: nobody could tell minutes from millions.

```exp wrong
let memory = 80 Gib
```

```exp right
let memory = 80 GiB
```
"#,
};

/// A word after a number that is no unit.
pub fn unknown_unit(word: &Ident) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(CODE, format!("unknown unit `{}`", word.node)).at(word.span, "not a unit");
    let ambiguous = match word.node.as_str() {
        "m" => Some(
            "`m` could be minutes (`min`) or a million (`M` directly after the digits, before a countable unit)",
        ),
        "G" | "g" => Some(
            "`G` alone says no unit: write `GB`, `GiB` or `GFLOP`; a billion is `B` before a countable unit",
        ),
        "K" => Some("a thousand is `k`, directly after the digits and before a countable unit"),
        "b" | "B" => Some(
            "bytes are written `bytes`; a billion is `B` directly after the digits, before a countable unit",
        ),
        "M" | "k" | "T" => {
            Some("a scale letter stands directly after the digits, before a countable unit: `10M tokens`")
        }
        "x" | "X" => Some("multiplication is written `*`"),
        "second" | "seconds" | "sec" => Some("seconds are written `s`"),
        "minute" | "minutes" | "mins" => Some("minutes are written `min`"),
        "hour" | "hours" | "hr" | "hrs" => Some("hours are written `h`"),
        "day" | "days" => Some("days are written `d`"),
        "pair" | "pairs" | "example" | "examples" | "record" | "records" => {
            Some("what a batch holds is counted in `samples`")
        }
        "dollar" | "dollars" | "USD" | "usd" | "EUR" | "eur" | "€" => {
            Some("money is in dollars, written before the number: `$5`")
        }
        _ => None,
    };
    match ambiguous {
        Some(help) => diagnostic.help(help),
        None => suggest(diagnostic, word, &units::names().collect::<Vec<_>>()),
    }
}
