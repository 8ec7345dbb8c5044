//! Exact deduplication.

use super::{LEVEL, StepType, level};
use crate::schema::Type;
use regimen_base::cleaning::{Exact, Step};

/// The step.
pub static EXACT: StepType =
    StepType { schema: &TYPE, read: |_, fields| Ok(Step::Exact(Exact { level: level(fields)? })) };

static TYPE: Type = Type {
    name: "exact",
    doc: "Drops what is equal, byte for byte, to something before it; the first one stays.",
    fields: &[LEVEL],
};
