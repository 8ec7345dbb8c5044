//! Language identification.

use super::{SHARE, StepType};
use crate::schema::{Field, Ty, Type};
use regimen_base::cleaning::{Language, Step};

/// The step.
pub static LANGUAGE: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        let (is, confidence) = (fields.texts("is")?, fields.f64("confidence")?);
        Ok(Step::Language(Language { is, confidence }))
    },
};

static TYPE: Type = Type {
    name: "language",
    doc: "Keeps documents in certain languages.",
    fields: &[
        Field::required(
            "is",
            Ty::List { of: &Ty::Text, min: 1, max: 100 },
            "ISO 639-1 codes such as `\"en\"`; one, or a list.",
        ),
        Field::with(
            "confidence",
            SHARE,
            "0.65",
            "Lowest confidence of the identification, between 0 and 1; 0.65 is what FineWeb asks for.",
        ),
    ],
};
