//! Pairs of texts need a model, a table, samples and data that can hold them.

use super::StageView;
use crate::codes::{self, e0459::Lacking};
use regimen_base::Diagnostic;
use regimen_base::data::{Certainty, Marks};

/// Two texts of one token, and three marks.
const SHORTEST: u64 = 5;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    if !stage.fields.bool("next_sentence").ok()? {
        return None;
    }
    let at = stage.fields.span_of("next_sentence");
    let told = |lacking| Some(codes::e0459::lacking(lacking, at));
    let model = stage.model.as_ref()?;
    let spec = stage.eval.model(model.id).ok()?;
    let Some(with_head) = spec.with_next_sentence() else { return told(Lacking::Head(model.name)) };
    if with_head.text_types() < 2 {
        return told(Lacking::Segments(model.name));
    }
    if let Some((length, _)) = stage.count("sequence").filter(|(length, _)| *length < SHORTEST) {
        return told(Lacking::Room(length));
    }
    let facts = stage.eval.tokenizer_facts(model.fields.object("tokenizer").ok()?).ok()?;
    let Marks { begin, end, padding } = facts.marks_within(spec.vocab());
    if !model.guesses_tokenizer() && [begin, end, padding].contains(&None) {
        return told(Lacking::Rows {
            model: model.name,
            rows: spec.vocab(),
            needed: facts.vocab_with_marks(),
        });
    }
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    let few = facts.splits.iter().find(|split| split.name == "train" && split.documents < 2)?;
    (facts.certainty == Certainty::Measured).then_some(())?;
    told(Lacking::Documents(few.documents))
}
