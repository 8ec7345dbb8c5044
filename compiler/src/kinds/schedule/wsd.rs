//! Warmup, stable, decay: the peak, then a straight line to the floor over the last steps.

use super::{FLOOR, LENGTH, ScheduleType, WARMUP};
use crate::schema::{Field, Type};
use regimen_base::schedule::Decay;

/// The schedule.
pub static WSD: ScheduleType = ScheduleType { schema: &TYPE, decay: Decay::Wsd };

static TYPE: Type = Type {
    name: "wsd",
    doc: "Warmup, stable, decay: stays at the peak, then a straight line to the floor.",
    fields: &[
        WARMUP,
        FLOOR,
        Field::with(
            "cooldown",
            LENGTH,
            "20%",
            "Length of the final decay, as a share of the run or in steps.",
        ),
    ],
};
