//! Files of texts and their classes.

use super::{DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, ORDERED_BY, SPLIT, files};
use crate::codes;
use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::{Format, Source};
use std::collections::BTreeSet;

/// The type.
pub static LABELLED: DataType = DataType { schema: &TYPE, read };

static TYPE: Type = Type {
    name: "labelled",
    doc: "Records of a text and the class that it belongs to; each is a sample of a stage `classify`.",
    fields: &[
        FILES,
        Field::with("format", Ty::Words(FORMATS), "jsonl", "How records are written."),
        Field::with("text", Ty::Text, "\"text\"", "The field or column that holds the text."),
        Field::with("label", Ty::Text, "\"label\"", "The field or column that names the class."),
        Field::optional(
            "classes",
            Ty::List { of: &Ty::Text, min: 2, max: 100_000 },
            "The classes, in the order of their numbers; a record of another class is an error. Without it, those of the part `train`, sorted.",
        ),
        Field::with(
            "stratified",
            Ty::Bool,
            "true",
            "Whether every part has about the same share of each class; not where records are ordered by a date.",
        ),
        SPLIT,
        FOLDS,
        FOLD,
        ORDERED_BY,
        NEAR_DUPLICATES,
    ],
};

const FORMATS: &[Word] = &[
    Word { name: "jsonl", doc: "one JSON object a line" },
    Word { name: "csv", doc: "a table with a header line (RFC 4180), columns divided by commas" },
    Word { name: "tsv", doc: "the same, divided by tabulators" },
];

fn read(eval: &Evaluator<'_>, object: ObjectId, fields: &Fields) -> Result<Vec<Source>, Stop> {
    let classes = match fields.known("classes") {
        Some(_) => fields.texts("classes")?,
        None => vec![],
    };
    let mut seen = BTreeSet::new();
    if let Some(twice) = classes.iter().find(|class| !seen.insert(class.as_str())) {
        return Err(eval.report(codes::e0452::class_twice(twice, fields.span_of("classes"))));
    }
    let delimiter = match fields.word("format")? {
        "csv" => Some(','),
        "tsv" => Some('\t'),
        _ => None,
    };
    // Parts that follow each other in time have the classes of their time.
    let stratified = fields.bool("stratified")? && fields.known("ordered_by").is_none();
    let (text, label) = (fields.text("text")?, fields.text("label")?);
    if text == label {
        return Err(eval.report(codes::e0465::one_field(
            &text,
            fields.span_of("text"),
            fields.span_of("label"),
        )));
    }
    files(eval, object, fields, Format::Labelled { text, label, delimiter, classes, stratified })
}
