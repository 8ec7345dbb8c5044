//! What of a stage decides its numbers, as a key and as a list of differences.
//!
//! Left out is what only decides speed, memory, names of files or what people see: checkpoint policy,
//! samples, byte counts, lifetimes, the exchange layout, the name of the hardware. Everything else is in.

use super::codes::Difference;
use regimen_base::plan::{Stage, hash_of};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Hash of what decides the numbers.
///
/// # Errors
/// If the stage holds a number that JSON cannot express.
pub fn key(stage: &Stage) -> Result<String, serde_json::Error> {
    hash_of(&normal_form(stage)?)
}

/// Places in which two stages compute different numbers.
///
/// # Errors
/// If a stage holds a number that JSON cannot express.
pub fn differences(before: &Stage, now: &Stage) -> Result<Vec<Difference>, serde_json::Error> {
    let mut found = vec![];
    compare("", &normal_form(before)?, &normal_form(now)?, &mut found);
    Ok(found)
}

fn normal_form(stage: &Stage) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(stage)?;
    remove(&mut value, &["peak_bytes"]);
    if let Some(Value::Array(residents)) = value.get_mut("residents") {
        residents.retain(|resident| resident.get("role").and_then(Value::as_str) != Some("cache"));
    }
    at(&mut value, "model", |model| remove(model, &["exchange"]));
    at(&mut value, "target", |target| remove(target, &["hardware"]));
    at(&mut value, "tokenizer", |t| at(t, "facts", |facts| remove(facts, &["certainty"])));
    each(&mut value, "datasets", |dataset| {
        at(dataset, "facts", |facts| remove(facts, &["certainty"]));
        // The content is compared by its hash, wherever the files lie.
        at(dataset, "dataset", |d| each(d, "sources", |source| remove(source, &["files"])));
    });
    let mut used = BTreeSet::new();
    each_list(&mut value, "schedule", |actions| keep_numeric(actions, &mut used));
    at(&mut value, "programs", |programs| {
        if let Value::Object(programs) = programs {
            programs.retain(|name, _| used.contains(name));
            programs.values_mut().for_each(strip_program);
        }
    });
    Ok(value)
}

/// Drops actions without influence on the numbers and notes the programs that the others run.
fn keep_numeric(actions: &mut Vec<Value>, used: &mut BTreeSet<String>) {
    let kind = |action: &Value| action.get("do").and_then(Value::as_str).map(str::to_owned);
    actions.retain(|a| !matches!(kind(a).as_deref(), Some("checkpoint" | "sample")));
    for action in actions {
        if let Some(program) = action.get("program").and_then(Value::as_str) {
            used.insert(program.to_owned());
        }
        each_list(action, "body", |body| keep_numeric(body, used));
    }
}

fn strip_program(program: &mut Value) {
    remove(program, &["start_bytes", "peak_bytes", "peak_at", "flops", "bytes"]);
    each(program, "instructions", |instruction| {
        remove(instruction, &["in_place", "frees", "workspace", "live", "peak", "flops", "bytes"]);
    });
    each(program, "tensors", |tensor| {
        remove(tensor, &["category"]);
        let resident = tensor.get("storage").is_some_and(|s| s.get("resident").is_some());
        if !resident {
            remove(tensor, &["storage"]);
        }
    });
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Value::Object(map) = value {
        map.retain(|key, _| !names.contains(&key.as_str()));
    }
}

fn at(value: &mut Value, name: &str, change: impl FnOnce(&mut Value)) {
    if let Some(inner) = value.get_mut(name) {
        change(inner);
    }
}

fn each(value: &mut Value, name: &str, change: impl FnMut(&mut Value)) {
    each_list(value, name, |list| list.iter_mut().for_each(change));
}

fn each_list(value: &mut Value, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(Value::Array(list)) = value.get_mut(name) {
        change(list);
    }
}

fn compare(path: &str, before: &Value, now: &Value, found: &mut Vec<Difference>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => compare_objects(path, a, b, found),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (x, y)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{}]", label(x, index)), x, y, found);
            }
        }
        (a, b) if a != b => {
            found.push(Difference { field: path.to_owned(), before: show(a), now: show(b) });
        }
        _ => {}
    }
}

fn compare_objects(path: &str, a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<Difference>) {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let (x, y) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
        compare(&path, x, y, found);
    }
}

/// How an element of a list is called in a path: by its name, or by what it does.
fn label(element: &Value, index: usize) -> String {
    let text = |key: &str| element.get(key).and_then(Value::as_str);
    match text("name").or(text("resident")).or(text("do")) {
        Some(name) => name.to_owned(),
        None => index.to_string(),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::Array(list) if list.len() > 8 || list.iter().any(|e| e.is_object() || e.is_array()) => {
            format!("a list of {}", list.len())
        }
        Value::Object(_) => "something else".to_owned(),
        other => other.to_string(),
    }
}
