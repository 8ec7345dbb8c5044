//! `regimen run`: proves the experiment, then hands the plan to the engine.

use crate::arguments::{Color, Run};
use crate::codes::{e0811, e0812};
use crate::engine;
use crate::exit::Exit;
use crate::files;
use crate::output::Terminal;
use crate::project::{self, Variants, only};
use crate::render::Batch;
use crate::shell::quoted;
use crate::world::{Effort, folder_of};
use regimen_base::Diagnostic;
use regimen_base::plan::Plan;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};

/// Plans of large models with every instruction are tens of megabytes.
const LARGEST_PLAN: u64 = 4 << 30;

/// Runs an experiment, every member of its sweeps, or a plan.
pub fn run(asked: &Run, color: Color, terminal: Terminal) -> Exit {
    // Asked first: nobody wants to prepare data for a run that cannot begin.
    let engine = match engine::required("run") {
        Ok(engine) => engine,
        Err(diagnostic) => return super::report(&[Batch::bare(vec![diagnostic])], terminal),
    };
    let plans = match plans(asked, terminal) {
        Ok(plans) => plans,
        Err(exit) => return exit,
    };
    let outcome = checked(plans, asked.stage.as_deref())
        .and_then(|plans| package(&plans))
        .and_then(|input| engine::hand_over(&engine, arguments(asked, color), Some(input)));
    outcome.unwrap_or_else(|diagnostic| super::report(&[Batch::bare(vec![diagnostic])], terminal))
}

/// The plans of the file, or how to end after their mistakes were reported.
fn plans(asked: &Run, terminal: Terminal) -> Result<Vec<Plan>, Exit> {
    if asked.file.extension().is_some_and(|ending| ending == "json") {
        return read_plans(asked).map_err(|d| super::report(&[Batch::bare(vec![d])], terminal));
    }
    let mut project =
        project::open(&asked.file, &asked.changes, Effort::Prepare, Variants::Named, None, terminal)
            .map_err(|batch| super::report(&[batch], terminal))?;
    let plans = project.plan_something();
    match super::report(&[project.into_batch()], terminal) {
        Exit::Fine => Ok(plans),
        exit => Err(exit),
    }
}

fn read_plans(asked: &Run) -> Result<Vec<Plan>, Diagnostic> {
    if !asked.changes.set.is_empty() || asked.changes.variant.is_some() {
        return Err(e0812::changed(&asked.file));
    }
    let text = files::read(&asked.file, LARGEST_PLAN)?;
    let plan = Plan::from_json(&text).map_err(|why| e0812::unusable(&asked.file, &why))?;
    if plan.content.stages.is_empty() {
        return Err(e0812::unusable(&asked.file, "it has no stages, so there is nothing to run"));
    }
    Ok(vec![plan])
}

/// The plans, if the stage that is asked for exists in all of them.
fn checked(plans: Vec<Plan>, stage: Option<&str>) -> Result<Vec<Plan>, Diagnostic> {
    for plan in plans.iter().filter(|_| stage.is_some()) {
        only(plan.clone(), stage)?;
    }
    Ok(plans)
}

/// An unnamed file with one plan a line: the engine's standard input.
fn package(plans: &[Plan]) -> Result<File, Diagnostic> {
    let failed = |error: io::Error| e0811::unwritable(&std::env::temp_dir(), &error);
    let mut file = tempfile::tempfile().map_err(failed)?;
    for plan in plans {
        let text = plan.to_json().map_err(|e| failed(io::Error::other(e)))?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// The engine's command line.
fn arguments(asked: &Run, color: Color) -> Vec<OsString> {
    let root = asked.root.as_deref().unwrap_or_else(|| folder_of(&asked.file));
    let mut arguments = super::color_arguments(color);
    arguments.extend(["run-plans".into(), "--root".into(), root.into()]);
    arguments.extend(["--resume-command".into(), resume_command(asked).into()]);
    if let Some(stage) = &asked.stage {
        arguments.extend(["--stage".into(), stage.into()]);
    }
    let switches = [
        (asked.resume, "--resume"),
        (asked.fresh, "--fresh"),
        (asked.check_memory, "--check-memory"),
        (asked.profile, "--profile"),
        (asked.changes.allow_outside, "--allow-outside"),
    ];
    arguments.extend(switches.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.into()));
    arguments
}

/// How the user goes on after an interruption: the same command, resumed.
fn resume_command(asked: &Run) -> String {
    let mut parts = vec!["regimen".to_string(), "run".to_string(), quoted(&asked.file.to_string_lossy())];
    if let Some(stage) = &asked.stage {
        parts.extend(["--stage".to_string(), quoted(stage)]);
    }
    if let Some(variant) = &asked.changes.variant {
        parts.extend(["--variant".to_string(), quoted(variant)]);
    }
    for (path, value) in &asked.changes.set {
        parts.extend(["--set".to_string(), quoted(&format!("{path}={value}"))]);
    }
    if asked.changes.allow_outside {
        parts.push("--allow-outside".to_string());
    }
    if let Some(root) = &asked.root {
        parts.extend(["--root".to_string(), quoted(&root.to_string_lossy())]);
    }
    parts.push("--resume".to_string());
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{Arguments, Command};
    use clap::Parser as _;

    fn asked(words: &[&str]) -> Run {
        match Arguments::try_parse_from(words).unwrap().command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_interrupted_run_is_resumed_with_the_same_changes() {
        let run =
            asked(&["regimen", "run", "my exp.exp", "--set", "a.b=\"it's\"", "--stage", "sft", "--fresh"]);
        assert_eq!(
            resume_command(&run),
            r#"regimen run 'my exp.exp' --stage sft --set 'a.b="it'\''s"' --resume"#
        );
    }

    #[test]
    fn the_engine_is_told_folder_stage_and_switches() {
        let run = asked(&["regimen", "run", "lab/a.exp", "--resume", "--stage", "x"]);
        let words = arguments(&run, Color::Never);
        let words: Vec<&str> = words.iter().map(|w| w.to_str().unwrap()).collect();
        assert_eq!(words[..5], ["--color", "never", "run-plans", "--root", "lab"]);
        assert_eq!(words[7..], ["--stage", "x", "--resume"]);
    }
}
