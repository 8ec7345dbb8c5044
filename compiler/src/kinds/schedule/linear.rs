//! A straight line from the peak to the floor.

use super::{FLOOR, ScheduleType, WARMUP};
use crate::schema::Type;
use regimen_base::schedule::Decay;

/// The schedule.
pub static LINEAR: ScheduleType = ScheduleType { schema: &TYPE, decay: Decay::Linear };

static TYPE: Type =
    Type { name: "linear", doc: "A straight line from the peak to the floor.", fields: &[WARMUP, FLOOR] };
