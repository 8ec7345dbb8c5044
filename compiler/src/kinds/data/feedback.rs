//! Prompts with an answer that is good or not.

use super::chats::TEMPLATES;
use super::{BROKEN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, SPLIT, files, rendering};
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type};
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
        Field::optional(
            "chat_template",
            Ty::WordOr(TEMPLATES, &Ty::Path),
            "What renders records of messages: the tokenizer's own template if it is not declared, a known one, or a file with Jinja. Records of text are taken as they are.",
        ),
        Field::optional(
            "max_length",
            Ty::Number(Number::count(&[Dimension::TOKENS], 2)),
            "Most tokens of a prompt with any of its answers; longer records are left out and counted.",
        ),
        BROKEN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};
