//! Rules that need several fields, one file each. A rule that lacks a value because that was reported is silent.

mod budgets;
mod checkpoints;
mod classes;
pub mod cleaning;
pub mod conversations;
mod convolution;
mod devices;
pub mod division;
pub mod epochs;
mod evaluation;
mod floor;
mod groups;
mod heads;
mod learning_rate;
mod masking;
mod micro_batch;
mod next_sentence;
mod objective;
mod pairing;
mod periods;
mod precision;
mod prompt;
mod recompute;
mod rotary;
mod sequence;
pub mod shares;
mod start;
mod stopping;
mod text_length;
mod training_part;
mod unknown;
mod vocabulary;
mod warmup;
mod weights;

use crate::eval::{Evaluator, Fields, ObjectId, StageNumbers, Stop, Value};
use crate::experiment::Hardware;
use regimen_base::data::Certainty;
use regimen_base::{Diagnostic, Span};

/// Rules of models.
pub const MODELS: &[fn(&ModelView<'_>) -> Option<Diagnostic>] = &[
    heads::check,
    heads::generator,
    groups::key_value_heads,
    groups::pairs,
    vocabulary::check,
    convolution::check,
    rotary::slope,
    weights::check,
];

/// Rules of stages.
pub const STAGES: &[fn(&StageView<'_>) -> Option<Diagnostic>] = &[
    objective::check,
    pairing::check,
    conversations::probe,
    conversations::length,
    masking::check,
    next_sentence::check,
    sequence::check,
    micro_batch::check,
    warmup::check,
    floor::check,
    learning_rate::check,
    evaluation::check,
    evaluation::samples,
    classes::check,
    stopping::check,
    periods::check,
    checkpoints::check,
    epochs::check,
    text_length::check,
    training_part::check,
    division::left_out,
    unknown::check,
    precision::check,
    devices::check,
    recompute::check,
    start::check,
    prompt::check,
    budgets::limits,
    budgets::check,
];

/// What rules see of a model.
#[derive(Debug)]
pub struct ModelView<'a> {
    /// For everything that fields refer to.
    pub eval: &'a Evaluator<'a>,
    /// The declaration.
    pub id: ObjectId,
    /// Its name.
    pub name: &'a str,
    /// Its fields.
    pub fields: &'a Fields,
}

/// What rules see of a stage; what was reported is missing.
#[derive(Debug)]
pub struct StageView<'a> {
    /// For everything that fields refer to.
    pub eval: &'a Evaluator<'a>,
    /// The declaration.
    pub id: ObjectId,
    /// Its name in its declaration.
    pub span: Span,
    /// Its fields.
    pub fields: &'a Fields,
    /// Sequence, batch and steps.
    pub numbers: Option<StageNumbers>,
    /// Steps, as soon as they are known.
    pub steps: Option<u64>,
    /// Its model.
    pub model: Option<ModelView<'a>>,
    /// Its hardware and where that is declared.
    pub hardware: Option<(Hardware, Span)>,
    /// Its budget.
    pub budget: Option<Fields>,
}

impl ModelView<'_> {
    /// A whole number and where it was written.
    pub fn count(&self, name: &str) -> Option<(u64, Span)> {
        count(self.fields, name)
    }

    /// Whether nobody wrote and nothing measured yet how many tokens its tokenizer has. A run measures that and checks again.
    pub fn guesses_tokenizer(&self) -> bool {
        let unknown = |tokenizer| {
            let from_content = matches!(self.eval.fields(tokenizer)?.type_name, Some("hf" | "chars"));
            Ok(from_content && self.eval.tokenizer_facts(tokenizer)?.certainty != Certainty::Measured)
        };
        let found: Result<bool, Stop> = self.fields.object("tokenizer").and_then(unknown);
        found.unwrap_or(false)
    }
}

impl StageView<'_> {
    /// A whole number and where it was written.
    pub fn count(&self, name: &str) -> Option<(u64, Span)> {
        count(self.fields, name)
    }

    /// Fields in braces, if written.
    pub fn block(&self, name: &str) -> Option<&Fields> {
        self.fields.block(name).ok().flatten()
    }
}

fn count(fields: &Fields, name: &str) -> Option<(u64, Span)> {
    let checked = fields.known(name)?;
    match &checked.value {
        Value::Quantity(quantity) => Some((quantity.u64()?, checked.span)),
        _ => None,
    }
}
