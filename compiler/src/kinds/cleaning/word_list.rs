//! Words and phrases of a list.

use super::{ACTIONS, COUNT, StepType, action};
use crate::schema::{Field, Ty, Type};
use regimen_base::cleaning::{Step, WordList};

/// The step.
pub static WORD_LIST: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::WordList(WordList {
            file: fields.text("file")?,
            action: action(fields)?,
            tolerate: fields.u64("tolerate")?,
        }))
    },
};

static TYPE: Type = Type {
    name: "word_list",
    doc: "Documents with words or phrases of a list, whole words in any case.",
    fields: &[
        Field::required(
            "file",
            Ty::Path,
            "One word or phrase a line; lines that begin with `#` are comments.",
        ),
        Field::with(
            "action",
            Ty::Words(ACTIONS),
            "drop",
            "What is done; what is replaced becomes `<REMOVED>`.",
        ),
        Field::with("tolerate", COUNT, "0", "How many occurrences change nothing."),
    ],
};
