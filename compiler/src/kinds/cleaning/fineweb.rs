//! Quality rules of FineWeb (Penedo et al., 2024, arXiv 2406.17557, section 3.6).

use super::{COUNT, SHARE, StepType};
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::cleaning::{Fineweb, Step};

/// The step.
pub static FINEWEB: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::Fineweb(Fineweb {
            min_terminal_lines: fields.f64("min_terminal_lines")?,
            max_short_lines: fields.f64("max_short_lines")?,
            short_line: fields.u64("short_line")?,
            max_duplicate_characters: fields.f64("max_duplicate_characters")?,
            max_newlines: fields.f64("max_newlines")?,
        }))
    },
};

static TYPE: Type = Type {
    name: "fineweb",
    doc: "Quality rules of FineWeb (arXiv 2406.17557, 3.6): drops lists, menus and what is repeated.",
    fields: &[
        Field::with(
            "min_terminal_lines",
            SHARE,
            "12%",
            "Smallest share of lines that end in terminal punctuation.",
        ),
        Field::with("max_short_lines", SHARE, "67%", "Largest share of short lines."),
        Field::with("short_line", COUNT, "30", "Longest line that is short, in characters."),
        Field::with(
            "max_duplicate_characters",
            SHARE,
            "1%",
            "Largest share of characters in lines that occurred before in the document.",
        ),
        Field::with("max_newlines", Ty::Number(Number::plain()), "0.3", "Most line feeds per word."),
    ],
};
