//! How the learning rate changes over a stage.

pub mod constant;
pub mod cosine;
pub mod inverse_sqrt;
pub mod linear;
pub mod wsd;

use crate::eval::{Fields, Stop};
use crate::quantity::{Dimension, Quantity};
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::schedule::{Decay, LearningRate};

/// A schedule.
#[derive(Debug)]
pub struct ScheduleType {
    /// Its fields; `warmup` is among them.
    pub schema: &'static Type,
    /// The shape after the warmup.
    pub decay: Decay,
}

/// The schedules, in the order of the language reference.
pub static ALL: &[&ScheduleType] =
    &[&constant::CONSTANT, &linear::LINEAR, &cosine::COSINE, &wsd::WSD, &inverse_sqrt::INVERSE_SQRT];

/// Field tables of all.
pub fn types() -> Vec<&'static Type> {
    ALL.iter().map(|s| s.schema).collect()
}

/// The schedule with this name.
pub fn find(name: &str) -> Option<&'static ScheduleType> {
    ALL.iter().copied().find(|s| s.schema.name == name)
}

/// The schedule in steps and absolute rates. Shares of the run are rounded up to whole steps.
pub fn read(fields: &Fields, peak: f64, steps: u64) -> Result<LearningRate, Stop> {
    let decay = fields.type_name.and_then(find).map_or(Decay::Constant, |s| s.decay);
    let span = |name| match fields.optional_quantity(name)? {
        None => Ok(0),
        Some(length) => Ok(in_steps(length, steps)),
    };
    let floor = fields.optional_quantity("floor")?.map_or(0.0, |f| f.f64() * peak);
    Ok(LearningRate { decay, peak, floor, warmup: span("warmup")?, cooldown: span("cooldown")?, steps })
}

/// A part of a run: `2%` of its steps, or steps as written. What no number can hold is more than any run has, and a rule says so.
pub fn in_steps(length: &Quantity, steps: u64) -> u64 {
    let in_steps = match length.dimension {
        Dimension::STEPS => length.ceil_u64(),
        _ => length.multiply(&Quantity::count(steps, Dimension::NONE)).ok().and_then(|q| q.ceil_u64()),
    };
    in_steps.unwrap_or(u64::MAX)
}

/// A part of the run, in steps or as a share.
const LENGTH: Ty = Ty::Number(Number::of(&[Dimension::NONE, Dimension::STEPS]));

const WARMUP: Field = Field::with(
    "warmup",
    LENGTH,
    "0%",
    "Rising straight to the peak, as a share of the run or in steps; step s of w has (s + 1)/w of the peak.",
);

const FLOOR: Field = Field::with(
    "floor",
    Ty::Number(Number::plain()),
    "0%",
    "Lowest learning rate after the warmup, as a share of the peak.",
);
