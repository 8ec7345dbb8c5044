//! Executes the plans on standard input, stage by stage.

use crate::arguments::RunPlans;
use crate::observer::Screen;
use crate::report::summary;
use crate::{complain, one};
use regimen_base::Diagnostic;
use regimen_base::diagnostic::any_errors;
use regimen_base::plan::Plan;
use regimen_cli::codes::{e0810, e0812};
use regimen_cli::exit::Exit;
use regimen_cli::output::{self, Terminal};
use regimen_cli::progress::DataProgress;
use regimen_data::Place;
use regimen_runtime::run::{End, INTERRUPTED, Interrupt, Job, Observe, Outcome, PROFILE, Start, launch};
use std::io::{self, BufRead as _};
use std::path::Path;
use std::process::ExitCode;

/// How the run of all plans ended.
enum Ended {
    /// All stages are done; problems were found and saved results are intact.
    Done(Vec<Diagnostic>),
    /// The user asked to stop.
    Interrupted,
}

/// Runs every stage of every plan, or the one that was asked for.
pub fn run(asked: &RunPlans, terminal: Terminal) -> ExitCode {
    let outcome = Interrupt::on_signals()
        .map_err(one)
        .and_then(|interrupt| Ok((read_plans().map_err(one)?, interrupt)))
        .and_then(|(plans, interrupt)| run_all(&plans, asked, &interrupt, terminal));
    match outcome {
        Ok(Ended::Done(problems)) if any_errors(&problems) => complain(problems, terminal).into(),
        Ok(Ended::Done(_)) => Exit::Fine.into(),
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
    let mut problems = vec![];
    for plan in plans {
        let stages = plan.content.stages.iter().map(|stage| stage.name.as_str());
        for stage in stages.filter(|name| asked.stage.as_deref().is_none_or(|only| only == *name)) {
            let outcome = run_stage(plan, stage, asked, interrupt, terminal)?;
            problems.extend(outcome.problems);
            if outcome.end == End::Interrupted {
                return Ok(Ended::Interrupted);
            }
        }
    }
    Ok(Ended::Done(problems))
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
