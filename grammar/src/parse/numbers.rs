//! Numbers: digits, scale and unit.

use super::{Builder, Pair, Rule};
use crate::ast::{Number, Spanned};
use crate::codes;
use regimen_base::Span;

impl<'t> Builder<'t> {
    pub(super) fn number(&mut self, pair: Pair<'t>) -> Number {
        let mut number = Number { digits: String::new(), dollar: false, scale: None, unit: None };
        for child in pair.into_inner() {
            let span = self.span(&child);
            match child.as_rule() {
                Rule::dollar => number.dollar = true,
                Rule::digits => number.digits = self.digits(child.as_str(), span),
                Rule::scale | Rule::dollar_scale => {
                    number.scale = child.as_str().chars().next().map(|node| Spanned { node, span });
                }
                _ => number.unit = Some(Spanned { node: child.as_str().to_owned(), span }),
            }
        }
        number
    }

    /// The digits without underscores; malformed ones are reported and read as what was probably meant.
    fn digits(&mut self, written: &str, span: Span) -> String {
        let tidy = tidy(written);
        if !is_well_formed(written) {
            self.report(codes::e0108::malformed_number(span, written, &tidy));
        }
        tidy.replace('_', "")
    }
}

/// `1_000.5e-3`: underscores between digits only, at most one point, digits on both sides of it.
fn is_well_formed(written: &str) -> bool {
    let is_digits = |part: &str| {
        part.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
    };
    let (mantissa, exponent) = split_exponent(written);
    let exponent_holds = exponent.is_none_or(|e| is_digits(e.trim_start_matches(['+', '-'])));
    exponent_holds && mantissa.splitn(2, '.').all(is_digits)
}

fn split_exponent(written: &str) -> (&str, Option<&str>) {
    match written.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (written, None),
    }
}

/// A well-formed number near what was written; the same if it is well-formed.
fn tidy(written: &str) -> String {
    let (mantissa, exponent) = split_exponent(written);
    let parts: Vec<&str> = mantissa.split('.').collect();
    let whole = match tidy_digits(parts.first().copied().unwrap_or("")) {
        digits if digits.is_empty() => "0".to_owned(),
        digits => digits,
    };
    // 1.234.567 groups thousands; 1.2.3 is anybody's guess.
    let groups = parts.len() > 2 && parts[1..].iter().all(|p| p.len() == 3);
    let fraction = parts.get(1).map(|p| tidy_digits(p)).filter(|p| !p.is_empty());
    let mut text = match (groups, fraction) {
        (true, _) => format!("{whole}_{}", parts[1..].join("_")),
        (false, Some(fraction)) => format!("{whole}.{fraction}"),
        (false, None) => whole,
    };
    if let Some(exponent) = exponent {
        let sign = if exponent.starts_with('-') { "-" } else { "" };
        let digits: String =
            exponent.chars().take_while(|c| *c != '.').filter(char::is_ascii_digit).collect();
        text.push_str(&format!("e{sign}{digits}"));
    }
    text
}

fn tidy_digits(part: &str) -> String {
    part.split('_').filter(|group| !group.is_empty()).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_numbers_stay() {
        for number in ["0", "50_304", "6e-4", "2.49", "1_0.2_5E1_0"] {
            assert!(is_well_formed(number), "{number}");
        }
        assert_eq!(tidy("50_304.5e-4"), "50_304.5e-4");
    }

    #[test]
    fn malformed_numbers_are_tidied() {
        for (wrong, right) in [
            ("1__0", "1_0"),
            ("1_", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1.2.3", "1.2"),
            ("1.234.567", "1_234_567"),
            ("1e5.2", "1e5"),
        ] {
            assert!(!is_well_formed(wrong), "{wrong}");
            assert_eq!(tidy(wrong), right);
            assert!(is_well_formed(right));
        }
    }
}
