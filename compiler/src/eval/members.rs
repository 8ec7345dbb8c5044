//! What can be asked of declarations: `gpt2.params`, `words.vocab`, `pretrain.tokens`.

use super::{Checked, Evaluator, Key, ObjectId, Stop, Value};
use crate::codes;
use crate::program::Origin;
use crate::quantity::{Dimension, Quantity};
use crate::schema::Member;
use regimen_base::Span;

impl Evaluator<'_> {
    /// The value of a member.
    pub(super) fn member(&self, id: ObjectId, member: &'static Member, at: Span) -> Result<Value, Stop> {
        if member.planned {
            return self.planned(id, member, at);
        }
        let checked = self.once(Key::Member(id, member.name), at, || {
            let value = Value::Quantity(self.known_member(id, member, at)?);
            Ok(Checked { value, span: at, origin: Origin::Written })
        })?;
        Ok(checked.value)
    }

    fn known_member(&self, id: ObjectId, member: &'static Member, at: Span) -> Result<Quantity, Stop> {
        let count = |n: u64| Quantity::count(n, member.dimension);
        match (self.program.object(id).kind.name, member.name) {
            ("model", _) => Ok(count(crate::arch::parameters(&*self.model(id)?))),
            ("tokenizer", "vocab_with_mask") => Ok(count(self.tokenizer_facts(id)?.vocab_with_mask())),
            ("tokenizer", "vocab_with_marks") => Ok(count(self.tokenizer_facts(id)?.vocab_with_marks())),
            ("tokenizer", _) => Ok(count(self.tokenizer_facts(id)?.vocab)),
            ("stage", "params") => {
                let model = self.stage_object(id, "model", at)?;
                Ok(count(crate::arch::parameters(&*self.model(model)?)))
            }
            ("stage", name) => self.stage_member(id, name, at),
            _ => Err(Stop::Reported),
        }
    }

    fn stage_member(&self, id: ObjectId, name: &str, at: Span) -> Result<Quantity, Stop> {
        let n = self.stage_numbers(id, at)?;
        let count = Quantity::count;
        let too_large = || self.report(codes::e0308::too_large(at));
        match name {
            "steps" => Ok(count(n.steps, Dimension::STEPS)),
            "samples" => Ok(count(n.samples().ok_or_else(too_large)?, Dimension::SAMPLES)),
            "tokens" => Ok(count(n.tokens().ok_or_else(too_large)?, Dimension::TOKENS)),
            "tokens_per_step" => {
                let tokens = n.tokens_per_step().ok_or_else(too_large)?;
                Ok(count(tokens, Dimension::TOKENS.per(Dimension::STEPS)))
            }
            "evaluations" => Ok(count(self.evaluations(id, n.steps, at)?, Dimension::EVALUATIONS)),
            _ => {
                let epoch = self.samples_per_epoch(id, n.sequence, at)?;
                let samples = Quantity::count(n.samples().ok_or_else(too_large)?, Dimension::EPOCHS);
                samples.divide(&Quantity::count(epoch, Dimension::NONE)).map_err(|_| Stop::Reported)
            }
        }
    }

    /// Evaluations of a stage: every so many steps, and after the last.
    pub fn evaluations(&self, id: ObjectId, steps: u64, at: Span) -> Result<u64, Stop> {
        let every = self.stage_field(id, &["evaluate", "every"], at)?;
        let every = every.and_then(|c| c.value.as_quantity().and_then(Quantity::u64));
        Ok(every.map_or(0, |every| steps.div_ceil(every.max(1))))
    }

    /// What planning found, once it has.
    fn planned(&self, id: ObjectId, member: &'static Member, at: Span) -> Result<Value, Stop> {
        let Some(planned) = self.planned else { return Err(Stop::NeedsPlan(at)) };
        let name = &self.program.object(id).flat;
        let stage = planned.stages.iter().find(|s| s.name == *name).ok_or(Stop::Reported)?;
        let number = match member.name {
            "flops" => Some(stage.flops),
            "memory" => Some(stage.memory as f64),
            "time" => Some(stage.seconds),
            "cost" => stage.dollars,
            _ => stage.joules,
        };
        match number.and_then(|n| Quantity::measured(n, member.dimension)) {
            Some(quantity) => Ok(Value::Quantity(quantity)),
            None => Err(self.report(codes::e0413::unknown_price(member.name, name, at))),
        }
    }
}
