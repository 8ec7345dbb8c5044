//! A classifier that is learned from two samples.

use super::{COUNT, StepType};
use crate::eval::{Evaluator, Fields, Stop, Value};
use crate::schema::{Bound, Field, Number, Ty, Type, Word};
use regimen_base::cleaning::{Classifier, Side, Step};
use regimen_base::data::Dataset;

/// The step.
pub static CLASSIFIER: StepType = StepType {
    schema: &TYPE,
    read: |eval, fields| {
        Ok(Step::Classifier(Classifier {
            positive: samples(eval, fields, "positive")?,
            negative: samples(eval, fields, "negative")?,
            threshold: fields.f64("threshold")?,
            keep: if fields.word("keep")? == "negative" { Side::Negative } else { Side::Positive },
            ngram: fields.u64("ngram")?,
            seed: fields.u64("seed")?,
        }))
    },
};

fn samples(eval: &Evaluator<'_>, fields: &Fields, name: &str) -> Result<Vec<Dataset>, Stop> {
    let Some(Value::List(list)) = fields.get(name)?.map(|c| &c.value) else { return Err(Stop::Reported) };
    let dataset = |value: &Value| match value {
        Value::Object(data) => eval.dataset(*data),
        _ => Err(Stop::Reported),
    };
    list.iter().map(|checked| dataset(&checked.value)).collect()
}

const SAMPLE: Ty = Ty::List { of: &Ty::Ref("data"), min: 1, max: 1_000 };

static TYPE: Type = Type {
    name: "classifier",
    doc: "Documents that look like those of a sample, by a classifier that is learned from two: logistic regression over hashed n-grams of words, as in the quality filters of GPT-3 and DCLM. The report says what it reaches on documents that it did not learn from (area under the ROC curve).",
    fields: &[
        Field::required(
            "positive",
            SAMPLE,
            "Documents of one kind: good ones, or harmful ones. One dataset, or a list.",
        ),
        Field::required("negative", SAMPLE, "Documents of the other kind."),
        Field::with(
            "threshold",
            Ty::Number(Number::share()),
            "0.5",
            "Score between 0 and 1 from which on a document is taken for a positive one; both kinds count as equally frequent.",
        ),
        Field::with(
            "keep",
            Ty::Words(SIDES),
            "positive",
            "Which documents stay: for a quality filter the positive ones, for harmful content the negative ones.",
        ),
        Field::with(
            "ngram",
            Ty::Number(Number::plain().whole().from(Bound::At(1)).up_to(Bound::At(5))),
            "2",
            "Most words of an n-gram.",
        ),
        Field::with(
            "seed",
            COUNT,
            "0",
            "Decides the order in which it learns and which documents are held out; the experiment's seed does not.",
        ),
    ],
};

const SIDES: &[Word] = &[
    Word { name: "positive", doc: "documents that score at least the threshold" },
    Word { name: "negative", doc: "documents that score less" },
];
