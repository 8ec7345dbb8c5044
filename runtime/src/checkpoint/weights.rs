//! Which residents a checkpoint holds, and how they get back into memory.

use super::convert::{all_finite, convert};
use super::tensors::{Entry, Stored, TensorFile};
use crate::run::engine::Residents;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Resident, ResidentId, Role};
use std::path::Path;

/// A logical weight: its name, where its most precise copy is, and the copy that the forward pass reads if
/// that is another one.
#[derive(Clone, Debug)]
pub struct LogicalWeight {
    /// What is written: the weight's name, the precise copy's type.
    pub entry: Entry,
    /// The precise copy.
    pub precise: ResidentId,
    /// The copy in the precision of the forward pass.
    pub working: Option<ResidentId>,
}

/// All weights of a stage, in the order of its residents.
pub fn logical_weights(stage: &Stage) -> Vec<LogicalWeight> {
    let residents = || stage.residents.iter().enumerate().map(|(i, r)| (ResidentId(i as u32), r));
    residents()
        .filter(|(_, r)| r.role == Role::Weight)
        .map(|(id, weight)| {
            let master = residents().find(|(_, r)| r.role == Role::Master && r.of == Some(id));
            let (precise, from, working) = match master {
                Some((master_id, master)) => (master_id, master, Some(id)),
                None => (id, weight, None),
            };
            LogicalWeight { entry: entry(&weight.name, from), precise, working }
        })
        .collect()
}

/// The residents besides the weights that an exact resume needs: moments, and whatever else the plan marks.
pub fn saved_state(stage: &Stage) -> Vec<(ResidentId, Entry)> {
    let all = stage.residents.iter().enumerate();
    all.filter(|(_, r)| r.saved && !matches!(r.role, Role::Weight | Role::Master))
        .map(|(i, r)| (ResidentId(i as u32), entry(&r.name, r)))
        .collect()
}

fn entry(name: &str, resident: &Resident) -> Entry {
    Entry { name: name.to_owned(), dtype: resident.ty.dtype, shape: resident.ty.shape.to_vec() }
}

/// Name of the first weight that holds a number that is not finite.
///
/// # Errors
/// If a resident cannot be read.
pub fn first_not_finite(stage: &Stage, residents: &dyn Residents) -> Result<Option<String>, Diagnostic> {
    for weight in logical_weights(stage) {
        let bytes = residents.bytes(weight.precise)?;
        if !all_finite(weight.entry.dtype, &bytes) {
            return Ok(Some(weight.entry.name));
        }
    }
    Ok(None)
}

/// Reads a stored tensor into a resident, converting its type if it differs.
///
/// # Errors
/// `refuse` makes the message of a file that cannot be read or a type that cannot be converted.
pub fn read_into(
    file: &TensorFile,
    stored: &Stored,
    residents: &mut dyn Residents,
    (resident, entry): (ResidentId, &Entry),
    refuse: &dyn Fn(String) -> Diagnostic,
) -> Result<(), Diagnostic> {
    let unreadable = |e: std::io::Error| refuse(format!("`{}` cannot be read: {e}", entry.name));
    residents.fill(resident, &mut |out| {
        if stored.dtype == entry.dtype {
            return file.read(stored, out).map_err(unreadable);
        }
        let mut bytes = vec![0; stored.bytes];
        file.read(stored, &mut bytes).map_err(unreadable)?;
        let converted = convert(stored.dtype, &bytes, entry.dtype, out);
        let types = (stored.dtype.name(), entry.dtype.name());
        let message =
            || refuse(format!("`{}` cannot be converted from {} to {}", entry.name, types.0, types.1));
        if converted { Ok(()) } else { Err(message()) }
    })
}

/// Rounds the precise copy of a weight into the one that the forward pass reads, if there are two.
///
/// # Errors
/// If a resident cannot be accessed or the types do not convert.
pub fn refresh_working(
    stage: &Stage,
    residents: &mut dyn Residents,
    weight: &LogicalWeight,
) -> Result<(), Diagnostic> {
    let Some(working) = weight.working else { return Ok(()) };
    let Some(target) = stage.residents.get(working.index()) else { return Ok(()) };
    let precise = residents.bytes(weight.precise)?.into_owned();
    let (from, to) = (weight.entry.dtype, target.ty.dtype);
    residents.fill(working, &mut |out| {
        let message = || {
            let what = format!("`{}` cannot be rounded from {} to {}", target.name, from.name(), to.name());
            crate::run::codes::plan_not_runnable(&stage.name, what)
        };
        if convert(from, &precise, to, out) { Ok(()) } else { Err(message()) }
    })
}

/// Checks that a file holds these tensors with their shapes; lists what is missing and what does not fit.
pub fn compare<'a>(file: &TensorFile, wanted: impl Iterator<Item = &'a Entry>) -> (Vec<String>, Vec<String>) {
    let (mut missing, mut wrong) = (vec![], vec![]);
    for entry in wanted {
        match file.find(&entry.name) {
            None => missing.push(entry.name.clone()),
            Some(stored) if stored.shape != entry.shape => {
                wrong.push(format!("{}: {:?} instead of {:?}", entry.name, stored.shape, entry.shape));
            }
            Some(stored) if stored.dtype != entry.dtype && !stored.dtype.is_float() => {
                let types = (stored.dtype.name(), entry.dtype.name());
                wrong.push(format!("{}: {} instead of {}", entry.name, types.0, types.1));
            }
            Some(_) => {}
        }
    }
    (missing, wrong)
}

/// Loads all weights of a stage from a `weights.safetensors`; those of `fresh` stay as they began if it has none of them.
///
/// # Errors
/// If the file cannot be read or holds another model.
pub fn load_weights(
    stage: &Stage,
    residents: &mut dyn Residents,
    path: &Path,
    fresh: &[String],
    refuse: &dyn Fn(String) -> Diagnostic,
) -> Result<(), Diagnostic> {
    let file = TensorFile::open(path).map_err(refuse)?;
    let weights = logical_weights(stage);
    let (mut missing, wrong) = compare(&file, weights.iter().map(|w| &w.entry));
    if fresh.iter().all(|name| missing.contains(name)) {
        missing.retain(|name| !fresh.contains(name));
    }
    if !missing.is_empty() || !wrong.is_empty() {
        return Err(crate::run::codes::checkpoint_of_another_model(path, &missing, &wrong));
    }
    for weight in &weights {
        if let Some(stored) = file.find(&weight.entry.name) {
            read_into(&file, &stored, residents, (weight.precise, &weight.entry), refuse)?;
            refresh_working(stage, residents, weight)?;
        }
    }
    Ok(())
}

/// Loads everything besides the weights that an exact resume needs.
///
/// # Errors
/// If the file cannot be read or does not fit.
pub fn load_state(
    stage: &Stage,
    residents: &mut dyn Residents,
    path: &Path,
    refuse: &dyn Fn(String) -> Diagnostic,
) -> Result<(), Diagnostic> {
    let file = TensorFile::open(path).map_err(refuse)?;
    let state = saved_state(stage);
    let (missing, wrong) = compare(&file, state.iter().map(|(_, e)| e));
    if !missing.is_empty() || !wrong.is_empty() {
        return Err(crate::run::codes::checkpoint_of_another_model(path, &missing, &wrong));
    }
    for (resident, entry) in &state {
        if let Some(stored) = file.find(&entry.name) {
            read_into(&file, &stored, residents, (*resident, entry), refuse)?;
        }
    }
    Ok(())
}
