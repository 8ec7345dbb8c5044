//! Numbers with dimensions: exact, bounded, and shown in the unit in which they were written.

pub mod dimension;
pub mod number;
pub mod units;

pub use dimension::Dimension;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// A number of something.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// In base units: bytes, seconds, dollars, …
    pub value: BigRational,
    /// What it counts.
    pub dimension: Dimension,
    /// How its author wrote it; only for display.
    pub shown: Option<Shown>,
}

/// A unit for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// `GiB`, `tokens/param`, `%`; after a dollar sign `/gpu/h` or nothing.
    pub unit: String,
    /// Its size in base units.
    pub factor: BigRational,
    /// Whether a dollar sign stands before the number.
    pub dollar: bool,
}

impl PartialEq for Quantity {
    /// Equal if the same number of the same thing, however written.
    fn eq(&self, other: &Quantity) -> bool {
        self.value == other.value && self.dimension == other.dimension
    }
}

/// Why an operation on quantities has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The operands measure different things.
    Dimensions,
    /// Division by zero.
    Zero,
    /// The result is larger than any number we keep.
    Size,
    /// The exponent is not a whole plain number.
    Exponent,
}

impl Quantity {
    /// A pure number.
    pub fn plain(value: BigRational) -> Quantity {
        Quantity { value, dimension: Dimension::NONE, shown: None }
    }

    /// A count in base units.
    pub fn count(value: u64, dimension: Dimension) -> Quantity {
        Quantity { value: BigRational::from(BigInt::from(value)), dimension, shown: None }
    }

    /// A measured number in base units; `None` if it is not finite.
    pub fn measured(value: f64, dimension: Dimension) -> Option<Quantity> {
        Some(Quantity { value: BigRational::from_float(value)?, dimension, shown: None })
    }

    /// The nearest double, in base units.
    pub fn f64(&self) -> f64 {
        number::to_f64(&self.value)
    }

    /// The value if it is a whole number of base units.
    pub fn u64(&self) -> Option<u64> {
        number::to_u64(&self.value)
    }

    /// The smallest whole number not below, if it fits.
    pub fn ceil_u64(&self) -> Option<u64> {
        self.value.ceil().to_integer().to_u64()
    }

    /// Sum; both must measure the same.
    pub fn add(&self, other: &Quantity) -> Result<Quantity, Failure> {
        self.alike(other)?.with(&self.value + &other.value, self.dimension)
    }

    /// Difference; both must measure the same.
    pub fn subtract(&self, other: &Quantity) -> Result<Quantity, Failure> {
        self.alike(other)?.with(&self.value - &other.value, self.dimension)
    }

    /// Product.
    pub fn multiply(&self, other: &Quantity) -> Result<Quantity, Failure> {
        let dimension = self.dimension.times(other.dimension).ok_or(Failure::Size)?;
        self.unit_after(other).with(&self.value * &other.value, dimension)
    }

    /// Quotient.
    pub fn divide(&self, other: &Quantity) -> Result<Quantity, Failure> {
        if other.value.is_zero() {
            return Err(Failure::Zero);
        }
        let dimension = self.dimension.over(other.dimension).ok_or(Failure::Size)?;
        let base = if other.dimension.is_none() { self.clone() } else { Quantity::plain(BigRational::one()) };
        base.with(&self.value / &other.value, dimension)
    }

    /// Power with a whole exponent.
    pub fn power(&self, exponent: &Quantity) -> Result<Quantity, Failure> {
        if !exponent.dimension.is_none() {
            return Err(Failure::Exponent);
        }
        if !exponent.value.is_integer() {
            return Err(Failure::Exponent);
        }
        if exponent.value.is_negative() && self.value.is_zero() {
            return Err(Failure::Zero);
        }
        let exponent = number::to_i64(&exponent.value).ok_or(Failure::Size)?;
        let value = number::power(&self.value, exponent).ok_or(Failure::Size)?;
        let dimension = self.dimension.power(exponent).ok_or(Failure::Size)?;
        Ok(Quantity { value, dimension, shown: None })
    }

    /// The same with another value.
    pub fn map(&self, change: impl FnOnce(&BigRational) -> BigRational) -> Quantity {
        Quantity { value: change(&self.value), dimension: self.dimension, shown: self.shown.clone() }
    }

    /// Rounds in the unit in which the number was written: `ceil(1.5 GiB)` is 2 GiB.
    pub fn round(&self, how: impl FnOnce(&BigRational) -> BigRational) -> Quantity {
        let factor = self
            .shown
            .as_ref()
            .filter(|s| !s.factor.is_zero())
            .map_or_else(BigRational::one, |s| s.factor.clone());
        self.map(|value| how(&(value / &factor)) * &factor)
    }

    fn alike(&self, other: &Quantity) -> Result<Quantity, Failure> {
        if self.dimension == other.dimension { Ok(self.clone()) } else { Err(Failure::Dimensions) }
    }

    /// Multiplying by a plain number keeps the other's unit.
    fn unit_after(&self, other: &Quantity) -> Quantity {
        match (self.dimension.is_none(), other.dimension.is_none()) {
            (_, true) => self.clone(),
            (true, false) => other.clone(),
            (false, false) => Quantity::plain(BigRational::one()),
        }
    }

    fn with(self, value: BigRational, dimension: Dimension) -> Result<Quantity, Failure> {
        let value = number::bounded(value).ok_or(Failure::Size)?;
        let kept = self.dimension == dimension;
        Ok(Quantity { value, dimension, shown: if kept { self.shown } else { None } })
    }
}

impl std::fmt::Display for Quantity {
    /// In the author's unit, else in base units: `76 GiB`, `$2.49/gpu/h`, `2%`, `124_439_808 params`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.shown {
            Some(shown) if !shown.factor.is_zero() => {
                let number = number::display(&(&self.value / &shown.factor));
                match (shown.dollar, shown.unit.as_str()) {
                    (true, unit) => write!(f, "${number}{unit}"),
                    (false, "%") => write!(f, "{number}%"),
                    (false, unit) => write!(f, "{number} {unit}"),
                }
            }
            _ if self.dimension.is_none() => f.write_str(&number::display(&self.value)),
            _ if self.dimension == Dimension::DOLLARS => write!(f, "${}", number::display(&self.value)),
            _ => write!(f, "{} {}", number::display(&self.value), self.dimension),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(value: &str, unit: &str) -> Quantity {
        let compound = units::compound(unit).unwrap();
        let shown = Shown { unit: unit.into(), factor: compound.factor.clone(), dollar: false };
        let value = number::parse(value).unwrap() * compound.factor;
        Quantity { value, dimension: compound.dimension, shown: Some(shown) }
    }

    fn plain(value: &str) -> Quantity {
        Quantity::plain(number::parse(value).unwrap())
    }

    #[test]
    fn chinchilla_is_tokens() {
        let tokens = quantity("20", "tokens/param").multiply(&quantity("124439808", "params")).unwrap();
        assert_eq!(tokens.dimension, Dimension::TOKENS);
        assert_eq!(tokens.to_string(), "2_488_796_160 tokens");
    }

    #[test]
    fn sums_need_the_same_dimension() {
        assert_eq!(quantity("1", "tokens").add(&quantity("1", "steps")).unwrap_err(), Failure::Dimensions);
        let sum = quantity("1", "GiB").add(&quantity("512", "MiB")).unwrap();
        assert_eq!(sum.to_string(), "1.5 GiB");
    }

    #[test]
    fn energy_is_power_times_time() {
        let energy = quantity("700", "W").multiply(&quantity("2", "h")).unwrap();
        assert_eq!(energy, quantity("1.4", "kWh"));
    }

    #[test]
    fn plain_factors_keep_the_unit() {
        assert_eq!(plain("2").multiply(&quantity("30", "min")).unwrap().to_string(), "60 min");
        assert_eq!(quantity("30", "min").divide(&plain("4")).unwrap().to_string(), "7.5 min");
    }

    #[test]
    fn rounding_is_in_the_written_unit() {
        assert_eq!(quantity("1.5", "GiB").round(BigRational::ceil).to_string(), "2 GiB");
    }

    #[test]
    fn failures_are_named() {
        assert_eq!(plain("1").divide(&plain("0")).unwrap_err(), Failure::Zero);
        assert_eq!(plain("10").power(&plain("1e10")).unwrap_err(), Failure::Size);
        assert_eq!(plain("2").power(&plain("0.5")).unwrap_err(), Failure::Exponent);
        assert_eq!(plain("0").power(&plain("-1")).unwrap_err(), Failure::Zero);
    }

    proptest::proptest! {
        #[test]
        fn addition_commutes_and_subtraction_undoes_it(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            let (a, b) = (plain(&a.to_string()), plain(&b.to_string()));
            proptest::prop_assert_eq!(a.add(&b), b.add(&a));
            proptest::prop_assert_eq!(a.add(&b).unwrap().subtract(&b).unwrap(), a);
        }

        #[test]
        fn division_undoes_multiplication(a in 1u64..1_000_000, b in 1u64..1_000_000) {
            let a = quantity(&a.to_string(), "tokens/param");
            let b = quantity(&b.to_string(), "params");
            proptest::prop_assert_eq!(a.multiply(&b).unwrap().divide(&b).unwrap(), a);
        }
    }
}
