//! What a numeric field accepts: units, whole numbers, ranges.

use crate::quantity::{Dimension, Quantity, number};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

/// What a numeric field accepts.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// What it may count; the first is what a bare number means.
    pub units: &'static [Dimension],
    /// Whether a number without a unit is accepted although it counts something.
    pub bare: bool,
    /// Whether it must be whole (in base units).
    pub whole: bool,
    /// Smallest value.
    pub min: Bound,
    /// Largest value.
    pub max: Bound,
}

/// One end of a range, in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// None.
    Open,
    /// This value or beyond.
    At(u64),
    /// Strictly beyond this value.
    Beyond(u64),
}

/// What is counted one by one, and so is kept in 64 bits.
const COUNTED: &[Dimension] = &[
    Dimension::BYTES,
    Dimension::BYTES.per(Dimension::GPUS),
    Dimension::TOKENS,
    Dimension::SEQUENCES,
    Dimension::SAMPLES,
    Dimension::STEPS,
    Dimension::EVALUATIONS,
    Dimension::GPUS,
    Dimension::NODES,
];

impl Number {
    /// A number of one of these.
    pub const fn of(units: &'static [Dimension]) -> Number {
        Number { units, bare: false, whole: false, min: Bound::At(0), max: Bound::Open }
    }

    /// A plain number, not negative.
    pub const fn plain() -> Number {
        Number::of(&[Dimension::NONE])
    }

    /// A count of at least `min`; bare numbers count as the unit.
    pub const fn count(units: &'static [Dimension], min: u64) -> Number {
        Number { units, bare: true, whole: true, min: Bound::At(min), max: Bound::Open }
    }

    /// Between nothing and all: `10%`.
    pub const fn share() -> Number {
        Number::plain().up_to(Bound::At(1))
    }

    /// Only whole numbers.
    pub const fn whole(self) -> Number {
        Number { whole: true, ..self }
    }

    /// With another lower end.
    pub const fn from(self, min: Bound) -> Number {
        Number { min, ..self }
    }

    /// With another upper end.
    pub const fn up_to(self, max: Bound) -> Number {
        Number { max, ..self }
    }

    /// Whether a value in base units lies in the range.
    pub fn contains(&self, value: &BigRational) -> bool {
        let edge = |n: u64| BigRational::from(BigInt::from(n));
        let low = match self.min {
            Bound::Open => true,
            Bound::At(n) => *value >= edge(n),
            Bound::Beyond(n) => *value > edge(n),
        };
        let high = match self.max {
            Bound::Open => true,
            Bound::At(n) => *value <= edge(n),
            Bound::Beyond(n) => *value < edge(n),
        };
        low && high
    }

    /// Whether a value is still the same, and still in the range, as what the field becomes: counts are 64-bit integers, all else is
    /// doubles, and what has no unit meets f32 sooner or later. Whatever passes here can be converted, so that no field is lost without
    /// a word.
    pub fn keeps(&self, quantity: &Quantity) -> bool {
        if self.counts(quantity) {
            return quantity.ceil_u64().is_some();
        }
        let rounded = if Number::single(quantity) {
            BigRational::from_float(quantity.f64() as f32)
        } else {
            BigRational::from_float(quantity.f64())
        };
        let lost = |rounded: &BigRational| rounded.is_zero() && !quantity.value.is_zero();
        rounded.is_some_and(|rounded| self.contains(&rounded) && !lost(&rounded))
    }

    /// Whether a value that is not counted is used as an f32: rates, deviations and shares are; seconds, bytes a second and dollars are
    /// not.
    pub fn single(quantity: &Quantity) -> bool {
        quantity.dimension.is_none()
    }

    /// Whether a value becomes a 64-bit integer.
    pub fn counts(&self, quantity: &Quantity) -> bool {
        self.whole || COUNTED.contains(&quantity.dimension)
    }

    /// `at least 1`, `above 0 and at most 100 %`; `None` for any number.
    pub fn range(&self) -> Option<String> {
        let shown = |n: u64| number::display(&BigRational::from(BigInt::from(n)));
        let low = match self.min {
            Bound::Open => None,
            Bound::At(n) => Some(format!("at least {}", shown(n))),
            Bound::Beyond(n) => Some(format!("above {}", shown(n))),
        };
        let high = match self.max {
            Bound::Open => None,
            Bound::At(n) => Some(format!("at most {}", shown(n))),
            Bound::Beyond(n) => Some(format!("below {}", shown(n))),
        };
        match (low, high) {
            (Some(low), Some(high)) => Some(format!("{low} and {high}")),
            (one, other) => one.or(other),
        }
    }

    /// What is expected, for messages.
    pub fn expectation(&self) -> String {
        let units: Vec<String> = self.units.iter().map(ToString::to_string).collect();
        let what = match self.units {
            [one] if one.is_none() => {
                if self.whole {
                    "a whole number".into()
                } else {
                    "a number".into()
                }
            }
            _ => {
                format!("a number of {}", units.join(" or ").replace("a plain number", "1 (a share, `10%`)"))
            }
        };
        if self.bare && !self.units.contains(&Dimension::NONE) {
            format!("{what} (the unit may be left out)")
        } else {
            what
        }
    }
}
