//! Unicode normalisation, line ends, control characters.

use super::StepType;
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::cleaning::{Form, Normalise, Step};

/// The step.
pub static NORMALISE: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        let form = match fields.word("form")? {
            "none" => Form::None,
            "nfkc" => Form::Nfkc,
            _ => Form::Nfc,
        };
        let (line_ends, controls) = (fields.bool("line_ends")?, fields.bool("controls")?);
        Ok(Step::Normalise(Normalise { form, line_ends, controls }))
    },
};

static TYPE: Type = Type {
    name: "normalise",
    doc: "Writes equal characters in equal ways. Drops nothing.",
    fields: &[
        Field::with("form", Ty::Words(FORMS), "nfc", "Normalisation form (UAX 15)."),
        Field::with("line_ends", Ty::Bool, "true", "Whether `\\r\\n` and `\\r` become `\\n`."),
        Field::with(
            "controls",
            Ty::Bool,
            "true",
            "Whether control characters other than tab and line feed, byte order marks and zero-width spaces are removed.",
        ),
    ],
};

const FORMS: &[Word] = &[
    Word { name: "none", doc: "as it is" },
    Word { name: "nfc", doc: "composed" },
    Word { name: "nfkc", doc: "composed, and look-alikes such as `ﬁ` and `①` replaced" },
];
