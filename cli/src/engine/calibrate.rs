//! `regimen calibrate`: times the compiler's own experiments on this machine and keeps the speeds that follow.

use crate::one;
use regimen_base::Diagnostic;
use regimen_base::plan::{Backend, Stage};
use regimen_base::program::Program;
use regimen_cli::arguments::Calibrate;
use regimen_cli::codes::{e0811, e0817};
use regimen_cli::{calibration, files, output};
use regimen_compiler::experiment::Precision;
use regimen_compiler::front::{Options, load};
use regimen_compiler::planning::calibrate::{Timed, experiments, fit, toml};
use regimen_compiler::world::MemoryWorld;
use regimen_compiler::{hardware, planning};
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::library;
use std::path::{Path, PathBuf};

/// Repetitions; the median of each instruction counts.
const ROUNDS: usize = 9;

/// Measures, fits and writes.
pub fn calibrate(asked: &Calibrate) -> Result<(), Vec<Diagnostic>> {
    let target = target(&asked.hardware).map_err(one)?;
    let mut timed = vec![];
    let texts = experiments(&asked.hardware, Backend::Cpu, asked.threads);
    for (index, (precision, text)) in texts.iter().enumerate() {
        output::err(&format!("measuring {} of {} …\n", index + 1, texts.len()));
        timed.extend(time_stage(&plan(text)?, *precision).map_err(one)?);
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| one(e0811::unwritable(folder, &error)))?;
    files::write(&target, &toml(&fit(&timed))).map_err(one)?;
    output::out(&format!("calibrated `{}`: wrote {}\n", asked.hardware, target.display()));
    Ok(())
}

/// Where the calibration goes, if there is hardware of this name that can be measured here.
fn target(name: &str) -> Result<PathBuf, Diagnostic> {
    let here = || hardware::built_in().filter(|entry| entry.backend == Backend::Cpu);
    if !here().any(|entry| entry.name == name) {
        return Err(e0817::not_measurable(name, here().map(|entry| entry.name.as_str())));
    }
    calibration::path(name).ok_or_else(e0817::nowhere)
}

/// The single stage of an experiment of the compiler.
fn plan(text: &str) -> Result<Stage, Vec<Diagnostic>> {
    let world = MemoryWorld::with("calibration.exp", text);
    let (front, diagnostics) = load(&world, "calibration.exp", &Options::default());
    let Some(experiment) = front.experiments.first() else { return Err(diagnostics) };
    let (plan, diagnostics) = planning::plan(experiment, front.sources()).plan();
    plan.and_then(|plan| plan.content.stages.into_iter().next()).ok_or(diagnostics)
}

/// Times every instruction of every program of a stage.
fn time_stage(stage: &Stage, precision: Precision) -> Result<Vec<Timed>, Diagnostic> {
    library::start(usize::try_from(stage.target.threads).unwrap_or(usize::MAX))?;
    let residents: Result<Vec<_>, Diagnostic> =
        stage.residents.iter().map(|r| library::full(&r.ty, 0.0)).collect();
    let residents = residents?;
    let mut timed = vec![];
    for program in stage.programs.values() {
        let mut executable = Executable::new(program.clone())?;
        let mut rounds = vec![];
        // The first round fills caches and does not count.
        for round in 0..=ROUNDS {
            let mut watch = Watch::timed(&executable);
            let mut inputs = executable.allocate_inputs()?;
            // One is a valid token, label, position and divisor.
            for input in &mut inputs {
                if let Err(why) = input.f_fill_(1.0) {
                    return Err(e0817::failed(&program.name, &why.to_string()));
                }
            }
            executable.run(&residents, inputs, &mut watch)?;
            if round > 0 {
                rounds.push(watch.times.iter().map(|time| time.as_secs_f64()).collect::<Vec<f64>>());
            }
        }
        timed.extend(medians(program, precision, &rounds));
    }
    Ok(timed)
}

fn medians(program: &Program, precision: Precision, rounds: &[Vec<f64>]) -> Vec<Timed> {
    let median = |index: usize| {
        let mut seconds: Vec<f64> = rounds.iter().filter_map(|round| round.get(index).copied()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied()
    };
    let instructions = program.instructions.iter().enumerate();
    instructions
        .filter_map(|(index, i)| Some(Timed { precision, instruction: i.clone(), seconds: median(index)? }))
        .collect()
}
