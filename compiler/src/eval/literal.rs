//! Numbers as written become exact quantities.

use super::{Evaluator, Stop};
use crate::codes;
use crate::quantity::{Dimension, Quantity, Shown, number, units};
use num_bigint::BigInt;
use num_rational::BigRational;
use regimen_base::Span;
use regimen_grammar::ast::{Number, Spanned};

impl Evaluator<'_> {
    /// `80 GiB`, `10B tokens`, `$2.49/gpu/h`, `2%`, `6e-4`.
    pub(super) fn literal(&self, written: &Number, span: Span) -> Result<Quantity, Stop> {
        let Some(value) = number::parse(&written.digits) else {
            return Err(self.report(codes::e0308::too_large(span)));
        };
        let scale = self.scale(written);
        let unit = self.unit(written, span)?;
        let countable = written.dollar || unit.as_ref().is_some_and(|u| u.countable);
        if let Some(letter) = &written.scale
            && !countable
        {
            return Err(self.report(codes::e0302::scale_without_unit(letter, unit.is_some(), span)));
        }
        let factor = unit.as_ref().map_or_else(|| BigRational::from(BigInt::from(1)), |u| u.factor.clone());
        let shown = unit.as_ref().map(|u| Shown {
            unit: u.text.clone(),
            factor: u.factor.clone(),
            dollar: written.dollar,
        });
        let dimension = unit.map_or(Dimension::NONE, |u| u.dimension);
        let Some(value) = number::bounded(value * scale * factor) else {
            return Err(self.report(codes::e0308::too_large(span)));
        };
        Ok(Quantity { value, dimension, shown })
    }

    fn scale(&self, written: &Number) -> BigInt {
        let letter = written.scale.as_ref().map(|s| s.node);
        let factor = units::SCALES.iter().find(|(l, _)| Some(*l) == letter).map_or(1, |(_, f)| *f);
        BigInt::from(factor)
    }

    fn unit(&self, written: &Number, span: Span) -> Result<Option<Unit>, Stop> {
        let text = written.unit.as_ref().map_or("", |u| u.node.as_str());
        let at = written.unit.as_ref().map_or(span, |u| u.span);
        if written.dollar {
            return self.dollars(text, at).map(Some);
        }
        match text {
            "" => Ok(None),
            "%" => Ok(Some(Unit {
                text: "%".into(),
                factor: BigRational::new(BigInt::from(1), BigInt::from(100)),
                dimension: Dimension::NONE,
                countable: false,
            })),
            text => {
                let unit = self.compound(text, at)?;
                Ok(Some(Unit {
                    text: text.to_string(),
                    factor: unit.factor,
                    dimension: unit.dimension,
                    countable: unit.countable,
                }))
            }
        }
    }

    /// What follows a dollar amount: nothing, or `/gpu/h`.
    fn dollars(&self, text: &str, at: Span) -> Result<Unit, Stop> {
        let below = format!("dollars{text}");
        let unit = self.compound(&below, at)?;
        Ok(Unit { text: text.to_string(), factor: unit.factor, dimension: unit.dimension, countable: true })
    }

    fn compound(&self, text: &str, at: Span) -> Result<units::Compound, Stop> {
        units::compound(text).map_err(|part| {
            let place = at_part(text, &part, at);
            self.report(codes::e0301::unknown_unit(&Spanned { node: part, span: place }))
        })
    }
}

struct Unit {
    text: String,
    factor: BigRational,
    dimension: Dimension,
    countable: bool,
}

/// The place of one part of a unit, if the text stands there as it is.
fn at_part(text: &str, part: &str, at: Span) -> Span {
    match text.find(part) {
        Some(offset) if text.len() == at.range().len() => {
            Span::new(at.file, at.start as usize + offset, at.start as usize + offset + part.len())
        }
        _ => at,
    }
}
