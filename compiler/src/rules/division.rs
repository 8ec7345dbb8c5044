//! Folds and order: how documents are divided beyond shares.

use super::StageView;
use crate::codes;
use crate::eval::{Evaluator, Fields};
use crate::program::ObjectId;
use regimen_base::data::Certainty;
use regimen_base::{Diagnostic, Span};

/// What is wrong with the folds or the order of a dataset.
pub fn check(eval: &Evaluator<'_>, id: ObjectId, fields: &Fields) -> Option<Diagnostic> {
    let name = eval.object_name(id);
    folds(eval, id, &name, fields).or_else(|| order(&name, fields))
}

fn folds(eval: &Evaluator<'_>, id: ObjectId, name: &str, fields: &Fields) -> Option<Diagnostic> {
    let whole = |field: &str| Some((fields.known(field)?.value.as_quantity()?.u64()?, fields.span_of(field)));
    let ((of, folds), (fold, which)) = match (whole("folds"), whole("fold")) {
        (Some(folds), Some(fold)) => (folds, fold),
        // What is wrong with a field itself was told.
        (None, Some((_, at))) => return missing(fields, "folds").then(|| codes::e0460::no_folds(name, at)),
        (Some((of, at)), None) => {
            return missing(fields, "fold").then(|| codes::e0460::no_fold(name, of, at));
        }
        (None, None) => return None,
    };
    if fold > of {
        return Some(codes::e0460::beyond(fold, of, which, folds));
    }
    if let Some(field) = fields.known("ordered_by") {
        return Some(codes::e0461::folds(field.span, folds));
    }
    let parts = parts(fields)?;
    let declared = eval.program.object(id).name.span;
    let part = |name: &str| parts.iter().find(|(part, _)| part == name);
    match (part("train"), part("validation")) {
        (_, Some((_, at))) => Some(codes::e0460::twice(*at, folds)),
        (None, None) if !parts.is_empty() => Some(codes::e0460::no_train(folds, declared)),
        _ => None,
    }
}

fn order(name: &str, fields: &Fields) -> Option<Diagnostic> {
    let at = fields.known("ordered_by")?.span;
    if fields.is_set("stratified") && fields.bool("stratified") == Ok(true) {
        return Some(codes::e0461::stratified(at, fields.span_of("stratified")));
    }
    match parts(fields)?.as_slice() {
        [] | [_] => Some(codes::e0461::nothing_divided(name, at)),
        parts => {
            let place = parts.iter().position(|(part, _)| part == "train")?;
            let (_, train) = parts.get(place).filter(|_| place > 0)?;
            Some(codes::e0461::train_later(*train, at))
        }
    }
}

fn missing(fields: &Fields, field: &str) -> bool {
    matches!(fields.get(field), Ok(None))
}

/// The declared parts; nothing if they were reported.
fn parts(fields: &Fields) -> Option<Vec<(String, Span)>> {
    let shares = fields.shares("split").ok()?.unwrap_or_default();
    Some(shares.into_iter().map(|(name, _)| (name.node.clone(), name.span)).collect())
}

/// Documents that are in no part because an earlier one has nearly the same.
pub fn left_out(stage: &StageView<'_>) -> Option<Diagnostic> {
    let data = stage.fields.object("data").ok()?;
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    let worst = facts.splits.iter().max_by_key(|split| split.left_out)?;
    let found = worst.left_out > 0 && facts.certainty == Certainty::Measured;
    let all = worst.left_out + worst.documents;
    let declared = stage.eval.program.object(data).name.span;
    found.then(|| codes::e0508::left_out(&worst.name, worst.left_out, all, declared))
}
