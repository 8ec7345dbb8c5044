//! The peak times the root of warmup/step, not below the floor.

use super::{FLOOR, ScheduleType, WARMUP};
use crate::schema::Type;
use regimen_base::schedule::Decay;

/// The schedule.
pub static INVERSE_SQRT: ScheduleType = ScheduleType { schema: &TYPE, decay: Decay::InverseSqrt };

static TYPE: Type = Type {
    name: "inverse_sqrt",
    doc: "The peak times the root of warmup/step, not below the floor.",
    fields: &[WARMUP, FLOOR],
};
