//! Quality rules of Gopher (Rae et al., 2021, arXiv 2112.11446, appendix A.1).

use super::{COUNT, SHARE, StepType};
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::cleaning::{Gopher, Step};

/// The step.
pub static GOPHER: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::Gopher(Gopher {
            min_words: fields.u64("min_words")?,
            max_words: fields.u64("max_words")?,
            min_word_length: fields.f64("min_word_length")?,
            max_word_length: fields.f64("max_word_length")?,
            max_symbols: fields.f64("max_symbols")?,
            max_bullet_lines: fields.f64("max_bullet_lines")?,
            max_ellipsis_lines: fields.f64("max_ellipsis_lines")?,
            min_alphabetic_words: fields.f64("min_alphabetic_words")?,
            min_stop_words: fields.u64("min_stop_words")?,
        }))
    },
};

static TYPE: Type = Type {
    name: "gopher",
    doc: "Quality rules of Gopher (arXiv 2112.11446, A.1): drops what does not look like prose. Stop words are English.",
    fields: &[
        Field::with("min_words", COUNT, "50", "Fewest words that are not only punctuation."),
        Field::with("max_words", COUNT, "100_000", "Most of them."),
        Field::with(
            "min_word_length",
            Ty::Number(Number::plain()),
            "3",
            "Smallest mean length of these words, in characters.",
        ),
        Field::with("max_word_length", Ty::Number(Number::plain()), "10", "Largest mean length."),
        Field::with("max_symbols", SHARE, "0.1", "Most `#`, and most ellipses, per word."),
        Field::with("max_bullet_lines", SHARE, "90%", "Largest share of lines that begin with a bullet."),
        Field::with("max_ellipsis_lines", SHARE, "30%", "Largest share of lines that end with an ellipsis."),
        Field::with("min_alphabetic_words", SHARE, "80%", "Smallest share of words with a letter."),
        Field::with(
            "min_stop_words",
            COUNT,
            "2",
            "How many of `the be to of and that have with` must occur.",
        ),
    ],
};
