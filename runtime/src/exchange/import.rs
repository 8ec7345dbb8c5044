//! From a folder in Hugging Face's layout into the residents of a stage.

use super::shards::Files;
use super::transpose::{swap_rows, transpose};
use super::{config, names, other_name, swapped};
use crate::checkpoint::convert::convert;
use crate::checkpoint::weights::{LogicalWeight, logical_weights, refresh_working};
use crate::run::codes;
use crate::run::engine::Residents;
use regimen_base::Diagnostic;
use regimen_base::plan::{ExchangeTensor, Stage};
use std::collections::BTreeSet;
use std::path::Path;

/// Loads the weights of a model folder. Everything is compared before the first byte is loaded.
///
/// # Errors
/// If a file is missing or not valid, the folder's configuration is of another model, or tensors are missing,
/// additional, or of another shape; all of them are listed at once.
pub fn import(stage: &Stage, residents: &mut dyn Residents, folder: &Path) -> Result<(), Diagnostic> {
    check_config(stage, folder)?;
    let files = Files::open(folder)?;
    let matched = matches(stage, &files, folder)?;
    for (tensor, weight, name) in matched {
        load(stage, residents, &files, (tensor, &weight, &name), folder)?;
        refresh_working(stage, residents, &weight)?;
    }
    Ok(())
}

fn check_config(stage: &Stage, folder: &Path) -> Result<(), Diagnostic> {
    let path = folder.join(names::CONFIG);
    let text = std::fs::read_to_string(&path).map_err(|e| codes::exchange_failed(&path, e.to_string()))?;
    let theirs = serde_json::from_str(&text)
        .map_err(|e| codes::exchange_failed(&path, format!("it is not valid JSON: {e}")))?;
    let differences = config::differences(&theirs, &stage.model.exchange);
    if differences.is_empty() {
        return Ok(());
    }
    // A model that is only used was declared by this very file; what is left is what no declaration can say.
    let told = match stage.kind.as_str() {
        "generate" | "evaluate" => codes::not_computed(&path),
        _ => {
            let what = format!("it describes another model than `{}`", stage.model.name);
            codes::exchange_failed(&path, what)
        }
    };
    Err(differences.iter().fold(told, |told, d| told.because(format!("{d}."))))
}

type Match<'a> = (&'a ExchangeTensor, LogicalWeight, String);

/// Every weight with its name in the files, or everything that does not fit.
fn matches<'a>(stage: &'a Stage, files: &Files, folder: &Path) -> Result<Vec<Match<'a>>, Diagnostic> {
    let (mut missing, mut wrong, mut matched) = (vec![], vec![], vec![]);
    let weights = logical_weights(stage);
    for tensor in &stage.model.exchange.tensors {
        let weight = weights.iter().find(|w| w.entry.name == tensor.ours);
        let names = [tensor.theirs.clone(), other_name(&tensor.theirs, &stage.model.exchange.prefix)];
        let older = names.clone().map(|name| older_name(&name));
        let name = names.into_iter().chain(older).find(|n| files.has(n));
        match (weight, name) {
            (Some(weight), Some(name)) => match misfit(files, tensor, weight, &name) {
                Some(what) => wrong.push(what),
                None => matched.push((tensor, weight.clone(), name)),
            },
            (Some(_), None) if stage.model.fresh.contains(&tensor.ours) => {}
            (_, None) => missing.push(tensor.theirs.clone()),
            (None, _) => missing.push(tensor.ours.clone()),
        }
    }
    let used: BTreeSet<&str> = matched.iter().map(|(_, _, name)| name.as_str()).collect();
    let unused =
        |name: &&String| !used.contains(name.as_str()) && !is_buffer(name) && !is_spare(stage, files, name);
    let known: BTreeSet<&str> = wrong.iter().filter_map(|w| w.split(": ").next()).collect();
    let extra: Vec<String> =
        files.names().filter(unused).filter(|n| !known.contains(n.as_str())).cloned().collect();
    if missing.is_empty() && extra.is_empty() && wrong.is_empty() {
        return Ok(matched);
    }
    Err(codes::tensors_differ(folder, &missing, &extra, &wrong))
}

fn misfit(files: &Files, tensor: &ExchangeTensor, weight: &LogicalWeight, name: &str) -> Option<String> {
    let mut expected = weight.entry.shape.clone();
    if tensor.transposed {
        expected.reverse();
    }
    match files.find(name) {
        None => Some(format!("{name}: a type that is not supported")),
        Some((_, stored)) if !stored.dtype.is_float() => Some(format!("{name}: {}", stored.dtype.name())),
        Some((_, stored)) if stored.shape != expected => {
            Some(format!("{name}: {:?} instead of {expected:?}", stored.shape))
        }
        Some(_) => None,
    }
}

/// Causal masks and angles that old files hold as if they were weights.
fn is_buffer(name: &str) -> bool {
    name.ends_with(".attn.bias")
        || name.ends_with(".attn.masked_bias")
        || name.ends_with(".rotary_emb.inv_freq")
        || name.ends_with(".embeddings.position_ids")
        || name.ends_with(".embeddings.token_type_ids")
}

/// How BERT's own files call the parameters of norms.
fn older_name(name: &str) -> String {
    name.replace(".LayerNorm.weight", ".LayerNorm.gamma").replace(".LayerNorm.bias", ".LayerNorm.beta")
}

/// Another head, or a head stored although it is tied: it must have the content of what it is tied to.
fn is_spare(stage: &Stage, files: &Files, name: &str) -> bool {
    let exchange = &stage.model.exchange;
    if exchange.spare.iter().any(|begins| name.starts_with(begins.as_str())) {
        return true;
    }
    if let Some(head) = name.strip_suffix("decoder.bias") {
        return files.bytes(name) == files.bytes(&[head, "bias"].concat());
    }
    let Some(embedding) = exchange.tensors.first().map(|first| first.theirs.clone()) else { return false };
    let other = other_name(&embedding, &exchange.prefix);
    let same = |e: &String| files.has(e) && files.bytes(name) == files.bytes(e);
    let head = name == "lm_head.weight" || name.ends_with(".decoder.weight");
    head && [embedding, other].iter().any(same)
}

fn load(
    stage: &Stage,
    residents: &mut dyn Residents,
    files: &Files,
    (tensor, weight, name): (&ExchangeTensor, &LogicalWeight, &str),
    folder: &Path,
) -> Result<(), Diagnostic> {
    let unreadable = |what: &str| codes::exchange_failed(folder, format!("`{name}` {what}"));
    let (_, stored) = files.find(name).ok_or_else(|| unreadable("is gone"))?;
    let mut bytes = files.bytes(name).ok_or_else(|| unreadable("cannot be read"))?;
    if let (true, &[rows, columns]) = (tensor.transposed, stored.shape.as_slice()) {
        bytes = transpose(&bytes, rows as usize, columns as usize, stored.dtype.size() as usize);
    }
    if let Some(ids) = swapped(&stage.tokenizer, &stage.model.exchange, &tensor.ours) {
        swap_rows(&mut bytes, stored.shape.first().copied().unwrap_or(1), ids);
    }
    residents.fill(weight.precise, &mut |out| {
        if convert(stored.dtype, &bytes, weight.entry.dtype, out) {
            Ok(())
        } else {
            Err(unreadable("has a type that cannot be converted"))
        }
    })
}
