//! Stays at the peak.

use super::{ScheduleType, WARMUP};
use crate::schema::Type;
use regimen_base::schedule::Decay;

/// The schedule.
pub static CONSTANT: ScheduleType = ScheduleType { schema: &TYPE, decay: Decay::Constant };

static TYPE: Type = Type { name: "constant", doc: "Stays at the peak.", fields: &[WARMUP] };
