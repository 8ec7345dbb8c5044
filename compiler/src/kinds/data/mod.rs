//! `data name : type { … }`: where text comes from and how it is divided.

pub mod chats;
pub mod csv;
pub mod feedback;
pub mod jsonl;
pub mod labelled;
pub mod mix;
pub mod parquet;
pub mod preferences;
pub mod text;

use super::cleaning::{CLEAN, steps};
use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::quantity::{Dimension, Quantity};
use crate::schema::{Bound, Field, Kind, Number, Ty, Type, Types, Word};
use regimen_base::cleaning::Cleaning;
use regimen_base::data::{Format, Rendering, Share, Source};

/// The kind.
pub static KIND: Kind = Kind {
    name: "data",
    alias: None,
    doc: "A dataset: files, or a mix of datasets, and how its documents are divided into parts.",
    types: Types::Many(|| ALL.iter().map(|t| t.schema).collect()),
    members: &[],
};

/// A type of dataset.
#[derive(Debug)]
pub struct DataType {
    /// Its fields.
    pub schema: &'static Type,
    /// Lists its sources.
    pub read: fn(&Evaluator<'_>, ObjectId, &Fields) -> Result<Vec<Source>, Stop>,
}

/// The types, in the order of the language reference.
pub static ALL: &[&DataType] = &[
    &text::TEXT,
    &jsonl::JSONL,
    &csv::CSV,
    &parquet::PARQUET,
    &labelled::LABELLED,
    &chats::CHATS,
    &preferences::PREFERENCES,
    &feedback::FEEDBACK,
    &mix::MIX,
];

/// The type with this name.
pub fn find(name: &str) -> Option<&'static DataType> {
    ALL.iter().copied().find(|t| t.schema.name == name)
}

/// How the documents of any dataset are divided.
const SPLIT: Field = Field::optional(
    "split",
    Ty::Map { of: &Ty::Number(Number::share()), keys: None },
    "Named parts and their shares of the bytes, 100 % together; whole documents are assigned. Without it there is one part, `train`.",
);

/// Cross-validation.
const FOLDS: Field = Field::optional(
    "folds",
    Ty::Number(Number::count(&[Dimension::NONE], 2).up_to(Bound::At(1_000))),
    "K-fold cross-validation: the documents of `train` are divided into that many equal parts, one of which is the part `validation`. A sweep over `fold` trains once on each, and the run ends with mean and standard deviation.",
);

/// Which of them validates.
const FOLD: Field = Field::optional(
    "fold",
    Ty::Number(Number::count(&[Dimension::NONE], 1)),
    "Which of the `folds` is `validation`, from 1.",
);

/// Whether near-duplicates may lie on both sides of a cut.
const NEAR_DUPLICATES: Field = Field::with(
    "near_duplicates",
    Ty::Words(NEAR),
    "together",
    "Whether documents that are nearly equal belong to the same part, so that nothing in `validation` was trained on in other words.",
);

const NEAR: &[Word] = &[
    Word {
        name: "together",
        doc: "documents whose word 5-grams are similar (MinHash, 14 bands of 8 rows: an estimated similarity of 0.72) belong to the same part",
    },
    Word { name: "apart", doc: "only equal documents do" },
];

/// What puts records in time.
const ORDERED_BY: Field = Field::optional(
    "ordered_by",
    Ty::Text,
    "The field or column with a number or a date (ISO 8601) by which documents are divided: the parts follow each other in the order of `split`, `train` first and strictly before the others. Documents of a later part that are nearly equal to one of an earlier part are left out.",
);

/// The files of a dataset: one pattern or several.
const FILES: Field = Field::required(
    "files",
    Ty::List { of: &Ty::Path, min: 1, max: 10_000 },
    "Files by name or pattern (`*`, `**`, `?`), relative to this file's folder; one, or a list. Names that end in `.gz` or `.zst` are unpacked while they are read.",
);

/// How many broken records are left out.
const BROKEN: Field = Field::with(
    "broken",
    Ty::Number(Number::share()),
    "0%",
    "Largest share of broken records that is left out, each listed with file and line; by default the first one stops.",
);

/// What renders prompts with answers.
const ANSWER_TEMPLATE: Field = Field::optional(
    "chat_template",
    Ty::WordOr(chats::TEMPLATES, &Ty::Path),
    "What renders records of messages: the tokenizer's own template if it is not declared, a known one, or a file with Jinja. Records of text are taken as they are.",
);

/// How long prompts with answers may be.
const MAX_LENGTH: Field = Field::optional(
    "max_length",
    Ty::Number(Number::count(&[Dimension::TOKENS], 2)),
    "Most tokens of a prompt with any of its answers; longer records are left out and counted.",
);

/// How prompts and answers become tokens.
fn rendering(fields: &Fields) -> Result<Rendering, Stop> {
    let chat_template = fields.known("chat_template").map(|_| chats::template(fields)).transpose()?;
    let max_length = fields.optional_quantity("max_length")?.and_then(Quantity::u64);
    Ok(Rendering { chat_template, max_length })
}

/// The one source of a dataset of files.
fn files(
    eval: &Evaluator<'_>,
    object: ObjectId,
    fields: &Fields,
    format: Format,
) -> Result<Vec<Source>, Stop> {
    let cleaned = fields.known("broken").is_some();
    let cleaning = match cleaned {
        true => Cleaning { steps: steps(eval, fields)?, broken: fields.f64("broken")? },
        // Labelled records are taken as they are.
        false => Cleaning::default(),
    };
    let name = eval.object_name(object);
    Ok(vec![Source { name, format, files: fields.texts("files")?, share: WHOLE, cleaning, division: None }])
}

/// All of it.
const WHOLE: Share = Share { numerator: 1, denominator: 1 };
