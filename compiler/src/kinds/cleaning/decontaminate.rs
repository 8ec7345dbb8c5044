//! Overlap with evaluation data.

use super::StepType;
use crate::eval::{Stop, Value};
use crate::schema::{Bound, Field, Number, Ty, Type};
use regimen_base::cleaning::{Decontaminate, Step};

/// The step.
pub static DECONTAMINATE: StepType = StepType {
    schema: &TYPE,
    read: |eval, fields| {
        let Some(Value::List(list)) = fields.get("against")?.map(|c| &c.value) else {
            return Err(Stop::Reported);
        };
        let mut against = vec![];
        for checked in list {
            let Value::Object(data) = &checked.value else { return Err(Stop::Reported) };
            against.extend(eval.data_sources(*data)?);
        }
        Ok(Step::Decontaminate(Decontaminate { against, ngram: fields.u64("ngram")? }))
    },
};

static TYPE: Type = Type {
    name: "decontaminate",
    doc: "Drops documents that share an n-gram of words with evaluation data; case, punctuation, accents and the digits of numbers do not matter.",
    fields: &[
        Field::required(
            "against",
            Ty::List { of: &Ty::Ref("data"), min: 1, max: 1_000 },
            "Datasets that the model will be evaluated on; one, or a list.",
        ),
        Field::with(
            "ngram",
            Ty::Number(Number::plain().whole().from(Bound::At(1)).up_to(Bound::At(1_000))),
            "12",
            "Words of an n-gram.",
        ),
    ],
};
