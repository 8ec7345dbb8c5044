//! Repetition rules of Gopher (Rae et al., 2021, arXiv 2112.11446, table A1).

use super::{SHARE, StepType};
use crate::schema::{Field, Ty, Type};
use regimen_base::cleaning::{GopherRepetition, Step};

/// The step.
pub static GOPHER_REPETITION: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::GopherRepetition(GopherRepetition {
            duplicate_lines: fields.f64("duplicate_lines")?,
            duplicate_paragraphs: fields.f64("duplicate_paragraphs")?,
            duplicate_line_characters: fields.f64("duplicate_line_characters")?,
            duplicate_paragraph_characters: fields.f64("duplicate_paragraph_characters")?,
            top_n_grams: fields.f64s("top_n_grams")?,
            duplicate_n_grams: fields.f64s("duplicate_n_grams")?,
        }))
    },
};

static TYPE: Type = Type {
    name: "gopher_repetition",
    doc: "Repetition rules of Gopher (arXiv 2112.11446, table A1): drops documents that repeat themselves. Each value is the largest allowed share.",
    fields: &[
        Field::with("duplicate_lines", SHARE, "30%", "Of lines that occurred before in the document."),
        Field::with("duplicate_paragraphs", SHARE, "30%", "Of such paragraphs."),
        Field::with("duplicate_line_characters", SHARE, "20%", "Of characters in such lines."),
        Field::with("duplicate_paragraph_characters", SHARE, "20%", "Of characters in such paragraphs."),
        Field::with(
            "top_n_grams",
            Ty::List { of: &SHARE, min: 3, max: 3 },
            "[20%, 18%, 16%]",
            "Of characters in the commonest 2-, 3- and 4-gram of words.",
        ),
        Field::with(
            "duplicate_n_grams",
            Ty::List { of: &SHARE, min: 6, max: 6 },
            "[15%, 14%, 13%, 12%, 11%, 10%]",
            "Of characters in 5-, 6-, 7-, 8-, 9- and 10-grams of words that occurred before.",
        ),
    ],
};
