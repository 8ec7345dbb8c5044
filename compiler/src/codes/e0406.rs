//! E0406: an unusual learning rate.

use crate::quantity::{Quantity, number};
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0406");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an unusual learning rate",
    page: r#"A warning. AdamW with a learning rate above 0.1 diverges in all cases that we know; `3` is usually a forgotten `e-4`.
Stochastic gradient descent bears larger ones, up to about 10.

```exp wrong
stage pretrain = base with { optimizer = adamw { lr = 3 } }
```

```exp right
stage pretrain = base with { optimizer = adamw { lr = 3e-4 } }
```
"#,
};

/// A learning rate far above what trains.
pub fn learning_rate(lr: &Quantity, optimizer: &str, limit: f64, written: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("a learning rate of {lr} is far above what {optimizer} bears"))
        .at(span, format!("above {limit}"))
        .because("Nothing forbids it, but training will almost certainly diverge.")
        .help(match plausible(lr, optimizer, written) {
            Some(rate) => format!("did you mean `{rate}`?"),
            None => format!("write a smaller rate; {optimizer} mostly trains with one {}", usual(optimizer)),
        })
}

/// Where most rates lie.
fn usual(optimizer: &str) -> &'static str {
    if optimizer == "sgd" { "between 1e-3 and 1" } else { "between 1e-5 and 1e-2" }
}

/// The same digits with an exponent that trains, if what is written is nothing but a number.
fn plausible(lr: &Quantity, optimizer: &str, written: &str) -> Option<String> {
    number::parse(&written.replace('_', ""))?;
    let digits = format!("{:e}", lr.f64());
    let (mantissa, _) = digits.split_once('e')?;
    // More digits are no rate that somebody chose.
    (mantissa.len() <= 5).then(|| format!("{mantissa}e-{}", if optimizer == "sgd" { 2 } else { 4 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggestion_keeps_the_digits_and_trains() {
        let help = |written: &str, optimizer| {
            let value = number::parse(written).unwrap_or_else(|| number::parse("0.4").unwrap());
            let span = Span::new(regimen_base::FileId(0), 0, 0);
            learning_rate(&Quantity::plain(value), optimizer, 0.1, written, span).help.unwrap()
        };
        assert_eq!(help("3", "adamw"), "did you mean `3e-4`?");
        assert_eq!(help("1e60", "adamw"), "did you mean `1e-4`?");
        assert_eq!(help("1e3", "adamw"), "did you mean `1e-4`?");
        assert_eq!(help("25", "sgd"), "did you mean `2.5e-2`?");
        assert!(help("0.1 + 0.3", "adamw").contains("between 1e-5 and 1e-2"));
    }
}
