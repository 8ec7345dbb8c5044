//! A stage begins from weights that exist and fit its model.

use super::ModelView;
use super::StageView;
use crate::codes;
use crate::eval::{ObjectId, Value};
use crate::program::ROOT;
use regimen_base::Diagnostic;

/// Kinds of stages that put a head of their own on a model, and what it is: only the same kind goes on with it.
const HEADS: [(&str, &str); 2] =
    [("classify", "a head that tells classes"), ("reward_model", "a head that gives a reward")];

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let from = stage.fields.known("from")?;
    let Value::Checkpoint(other, which) = &from.value else { return None };
    let model = stage.model.as_ref()?;
    if let Some(weights) = model.fields.known("weights") {
        return Some(codes::e0420::two_starts(from.span, weights.span));
    }
    let object = stage.eval.program.object(*other);
    let declared = object.name.span;
    if object.scope != ROOT {
        return Some(codes::e0419::not_run(&object.flat, from.span, declared));
    }
    let fields = stage.eval.fields(*other).ok()?;
    if which == "best" && matches!(fields.get("evaluate"), Ok(None)) {
        return Some(codes::e0419::no_best(&object.flat, from.span, declared));
    }
    let kind = fields.type_name.filter(|kind| stage.fields.type_name != Some(kind));
    if let Some((_, what)) = kind.and_then(|kind| HEADS.iter().find(|(headed, _)| *headed == kind)) {
        let name = object.flat.as_str();
        return Some(codes::e0418::other_model(model.name, name, name, what, from.span, stage.span));
    }
    let source = fields.object("model").ok()?;
    if source == model.id {
        return None;
    }
    let what = difference(stage, model, source)?;
    let (own, theirs) = (model.name, stage.eval.object_name(source));
    Some(codes::e0418::other_model(own, &theirs, &object.flat, &what, from.span, stage.span))
}

/// The first thing in which two models differ, if that matters for their weights.
fn difference(stage: &StageView<'_>, model: &ModelView<'_>, other: ObjectId) -> Option<String> {
    let (a, b) = (stage.eval.model(model.id).ok()?, stage.eval.model(other).ok()?);
    let tokenizers =
        (model.fields.object("tokenizer").ok()?, stage.eval.fields(other).ok()?.object("tokenizer").ok()?);
    if tokenizers.0 != tokenizers.1 {
        let name = |id| stage.eval.object_name(id);
        return Some(format!("tokenizer `{}`, there `{}`", name(tokenizers.0), name(tokenizers.1)));
    }
    let (ours, theirs) = (a.weights(), b.weights());
    let unlike = ours.iter().zip(&theirs).find(|(x, y)| x.name != y.name || x.shape != y.shape);
    match unlike {
        Some((x, y)) => Some(format!("`{}` is {:?}, there `{}` {:?}", x.name, x.shape, y.name, y.shape)),
        None if ours.len() != theirs.len() => Some(format!("{} weights, there {}", ours.len(), theirs.len())),
        None => None,
    }
}
