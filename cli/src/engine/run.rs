//! Executes the plans on standard input, stage by stage.

use crate::arguments::RunPlans;
use crate::folds::{Member, together};
use crate::observer::Screen;
use crate::report::summary;
use crate::{complain, one};
use regimen_base::Diagnostic;
use regimen_base::diagnostic::any_errors;
use regimen_base::plan::{Plan, Stage};
use regimen_cli::codes::{e0810, e0812};
use regimen_cli::exit::Exit;
use regimen_cli::output::{self, Terminal};
use regimen_cli::progress::DataProgress;
use regimen_data::Place;
use regimen_runtime::run::codes;
use regimen_runtime::run::{End, INTERRUPTED, Interrupt, Job, Observe, Outcome, PROFILE, Start, launch};
use std::io::{self, BufRead as _};
use std::path::Path;
use std::process::ExitCode;

/// How the run of all plans ended.
enum Ended {
    /// All stages are done; problems were found and saved results are intact.
    Done(Vec<Diagnostic>),
    /// The same, but members of the sweep failed, and were reported.
    Failed(Vec<Diagnostic>),
    /// The user asked to stop.
    Interrupted,
}

/// Runs every stage of every plan, or the one that was asked for.
pub fn run(asked: &RunPlans, terminal: Terminal) -> ExitCode {
    let outcome = Interrupt::on_signals(|text| {
        output::err(text);
    })
    .map_err(one)
    .and_then(|interrupt| Ok((read_plans().map_err(one)?, interrupt)))
    .and_then(|(plans, interrupt)| run_all(&plans, asked, &interrupt, terminal));
    match outcome {
        Ok(Ended::Done(problems)) if any_errors(&problems) => complain(problems, terminal).into(),
        Ok(Ended::Done(_)) => Exit::Fine.into(),
        Ok(Ended::Failed(problems)) => {
            if !problems.is_empty() {
                complain(problems, terminal);
            }
            Exit::Errors.into()
        }
        Ok(Ended::Interrupted) => {
            output::err(&format!("saved; go on with\n  {}\n", asked.resume_command));
            ExitCode::from(u8::try_from(INTERRUPTED).unwrap_or(1))
        }
        Err(diagnostics) => complain(diagnostics, terminal).into(),
    }
}

fn read_plans() -> Result<Vec<Plan>, Diagnostic> {
    let input = Path::new("standard input");
    let mut plans = vec![];
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| e0810::unreadable(input, &error))?;
        plans.push(Plan::from_json(&line).map_err(|why| e0812::unusable(input, &why))?);
    }
    Ok(plans)
}

fn run_all(
    plans: &[Plan],
    asked: &RunPlans,
    interrupt: &Interrupt,
    terminal: Terminal,
) -> Result<Ended, Vec<Diagnostic>> {
    let (mut problems, mut failed, mut members) = (vec![], vec![], vec![]);
    for plan in plans {
        match run_plan(plan, asked, interrupt, terminal, &mut members) {
            Ok(Some(found)) => problems.extend(found),
            Ok(None) => {
                list(&failed, plans.len());
                return Ok(Ended::Interrupted);
            }
            // One member that diverges in the first hour must not cost the night of the others. But what was refused before
            // anything ran was asked wrongly, for all of them.
            Err(diagnostics) if plans.len() > 1 && !diagnostics.iter().any(codes::is_refusal) => {
                failed.push((plan.content.experiment.as_str(), title(&diagnostics)));
                complain(diagnostics, terminal);
            }
            Err(diagnostics) => {
                list(&failed, plans.len());
                return Err(diagnostics);
            }
        }
    }
    for folds in together(members) {
        output::out(&folds.text());
        let path = folds.write(&asked.root).map_err(one)?;
        output::out(&format!("  {}\n", path.display()));
    }
    list(&failed, plans.len());
    Ok(if failed.is_empty() { Ended::Done(problems) } else { Ended::Failed(problems) })
}

/// What the first error says.
fn title(diagnostics: &[Diagnostic]) -> String {
    diagnostics.first().map(|first| format!("{} ({})", first.title, first.code)).unwrap_or_default()
}

/// Says at the end which members failed: their messages are far above by then.
fn list(failed: &[(&str, String)], members: usize) {
    if !failed.is_empty() {
        output::err(&format!("{} of {members} members of the sweep failed:\n", failed.len()));
    }
    for (member, why) in failed {
        output::err(&format!("  {member}: {why}\n"));
    }
}

/// Runs the stages of one plan: what was found wrong with what they saved, or nothing if the user asked to stop.
fn run_plan(
    plan: &Plan,
    asked: &RunPlans,
    interrupt: &Interrupt,
    terminal: Terminal,
    members: &mut Vec<Member>,
) -> Result<Option<Vec<Diagnostic>>, Vec<Diagnostic>> {
    let mut problems = vec![];
    let wanted = |stage: &&Stage| asked.stage.as_deref().is_none_or(|only| only == stage.name);
    for stage in plan.content.stages.iter().filter(wanted) {
        let outcome = run_stage(plan, &stage.name, asked, interrupt, terminal)?;
        let member = Member::of(plan, stage, &outcome.folder);
        members.extend(member.map_err(|error| one(e0810::unreadable(&outcome.folder, &error)))?);
        problems.extend(outcome.problems);
        if outcome.end == End::Interrupted {
            return Ok(None);
        }
    }
    Ok(Some(problems))
}

fn run_stage(
    plan: &Plan,
    stage: &str,
    asked: &RunPlans,
    interrupt: &Interrupt,
    terminal: Terminal,
) -> Result<Outcome, Vec<Diagnostic>> {
    let start = match (asked.resume, asked.fresh) {
        (true, _) => Start::Resume,
        (_, true) => Start::Replace,
        _ => Start::New,
    };
    let observe = match (asked.check_memory, asked.profile) {
        (true, _) => Observe::EveryInstruction,
        (_, true) => Observe::Times,
        _ => Observe::Peak,
    };
    let place = Place { outside: asked.allow_outside, ..Place::new(&asked.root) };
    let job = Job { plan, stage, root: &asked.root, start, interrupt };
    let mut screen = Screen::new(terminal);
    let outcome = launch(&job, &place, observe, &mut DataProgress::new(terminal), &mut screen);
    screen.finish();
    let outcome = outcome?;
    if let Some(planned) = plan.stage(stage) {
        let report = plan.reports.iter().find(|report| report.stage == stage);
        output::out(&summary(planned, report, screen.steps(), &outcome));
        if observe == Observe::Times {
            let path = outcome.folder.join(PROFILE);
            output::out(&format!(
                "timeline of the instructions: {} (Perfetto or chrome://tracing shows it)\n",
                path.display()
            ));
        }
    }
    Ok(outcome)
}
