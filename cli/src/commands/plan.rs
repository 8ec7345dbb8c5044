//! `regimen plan`: what a run will do and need.

use crate::arguments::{Plan as Asked, PlanFormat};
use crate::exit::Exit;
use crate::files;
use crate::output::{self, Terminal};
use crate::project::{self, Variants};
use crate::render::Batch;
use crate::world::Effort;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;
use regimen_base::plan::{Plan, TokenizerPlan};
use regimen_base::trace::Trace;
use regimen_compiler::experiment::Experiment;
use regimen_compiler::planning::time;
use regimen_compiler::{codes, render};
use regimen_data::codes::e0562;
use std::path::{Path, PathBuf};

/// Plans the file and prints or writes the result.
pub fn plan(asked: &Asked, terminal: Terminal) -> Exit {
    let effort = match (asked.assume, asked.sample) {
        (true, _) => Effort::Cached,
        (_, true) => Effort::Sample,
        _ => Effort::Prepare,
    };
    let mut project = match project::open(
        &asked.file,
        &asked.changes,
        effort,
        Variants::Named,
        asked.stage.as_deref(),
        terminal,
    ) {
        Ok(project) => project,
        Err(batch) => return super::report(&[batch], terminal),
    };
    let plans = project.plan_something();
    project.diagnostics.extend(smaller_vocabularies(&plans));
    let experiments = project.front.experiments.clone();
    let exit = super::report(&[project.into_batch()], terminal);
    if exit != Exit::Fine {
        return exit;
    }
    match show(&plans, &experiments, asked) {
        Ok(()) => Exit::Fine,
        Err(diagnostic) => super::report(&[Batch::bare(vec![diagnostic])], terminal),
    }
}

/// Tokenizers that were trained and have fewer tokens than were asked for. A run says it when it prepares its data.
fn smaller_vocabularies(plans: &[Plan]) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = vec![];
    for TokenizerPlan { tokenizer, facts, .. } in
        plans.iter().flat_map(|plan| &plan.content.stages).map(|stage| &stage.tokenizer)
    {
        let measured = facts.certainty == Certainty::Measured;
        let asked = tokenizer.kind.asked_vocab().filter(|asked| measured && facts.vocab < *asked);
        let found = asked.map(|asked| e0562::vocabulary_not_reached(&tokenizer.name, asked, facts.vocab));
        told.extend(found.filter(|found| !told.contains(found)));
    }
    told
}

fn show(plans: &[Plan], experiments: &[Experiment], asked: &Asked) -> Result<(), Diagnostic> {
    let only = |plan: &Plan| project::only(plan.clone(), asked.stage.as_deref());
    let plans = plans.iter().map(only).collect::<Result<Vec<Plan>, Diagnostic>>()?;
    if let Some(path) = &asked.out {
        for (index, plan) in plans.iter().enumerate() {
            let path = numbered(path, index, plans.len());
            files::renew(&path, &json(plan)?, &["{\"format\":"])?;
            output::err(&format!("wrote {}\n", path.display()));
        }
    }
    match asked.format {
        PlanFormat::Text if asked.out.is_some() => {}
        PlanFormat::Text => {
            output::out(&plans.iter().map(render::text::text).collect::<Vec<_>>().join("\n"));
        }
        PlanFormat::Json => output::out(&json_of_all(&plans)?),
        PlanFormat::Dot => plans.iter().for_each(|plan| output::out(&render::dot::dot(plan, None))),
        PlanFormat::Trace => output::out(&trace(&plans, experiments)?),
    }
    Ok(())
}

/// One document, whatever is planned: the plan itself, or an array of the members of a sweep, each on its line.
fn json_of_all(plans: &[Plan]) -> Result<String, Diagnostic> {
    if let [plan] = plans {
        return json(plan);
    }
    let lines = plans.iter().map(json).collect::<Result<Vec<String>, Diagnostic>>()?;
    Ok(format!("[\n{}\n]\n", lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join(",\n")))
}

/// One timeline; members of a sweep are told apart by the names of its processes.
fn trace(plans: &[Plan], experiments: &[Experiment]) -> Result<String, Diagnostic> {
    let mut trace = Trace::default();
    for (plan, experiment) in plans.iter().zip(experiments) {
        let prefix = if plans.len() > 1 { format!("{}: ", experiment.name) } else { String::new() };
        time::trace(experiment, plan, &prefix, &mut trace);
    }
    let text = trace.to_json().map_err(|e| codes::e0801::not_expressible(&e.to_string()))?;
    Ok(text + "\n")
}

/// One line of JSON.
fn json(plan: &Plan) -> Result<String, Diagnostic> {
    let text = plan.to_json().map_err(|e| codes::e0801::not_expressible(&e.to_string()))?;
    Ok(text + "\n")
}

/// The members of a sweep are written to `plan-1.json`, `plan-2.json`, ….
fn numbered(path: &Path, index: usize, count: usize) -> PathBuf {
    if count == 1 {
        return path.to_path_buf();
    }
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}{ending}", index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_sweep_get_numbers() {
        assert_eq!(numbered(Path::new("a/plan.json"), 1, 3), Path::new("a/plan-2.json"));
        assert_eq!(numbered(Path::new("plan"), 0, 2), Path::new("plan-1"));
        assert_eq!(numbered(Path::new("plan.json"), 0, 1), Path::new("plan.json"));
    }
}
