//! Cleaning steps of a dataset, one file each: `clean = [gopher {}, minhash { similarity = 0.8 }]`.

pub mod c4;
pub mod classifier;
pub mod decontaminate;
pub mod exact;
pub mod fineweb;
pub mod gopher;
pub mod gopher_repetition;
pub mod language;
pub mod minhash;
pub mod normalise;
pub mod pii;
pub mod word_list;

use crate::eval::{Evaluator, Fields, Stop, Value};
use crate::schema::{Field, Number, Ty, Type, Word};
use regimen_base::cleaning::{Action, Level, Step};

/// A step.
#[derive(Debug)]
pub struct StepType {
    /// Its fields.
    pub schema: &'static Type,
    /// Reads them.
    pub read: fn(&Evaluator<'_>, &Fields) -> Result<Step, Stop>,
}

/// The steps, in the order of the language reference.
pub static ALL: &[&StepType] = &[
    &normalise::NORMALISE,
    &language::LANGUAGE,
    &gopher::GOPHER,
    &gopher_repetition::GOPHER_REPETITION,
    &c4::C4,
    &fineweb::FINEWEB,
    &exact::EXACT,
    &minhash::MINHASH,
    &pii::PII,
    &word_list::WORD_LIST,
    &decontaminate::DECONTAMINATE,
    &classifier::CLASSIFIER,
];

/// Field tables of all.
pub fn types() -> Vec<&'static Type> {
    ALL.iter().map(|s| s.schema).collect()
}

/// The field of every dataset that holds its steps.
pub const CLEAN: Field = Field::optional(
    "clean",
    Ty::List { of: &Ty::OneOf(types), min: 1, max: 100 },
    "Steps through which every document passes, in this order; `regimen data` shows what they do.",
);

/// The steps of a dataset, in the order in which they are written.
pub fn steps(eval: &Evaluator<'_>, fields: &Fields) -> Result<Vec<Step>, Stop> {
    let Some(Value::List(list)) = fields.get("clean")?.map(|c| &c.value) else { return Ok(vec![]) };
    let step = |value: &Value| {
        let Value::Fields(fields) = value else { return Err(Stop::Reported) };
        let name = fields.type_name.ok_or(Stop::Reported)?;
        let ty = ALL.iter().find(|t| t.schema.name == name).ok_or(Stop::Reported)?;
        (ty.read)(eval, fields)
    };
    list.iter().map(|checked| step(&checked.value)).collect()
}

/// A share that must not be exceeded.
const SHARE: Ty = Ty::Number(Number::share());

/// A count without a unit.
const COUNT: Ty = Ty::Number(Number::plain().whole());

/// What deduplication compares.
const LEVEL: Field = Field::with("level", Ty::Words(LEVELS), "document", "What is compared, and dropped.");

const LEVELS: &[Word] = &[
    Word { name: "document", doc: "whole documents" },
    Word { name: "paragraph", doc: "what stands between blank lines, over all documents" },
];

fn level(fields: &Fields) -> Result<Level, Stop> {
    Ok(if fields.word("level")? == "paragraph" { Level::Paragraph } else { Level::Document })
}

const ACTIONS: &[Word] =
    &[Word { name: "redact", doc: "it is replaced" }, Word { name: "drop", doc: "the document goes" }];

fn action(fields: &Fields) -> Result<Action, Stop> {
    Ok(if fields.word("action")? == "drop" { Action::Drop } else { Action::Redact })
}
