//! What a number counts: products of powers of the base dimensions.

use std::fmt;

/// Number of base dimensions.
const BASES: usize = 14;

/// Names of the base dimensions: one, many.
const NAMES: [(&str, &str); BASES] = [
    ("byte", "bytes"),
    ("FLOP", "FLOP"),
    ("param", "params"),
    ("token", "tokens"),
    ("sequence", "sequences"),
    ("sample", "samples"),
    ("step", "steps"),
    ("epoch", "epochs"),
    ("evaluation", "evaluations"),
    ("s", "s"),
    ("$", "$"),
    ("gpu", "gpus"),
    ("node", "nodes"),
    ("J", "J"),
];

/// Exponents of the base dimensions; all zero for a pure number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dimension([i8; BASES]);

impl Dimension {
    /// A pure number.
    pub const NONE: Dimension = Dimension([0; BASES]);
    /// Memory.
    pub const BYTES: Dimension = Dimension::base(0);
    /// Floating-point operations.
    pub const FLOP: Dimension = Dimension::base(1);
    /// Trainable numbers of a model.
    pub const PARAMS: Dimension = Dimension::base(2);
    /// Tokens of text.
    pub const TOKENS: Dimension = Dimension::base(3);
    /// Sequences of tokens, as a batch counts them.
    pub const SEQUENCES: Dimension = Dimension::base(4);
    /// Samples of a dataset.
    pub const SAMPLES: Dimension = Dimension::base(5);
    /// Optimizer steps.
    pub const STEPS: Dimension = Dimension::base(6);
    /// Passes over a dataset.
    pub const EPOCHS: Dimension = Dimension::base(7);
    /// Evaluations during a stage.
    pub const EVALUATIONS: Dimension = Dimension::base(8);
    /// Time.
    pub const SECONDS: Dimension = Dimension::base(9);
    /// Money.
    pub const DOLLARS: Dimension = Dimension::base(10);
    /// Devices.
    pub const GPUS: Dimension = Dimension::base(11);
    /// Machines.
    pub const NODES: Dimension = Dimension::base(12);
    /// Energy.
    pub const JOULES: Dimension = Dimension::base(13);
    /// Power: energy per time.
    pub const WATTS: Dimension = Dimension::JOULES.per(Dimension::SECONDS);

    const fn base(index: usize) -> Dimension {
        let mut exponents = [0; BASES];
        exponents[index] = 1;
        Dimension(exponents)
    }

    /// The quotient of two dimensions; for constants, whose exponents are small.
    pub const fn per(self, other: Dimension) -> Dimension {
        let mut exponents = self.0;
        let mut i = 0;
        while i < BASES {
            exponents[i] = exponents[i].saturating_sub(other.0[i]);
            i += 1;
        }
        Dimension(exponents)
    }

    /// Whether this is a pure number.
    pub fn is_none(self) -> bool {
        self == Dimension::NONE
    }

    /// The product, unless an exponent leaves the range that anybody could mean.
    pub fn times(self, other: Dimension) -> Option<Dimension> {
        self.combine(other, i8::checked_add)
    }

    /// The quotient, unless an exponent leaves the range that anybody could mean.
    pub fn over(self, other: Dimension) -> Option<Dimension> {
        self.combine(other, i8::checked_sub)
    }

    /// The power, unless an exponent leaves the range that anybody could mean.
    pub fn power(self, exponent: i64) -> Option<Dimension> {
        let mut exponents = [0; BASES];
        for (to, from) in exponents.iter_mut().zip(self.0) {
            *to = i8::try_from(i64::from(from).checked_mul(exponent)?).ok()?;
        }
        Some(Dimension(exponents))
    }

    fn combine(self, other: Dimension, with: fn(i8, i8) -> Option<i8>) -> Option<Dimension> {
        let mut exponents = [0; BASES];
        for (to, (a, b)) in exponents.iter_mut().zip(self.0.into_iter().zip(other.0)) {
            *to = with(a, b)?;
        }
        Some(Dimension(exponents))
    }

    /// `multiply by params` if that turns `self` into `wanted`; `None` if nothing so simple does.
    pub fn missing_factor(self, wanted: Dimension) -> Option<String> {
        let factor = wanted.over(self)?;
        let (up, down) = factor.parts();
        match (up.as_slice(), down.as_slice()) {
            ([], []) => None,
            (up, []) if up.len() <= 2 => Some(format!("multiply by {}", up.join(" and by "))),
            ([], down) if down.len() <= 2 => Some(format!("divide by {}", down.join(" and by "))),
            ([one], [other]) => Some(format!("multiply by a number of {one}/{other}")),
            _ => None,
        }
    }

    /// Names above and below the line, powers written out.
    fn parts(self) -> (Vec<String>, Vec<String>) {
        let named = |name: &str, power: i8| match power {
            1 => name.to_string(),
            n => format!("{name}^{n}"),
        };
        let exponents = || self.0.iter().zip(NAMES);
        let up = exponents().filter(|(e, _)| **e > 0).map(|(e, n)| named(n.1, *e)).collect();
        let down =
            exponents().filter(|(e, _)| **e < 0).map(|(e, n)| named(n.0, e.saturating_neg())).collect();
        (up, down)
    }
}

impl fmt::Display for Dimension {
    /// `tokens/param`, `FLOP/s`; `a plain number` without dimensions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (up, down) = self.parts();
        match (up.is_empty(), down.is_empty()) {
            (true, true) => f.write_str("a plain number"),
            (true, false) => write!(f, "1/{}", down.join("/")),
            (false, true) => f.write_str(&up.join("*")),
            (false, false) => write!(f, "{}/{}", up.join("*"), down.join("/")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_and_products_cancel() {
        let ratio = Dimension::TOKENS.per(Dimension::PARAMS);
        assert_eq!(ratio.times(Dimension::PARAMS), Some(Dimension::TOKENS));
        assert_eq!(ratio.to_string(), "tokens/param");
        assert_eq!(Dimension::WATTS.times(Dimension::SECONDS), Some(Dimension::JOULES));
    }

    #[test]
    fn the_missing_factor_is_named() {
        let ratio = Dimension::TOKENS.per(Dimension::PARAMS);
        assert_eq!(ratio.missing_factor(Dimension::TOKENS).as_deref(), Some("multiply by params"));
        let rate = Dimension::FLOP.per(Dimension::SECONDS);
        assert_eq!(Dimension::FLOP.missing_factor(rate).as_deref(), Some("divide by s"));
        assert_eq!(Dimension::FLOP.missing_factor(Dimension::FLOP), None);
    }

    #[test]
    fn exponents_are_bounded() {
        assert_eq!(Dimension::TOKENS.power(1000), None);
        assert_eq!(Dimension::TOKENS.power(2).map(|d| d.to_string()).as_deref(), Some("tokens^2"));
    }
}
