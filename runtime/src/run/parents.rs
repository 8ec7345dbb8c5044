//! The stage that another one starts from: whether it is the one of the plan, done to its end, and still the one that a
//! run began with. Otherwise the child would be called a result of something that it is not.

use super::{RunFolder, codes, numerics};
use crate::checkpoint::{Checkpoint, Parent, Store, names};
use regimen_base::Diagnostic;
use regimen_base::plan::{Plan, Stage};
use regimen_base::schedule::{Action, WeightSource};
use std::path::Path;

/// The checkpoint that the stage starts from, as it is now. None if it starts from no stage, or if nothing is there:
/// whoever needs the weights says so.
///
/// # Errors
/// If it was not trained to its end, or is not what the plan would train, or its own parent was replaced since.
pub fn current(plan: &Plan, root: &Path, stage: &Stage) -> Result<Option<Parent>, Diagnostic> {
    let Some((parent, which)) = source(&stage.schedule) else { return Ok(None) };
    let checkpoints = RunFolder::path_of(root, &plan.content.experiment, parent)?.join("checkpoints");
    let Some(last) = Checkpoint::glance(&checkpoints.join("last")) else { return Ok(None) };
    if !last.manifest.finished {
        return Err(codes::parent_unfinished(&stage.name, parent, last.manifest.step));
    }
    if let Some(planned) = earlier(plan, stage, parent) {
        as_planned(&stage.name, &last, planned)?;
        unchanged(parent, last.manifest.parent.as_ref(), current(plan, root, planned)?.as_ref())?;
    }
    let found = Checkpoint::glance(&checkpoints.join(which)).map(|c| c.manifest);
    Ok(found.and_then(|manifest| {
        let weights = manifest.files.get(names::WEIGHTS)?.sha256.clone();
        Some(Parent { stage: parent.to_owned(), which: which.to_owned(), step: manifest.step, weights })
    }))
}

/// Refuses to begin without the weights that the stage starts from.
///
/// # Errors
/// If the stage that it starts from has left no such checkpoint.
pub fn present(plan: &Plan, root: &Path, stage: &Stage) -> Result<(), Diagnostic> {
    let Some((parent, which)) = source(&stage.schedule) else { return Ok(()) };
    let run = RunFolder::path_of(root, &plan.content.experiment, parent)?;
    Store::named(&run.join("checkpoints"), which).map(|_| ())
}

/// Refuses to go on with a run that began with other weights than its parent has now. If one of them is not known
/// (removed to save space, or noted by no earlier version), nothing contradicts.
///
/// # Errors
/// If the weights differ.
pub fn unchanged(stage: &str, begun: Option<&Parent>, now: Option<&Parent>) -> Result<(), Diagnostic> {
    match (begun, now) {
        (Some(begun), Some(now)) if begun.weights != now.weights => {
            Err(codes::parent_replaced(stage, &begun.stage, begun.step))
        }
        _ => Ok(()),
    }
}

/// The stage of this name, if it comes before the other one: only such a stage can be its parent.
fn earlier<'a>(plan: &'a Plan, stage: &Stage, parent: &str) -> Option<&'a Stage> {
    let before = plan.content.stages.iter().take_while(|s| s.name != stage.name);
    before.into_iter().find(|s| s.name == parent)
}

/// Compares what the checkpoint was trained by with what is planned. Another machine computes the same experiment.
fn as_planned(child: &str, last: &Checkpoint, planned: &Stage) -> Result<(), Diagnostic> {
    let inexpressible = |e: serde_json::Error| codes::plan_not_runnable(&planned.name, e.to_string());
    if numerics::key(planned).map_err(inexpressible)? == last.manifest.numerics {
        return Ok(());
    }
    let plan = last.plan()?;
    let Some(trained) = plan.stage(&planned.name) else { return Ok(()) };
    let mut differences = numerics::differences(trained, planned).map_err(inexpressible)?;
    differences.retain(|d| !d.field.starts_with("target."));
    if differences.is_empty() {
        return Ok(());
    }
    Err(codes::parent_of_another_plan(child, &planned.name, &differences))
}

/// The stage whose weights are loaded, and which of its checkpoints.
fn source(actions: &[Action]) -> Option<(&str, &str)> {
    actions.iter().find_map(|action| match action {
        Action::Load { from: WeightSource::Stage(stage, which) } => Some((stage.as_str(), which.as_str())),
        Action::Fresh { body } | Action::Repeat { body, .. } | Action::Every { body, .. } => source(body),
        _ => None,
    })
}
