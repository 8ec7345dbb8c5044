//! Prompts with two answers, one of which was preferred.

use super::{
    ANSWER_TEMPLATE, BROKEN, DataType, FILES, FOLD, FOLDS, MAX_LENGTH, NEAR_DUPLICATES, SPLIT, files,
    rendering,
};
use crate::schema::{Field, Ty, Type};
use regimen_base::data::{Format, Preferences};

/// The type.
pub static PREFERENCES: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let preferences = Preferences {
            prompt: fields.text("prompt")?,
            chosen: fields.text("chosen")?,
            rejected: fields.text("rejected")?,
            margin: fields.optional_text("margin")?,
            rendering: rendering(fields)?,
        };
        files(eval, object, fields, Format::Preferences(preferences))
    },
};

static TYPE: Type = Type {
    name: "preferences",
    doc: "Prompts, each with an answer that was preferred to another, one JSON object a line, as TRL writes them: texts or lists of messages. Records with the same prompt belong to the same part.",
    fields: &[
        FILES,
        Field::with(
            "prompt",
            Ty::Text,
            "\"prompt\"",
            "The field that holds the prompt; of records without it, the prompt is what both answers begin with.",
        ),
        Field::with("chosen", Ty::Text, "\"chosen\"", "The field that holds the better answer."),
        Field::with("rejected", Ty::Text, "\"rejected\"", "The field that holds the other."),
        Field::optional(
            "margin",
            Ty::Text,
            "The field that holds by how much the better answer is better, a number that a stage `reward_model` takes off the difference of rewards.",
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
