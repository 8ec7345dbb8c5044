//! Quality rules of C4 (Raffel et al., 2020, JMLR 21:140, section 2.2).

use super::{COUNT, StepType};
use crate::schema::{Field, Ty, Type};
use regimen_base::cleaning::{self, Step};

/// The step.
pub static C4: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::C4(cleaning::C4 {
            min_sentences: fields.u64("min_sentences")?,
            min_words_per_line: fields.u64("min_words_per_line")?,
            max_word_length: fields.u64("max_word_length")?,
            terminal_punctuation: fields.bool("terminal_punctuation")?,
            citations: fields.bool("citations")?,
            javascript: fields.bool("javascript")?,
            policies: fields.bool("policies")?,
            curly_brackets: fields.bool("curly_brackets")?,
            lorem_ipsum: fields.bool("lorem_ipsum")?,
        }))
    },
};

static TYPE: Type = Type {
    name: "c4",
    doc: "Quality rules of C4 (JMLR 21:140, 2.2): removes lines that are no sentences, and documents with too few left.",
    fields: &[
        Field::with("min_sentences", COUNT, "5", "Fewest sentences that must be left."),
        Field::with("min_words_per_line", COUNT, "3", "Fewest words of a line that stays."),
        Field::with("max_word_length", COUNT, "1_000", "Longest word of a line that stays, in characters."),
        Field::with(
            "terminal_punctuation",
            Ty::Bool,
            "true",
            "Whether lines go that do not end in `.`, `?`, `!` or a quote, or end in an ellipsis.",
        ),
        Field::with(
            "citations",
            Ty::Bool,
            "true",
            "Whether `[1]`, `[edit]` and `[citation needed]` are cut out.",
        ),
        Field::with("javascript", Ty::Bool, "true", "Whether lines go that mention Javascript."),
        Field::with(
            "policies",
            Ty::Bool,
            "true",
            "Whether lines go about cookies, terms of use and privacy.",
        ),
        Field::with("curly_brackets", Ty::Bool, "true", "Whether documents go that have a curly bracket."),
        Field::with("lorem_ipsum", Ty::Bool, "true", "Whether documents go that have `lorem ipsum`."),
    ],
};
