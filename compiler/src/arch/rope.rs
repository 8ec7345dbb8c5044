//! How far rotary positions turn from one token to the next, and how that is stretched for longer texts.
//!
//! The frequencies are rounded to f32 where other tools round them, so that a model from there computes the same here.

use crate::eval::{Fields, Stop};
use crate::schema::{Bound, Field, Number, Ty, Type};
use serde_json::{Value, json};
use std::f64::consts::TAU;

/// Rotary positions of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Base of the wavelengths.
    pub theta: f64,
    /// Stretching, if there is one.
    pub scaling: Option<Scaling>,
}

/// How angles are stretched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// All by the same factor (Chen et al., arXiv 2306.15595).
    #[allow(missing_docs)]
    Linear { factor: f64 },
    /// Only long wavelengths, with a slope between the two ends: Llama 3.1.
    #[allow(missing_docs)]
    Llama3 { factor: f64, low: f64, high: f64, original: u64 },
    /// The same idea by turns made within the original context, with warmer attention: YaRN (Peng et al., arXiv 2309.00071).
    #[allow(missing_docs)]
    Yarn { factor: f64, fast: f64, slow: f64, original: u64 },
}

/// Far beyond any model's factor or turns, and far from where f32 would lose the angles.
const MOST: u64 = 1_000_000;

const FACTOR: Field = Field::required(
    "factor",
    Ty::Number(Number::plain().from(Bound::At(1)).up_to(Bound::At(MOST))),
    "How many times longer than in training.",
);

const ORIGINAL: Field = Field::required("original", super::parts::CONTEXT, "Tokens that it saw in training.");

const fn positive(name: &'static str, default: &'static str, doc: &'static str) -> Field {
    let number = Number::plain().from(Bound::Beyond(0)).up_to(Bound::At(MOST));
    Field::with(name, Ty::Number(number), default, doc)
}

static LINEAR: Type = Type { name: "linear", doc: "All angles divided by the factor.", fields: &[FACTOR] };

static LLAMA3: Type = Type {
    name: "llama3",
    doc: "Llama 3.1: only angles with long wavelengths are divided by the factor.",
    fields: &[
        FACTOR,
        ORIGINAL,
        positive("low", "1", "Wavelengths above original / low are divided by the whole factor."),
        positive("high", "4", "Wavelengths below original / high stay as they are."),
    ],
};

static YARN: Type = Type {
    name: "yarn",
    doc: "YaRN: angles that turn often within the original context stay, the others are divided by the factor.",
    fields: &[
        FACTOR,
        ORIGINAL,
        positive("fast", "32", "Turns within the original context from which an angle stays."),
        positive("slow", "1", "Turns up to which it is divided by the whole factor."),
    ],
};

fn types() -> Vec<&'static Type> {
    vec![&LINEAR, &LLAMA3, &YARN]
}

/// The field with the base.
pub const THETA: Field = Field::with(
    "rope_theta",
    Ty::Number(Number::plain().from(Bound::Beyond(1)).up_to(Bound::At(1_000_000_000_000))),
    "10_000",
    "Base of the rotary positions' wavelengths.",
);

/// The field with the stretching.
pub const SCALING: Field = Field::optional(
    "rope_scaling",
    Ty::OneOf(types),
    "How rotary positions are stretched for texts longer than those of the training.",
);

impl Rope {
    /// From the fields of a model.
    ///
    /// # Errors
    /// If a field was reported.
    pub fn read(fields: &Fields) -> Result<Rope, Stop> {
        let scaling = fields.block("rope_scaling")?.map(Scaling::read).transpose()?;
        Ok(Rope { theta: fields.f64("rope_theta")?, scaling })
    }

    /// Angles from one position to the next for heads of so many dimensions: half as many, the fastest first.
    pub fn frequencies(&self, head: u64) -> Vec<f64> {
        let exponent = |i: u64| f64::from((2 * i) as f32 / head as f32);
        let plain = |i: u64| f64::from(1.0 / (self.theta.powf(exponent(i)) as f32));
        let all: Vec<f64> = (0..head / 2).map(plain).collect();
        match self.scaling {
            None => all,
            Some(scaling) => {
                all.iter().enumerate().map(|(i, f)| self.stretched(scaling, i, *f, head)).collect()
            }
        }
    }

    fn stretched(&self, scaling: Scaling, index: usize, frequency: f64, head: u64) -> f64 {
        let mixed = |share: f64, factor: f64| frequency * ((1.0 - share) / factor + share);
        let found = match scaling {
            Scaling::Linear { factor } => frequency / factor,
            Scaling::Llama3 { factor, low, high, original } => {
                let turns = original as f64 * frequency / TAU;
                mixed(((turns - low) / (high - low)).clamp(0.0, 1.0), factor)
            }
            Scaling::Yarn { factor, fast, slow, original } => {
                // The dimension whose angle makes so many turns within the original context.
                let at = |turns: f64| {
                    head as f64 * (original as f64 / (turns * TAU)).ln() / (2.0 * self.theta.ln())
                };
                let first = at(fast).floor().max(0.0);
                let last = at(slow).ceil().min(head as f64 - 1.0);
                let width = if last > first { last - first } else { 1e-3 };
                mixed(1.0 - ((index as f64 - first) / width).clamp(0.0, 1.0), factor)
            }
        };
        f64::from(found as f32)
    }

    /// What cosines and sines are multiplied by.
    pub fn factor(&self) -> f64 {
        match self.scaling {
            Some(Scaling::Yarn { factor, .. }) => 0.1 * factor.ln() + 1.0,
            _ => 1.0,
        }
    }

    /// `rope_scaling` of transformers' configurations.
    pub fn hf_scaling(&self) -> Value {
        match self.scaling {
            None => Value::Null,
            Some(Scaling::Linear { factor }) => json!({ "rope_type": "linear", "factor": factor }),
            Some(Scaling::Llama3 { factor, low, high, original }) => json!({
                "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
                "original_max_position_embeddings": original,
            }),
            Some(Scaling::Yarn { factor, fast, slow, original }) => json!({
                "rope_type": "yarn", "factor": factor, "beta_fast": fast, "beta_slow": slow,
                "original_max_position_embeddings": original,
            }),
        }
    }
}

impl Scaling {
    fn read(fields: &Fields) -> Result<Scaling, Stop> {
        let factor = fields.f64("factor")?;
        Ok(match fields.type_name {
            Some("llama3") => Scaling::Llama3 {
                factor,
                low: fields.f64("low")?,
                high: fields.f64("high")?,
                original: fields.u64("original")?,
            },
            Some("yarn") => Scaling::Yarn {
                factor,
                fast: fields.f64("fast")?,
                slow: fields.f64("slow")?,
                original: fields.u64("original")?,
            },
            _ => Scaling::Linear { factor },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Rope, Scaling};

    /// The values are transformers' (`ROPE_INIT_FUNCTIONS`), for heads of 8 dimensions.
    #[test]
    fn frequencies_are_those_of_transformers() {
        let check = |scaling, theta, expected: [f32; 4]| {
            let found = Rope { theta, scaling }.frequencies(8);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found / f64::from(expected) - 1.0).abs() < 2e-7,
                    "{found} for {expected}, {scaling:?}"
                );
            }
        };
        check(None, 10_000.0, [1.0, 0.1, 0.01, 0.001]);
        check(Some(Scaling::Linear { factor: 4.0 }), 10_000.0, [0.25, 0.025, 0.0025, 0.00025]);
    }
}
