//! Steps of a dataset make sense in their order and against their data.

use crate::codes;
use crate::eval::{Checked, Evaluator, Fields, ObjectId, Value};
use crate::languages;
use regimen_base::data::Source;
use regimen_base::{Diagnostic, Span};

/// One step as written.
struct Written<'a> {
    name: &'static str,
    fields: &'a Fields,
    span: Span,
}

/// The rules, for one dataset; everything that is found.
pub fn check(eval: &Evaluator<'_>, id: ObjectId, fields: &Fields) -> Vec<Diagnostic> {
    let Some(Value::List(list)) = fields.known("clean").map(|c| &c.value) else { return vec![] };
    let written = |checked: &Checked| match &checked.value {
        Value::Fields(fields) => Some((fields.type_name?, checked.span)),
        _ => None,
    };
    let steps: Vec<Written<'_>> = list
        .iter()
        .filter_map(|checked| {
            let (name, span) = written(checked)?;
            let Value::Fields(fields) = &checked.value else { return None };
            Some(Written { name, fields, span })
        })
        .collect();
    let mut found = vec![];
    for (index, step) in steps.iter().enumerate() {
        let before = steps.get(..index).unwrap_or(&[]);
        found.extend(order(step, before));
        found.extend(limits(step));
        found.extend(languages(step));
        found.extend(stop_words(step, before));
        found.extend(contamination(eval, id, step));
        found.extend(one_sample(eval, step));
    }
    found
}

/// Steps that come too late.
fn order(step: &Written<'_>, before: &[Written<'_>]) -> Option<Diagnostic> {
    let earlier = |name: &str| before.iter().find(|s| s.name == name);
    if let Some(same) = before.iter().find(|s| s.name == step.name && alike(s.fields, step.fields)) {
        return Some(codes::e0441::twice(step.name, step.span, same.span));
    }
    let level = |s: &Written<'_>| s.fields.word("level").ok().map(str::to_string);
    match step.name {
        "exact" => earlier("minhash")
            .filter(|s| level(s) == level(step))
            .map(|s| codes::e0441::finds_nothing("exact", "minhash", step.span, s.span)),
        "normalise" => earlier("exact")
            .or(earlier("minhash"))
            .map(|s| codes::e0441::normalised_late(s.name, step.span, s.span)),
        _ => None,
    }
}

/// Whether two steps have the same settings.
fn alike(a: &Fields, b: &Fields) -> bool {
    let shown = |fields: &Fields| -> Vec<(&'static str, Option<String>)> {
        fields
            .entries
            .iter()
            .map(|(name, value)| (*name, value.as_ref().ok().map(|c| text(&c.value))))
            .collect()
    };
    shown(a) == shown(b)
}

/// A value as a text that is equal for equal values.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Quantity(quantity) => quantity.value.to_string(),
        Value::Object(id) => format!("{id:?}"),
        Value::List(list) => list.iter().map(|c| text(&c.value)).collect::<Vec<_>>().join(","),
        other => other.describe(),
    }
}

/// Lower limits above upper ones.
fn limits(step: &Written<'_>) -> Option<Diagnostic> {
    let pairs: &[(&str, &str)] = match step.name {
        "gopher" => &[("min_words", "max_words"), ("min_word_length", "max_word_length")],
        _ => &[],
    };
    pairs.iter().find_map(|(low, high)| {
        let (least, most) = (step.fields.quantity(low).ok()?, step.fields.quantity(high).ok()?);
        let spans = (place(step, low), place(step, high));
        let shown = (least.to_string(), most.to_string());
        (least.value > most.value)
            .then(|| codes::e0442::nothing_between(step.name, (low, &shown.0), (high, &shown.1), spans))
    })
}

/// Where a field of a step was written; the step if it has its default.
fn place(step: &Written<'_>, field: &str) -> Span {
    if step.fields.is_set(field) { step.fields.span_of(field) } else { step.span }
}

/// Languages that nothing is identified as.
fn languages(step: &Written<'_>) -> Vec<Diagnostic> {
    if step.name != "language" {
        return vec![];
    }
    let Some(Value::List(list)) = step.fields.known("is").map(|c| &c.value) else { return vec![] };
    let unknown = |checked: &Checked| {
        let Value::Text(code) = &checked.value else { return None };
        if languages::KNOWN.contains(&code.as_str()) {
            return None;
        }
        let nearest = languages::named(code);
        Some(codes::e0444::unknown_language(code, nearest, languages::KNOWN, checked.span))
    };
    list.iter().filter_map(unknown).collect()
}

/// English stop words in other languages.
fn stop_words(step: &Written<'_>, before: &[Written<'_>]) -> Option<Diagnostic> {
    if step.name != "gopher" || step.fields.u64("min_stop_words") == Ok(0) {
        return None;
    }
    let kept = before.iter().rev().find(|s| s.name == "language")?;
    let other = kept.fields.texts("is").ok()?.into_iter().find(|code| code != "en")?;
    let known = languages::KNOWN.contains(&other.as_str());
    known.then(|| codes::e0445::english_stop_words(&other, place(step, "min_stop_words"), kept.span))
}

/// Evaluation data that are part of what is cleaned.
fn contamination(eval: &Evaluator<'_>, id: ObjectId, step: &Written<'_>) -> Option<Diagnostic> {
    if step.name != "decontaminate" {
        return None;
    }
    let own = eval.data_sources(id).ok()?;
    let Some(Value::List(list)) = step.fields.known("against").map(|c| &c.value) else { return None };
    list.iter().find_map(|checked| {
        let Value::Object(against) = checked.value else { return None };
        let sources = eval.data_sources(against).ok()?;
        let shared = sources.iter().find(|s| own.iter().any(|o| o.name == s.name || o.files == s.files))?;
        Some(codes::e0443::against_itself(&eval.object_name(id), &shared.name, checked.span))
    })
}

/// A classifier whose two samples are the same.
fn one_sample(eval: &Evaluator<'_>, step: &Written<'_>) -> Option<Diagnostic> {
    if step.name != "classifier" {
        return None;
    }
    let sources = |name: &str| {
        let Some(Value::List(list)) = step.fields.known(name).map(|c| &c.value) else { return None };
        let objects = list.iter().filter_map(|checked| match checked.value {
            Value::Object(id) => Some((eval.object_name(id), checked.span, eval.data_sources(id).ok()?)),
            _ => None,
        });
        Some(objects.collect::<Vec<_>>())
    };
    let (positive, negative) = (sources("positive")?, sources("negative")?);
    positive.iter().find_map(|(name, span, own)| {
        let same = |others: &[Source]| own.iter().any(|s| others.iter().any(|o| s.files == o.files));
        let (other, at, _) = negative.iter().find(|(_, _, others)| same(others))?;
        Some(codes::e0446::one_sample(name, other, *span, *at))
    })
}
