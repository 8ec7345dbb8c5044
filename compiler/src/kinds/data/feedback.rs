//! Prompts with an answer that is good or not.

use super::{
    ANSWER_TEMPLATE, BROKEN, DataType, FILES, FOLD, FOLDS, MAX_LENGTH, NEAR_DUPLICATES, SPLIT, files,
    rendering,
};
use crate::schema::{Field, Ty, Type};
use regimen_base::data::{Feedback, Format};

/// The type.
pub static FEEDBACK: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let feedback = Feedback {
            prompt: fields.text("prompt")?,
            completion: fields.text("completion")?,
            label: fields.text("label")?,
            rendering: rendering(fields)?,
        };
        files(eval, object, fields, Format::Feedback(feedback))
    },
};

static TYPE: Type = Type {
    name: "feedback",
    doc: "Prompts, each with an answer and whether it is good (TRL's unpaired preferences), one JSON object a line: texts or lists of messages. Records with the same prompt belong to the same part.",
    fields: &[
        FILES,
        Field::with("prompt", Ty::Text, "\"prompt\"", "The field that holds the prompt."),
        Field::with("completion", Ty::Text, "\"completion\"", "The field that holds the answer."),
        Field::with(
            "label",
            Ty::Text,
            "\"label\"",
            "The field that says whether it is good: `true` or `false`, 1 or 0.",
        ),
        ANSWER_TEMPLATE,
        MAX_LENGTH,
        BROKEN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};
