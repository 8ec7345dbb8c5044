//! Half a cosine from the peak to the floor.

use super::{FLOOR, ScheduleType, WARMUP};
use crate::schema::Type;
use regimen_base::schedule::Decay;

/// The schedule.
pub static COSINE: ScheduleType = ScheduleType { schema: &TYPE, decay: Decay::Cosine };

static TYPE: Type =
    Type { name: "cosine", doc: "Half a cosine from the peak to the floor.", fields: &[WARMUP, FLOOR] };
