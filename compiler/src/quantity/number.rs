//! Exact rational numbers of bounded size.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Largest size of a numerator or denominator: far beyond any experiment, far below what takes time.
const MAX_BITS: u64 = 4096;

/// Largest power of ten that a literal may have.
const MAX_EXPONENT: i64 = 300;

/// Longest literal, in characters.
const MAX_DIGITS: usize = 200;

/// Reads `6e-4`, `2.49`, `50304` exactly; `None` if it is no such number or larger than 1e300.
pub fn parse(digits: &str) -> Option<BigRational> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let value: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let exponent = exponent.checked_sub(fraction.len() as i64)?;
    let power = ten_to(exponent.checked_abs().filter(|e| *e <= MAX_EXPONENT)?);
    Some(if exponent >= 0 { BigRational::from(value * power) } else { BigRational::new(value, power) })
}

/// Ten to a small power.
pub fn ten_to(exponent: i64) -> BigInt {
    BigInt::from(10).pow(exponent.clamp(0, MAX_EXPONENT) as u32)
}

/// The number itself, if its size is within bounds.
pub fn bounded(value: BigRational) -> Option<BigRational> {
    (value.numer().bits() <= MAX_BITS && value.denom().bits() <= MAX_BITS).then_some(value)
}

/// A whole power, if the result is within bounds.
pub fn power(base: &BigRational, exponent: i64) -> Option<BigRational> {
    if exponent < 0 && base.is_zero() {
        return None;
    }
    let bits = base.numer().bits().max(base.denom().bits()).max(1);
    let trivial = base.is_zero() || base.is_one() || exponent == 0;
    if !trivial && bits.checked_mul(exponent.unsigned_abs())? > MAX_BITS {
        return None;
    }
    if trivial {
        return Some(if exponent == 0 { BigRational::one() } else { base.clone() });
    }
    bounded(base.pow(i32::try_from(exponent).ok()?))
}

/// The nearest double.
pub fn to_f64(value: &BigRational) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

/// The number if it is whole and fits.
pub fn to_u64(value: &BigRational) -> Option<u64> {
    if value.is_integer() { value.to_integer().to_u64() } else { None }
}

/// The number if it is whole and fits.
pub fn to_i64(value: &BigRational) -> Option<i64> {
    if value.is_integer() { value.to_integer().to_i64() } else { None }
}

/// For people: whole numbers with underscores, others with up to six significant digits.
pub fn display(value: &BigRational) -> String {
    if value.is_integer() && value.numer().bits() < 70 {
        return group(&value.to_integer().to_string());
    }
    let number = to_f64(value);
    let size = value.abs();
    let large = size >= BigRational::from(ten_to(15));
    let small = size < BigRational::new(BigInt::one(), ten_to(4));
    if large || small { scientific(number) } else { trim(&format!("{number:.*}", decimals(number))) }
}

/// Decimals that show six significant digits.
fn decimals(number: f64) -> usize {
    let before = number.abs().log10().floor() as i64 + 1;
    (6 - before).clamp(0, 9) as usize
}

fn scientific(number: f64) -> String {
    let text = format!("{number:.5e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trim(mantissa)),
        None => text,
    }
}

/// Without zeros at the end of the fraction.
fn trim(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text.to_string()
    }
}

/// `50304` as `50_304`; four digits stay together.
fn group(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |d| ("-", d));
    if digits.len() <= 4 {
        return format!("{sign}{digits}");
    }
    let mut out = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigRational {
        parse(text).unwrap()
    }

    #[test]
    fn literals_are_exact() {
        assert_eq!(number("0.1") + number("0.2"), number("0.3"));
        assert_eq!(number("6e-4"), number("0.0006"));
        assert_eq!(to_f64(&number("6e-4")), 6e-4);
        assert_eq!(to_f64(&number("0.95")), 0.95);
        assert_eq!(to_f64(&number("1.2e-3")), 1.2e-3);
    }

    #[test]
    fn absurd_sizes_are_refused_quickly() {
        assert_eq!(parse("1e999999"), None);
        assert_eq!(parse("1e-999999"), None);
        assert_eq!(parse("1e99999999999999999999"), None);
        assert_eq!(parse(&"9".repeat(10_000)), None);
        assert_eq!(power(&number("10"), 10_000_000_000), None);
        assert_eq!(power(&number("1"), 10_000_000_000), Some(number("1")));
        assert_eq!(power(&number("0"), -1), None);
    }

    #[test]
    fn numbers_print_for_people() {
        let shown = |text| display(&number(text));
        assert_eq!(shown("124439808"), "124_439_808");
        assert_eq!(shown("1024"), "1024");
        assert_eq!(shown("0.333333333"), "0.333333");
        assert_eq!(shown("6e-5"), "6e-5");
        assert_eq!(shown("2.50"), "2.5");
        assert_eq!(shown("-50304"), "-50_304");
        assert_eq!(shown("1e40"), "1e40");
    }
}
