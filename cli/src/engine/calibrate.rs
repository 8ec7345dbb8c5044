//! `regimen calibrate`: times the compiler's own experiments on this machine and keeps the speeds that follow.

use crate::one;
use regimen_base::Diagnostic;
use regimen_base::plan::{Backend, Stage};
use regimen_base::tensor::Mesh;
use regimen_cli::arguments::Calibrate;
use regimen_cli::codes::{e0811, e0817, e0818};
use regimen_cli::{calibration, files, output};
use regimen_compiler::experiment::{Mode, Storage};
use regimen_compiler::front::{Options, load};
use regimen_compiler::planning::calibrate::{Timed, experiments, fit, toml};
use regimen_compiler::world::MemoryWorld;
use regimen_compiler::{hardware, planning};
use regimen_runtime::checkpoint::trial;
use regimen_runtime::cuda::Cuda;
use regimen_runtime::execute::{Executable, Place, Recorded, Watch};
use regimen_runtime::library;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Repetitions; the median of each instruction counts.
const ROUNDS: usize = 3;
/// The programs that a training's time is made of. On a GPU, where a round takes tens of milliseconds, the others have one.
const EVERY_STEP: [&str; 2] = ["micro_step", "update"];

/// Measures, fits and writes.
pub fn calibrate(asked: &Calibrate) -> Result<(), Vec<Diagnostic>> {
    let mut timed = vec![];
    let entry = hardware::built_in().find(|entry| entry.name == asked.hardware);
    let backend = entry.map_or(Backend::Cpu, |entry| entry.backend);
    let device = entry.and_then(|entry| entry.device.as_deref());
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    match asked.threads {
        Some(_) if backend == Backend::Cuda => return Err(one(e0818::threads(&asked.hardware))),
        Some(threads) if threads > cores => return Err(one(e0817::too_many_threads(threads, cores))),
        _ => {}
    }
    let threads = (backend == Backend::Cpu).then(|| asked.threads.unwrap_or(cores));
    let target = target(&asked.hardware, backend, threads).map_err(one)?;
    let texts = experiments(&asked.hardware, backend, threads);
    let mut open: Option<(bool, Place)> = None;
    for (index, (mode, text)) in texts.iter().enumerate() {
        output::err(&format!("measuring {} of {} …\n", index + 1, texts.len()));
        if open.as_ref().is_none_or(|(reproducible, _)| *reproducible != mode.reproducible) {
            let place = place(&asked.hardware, backend, device, mode.reproducible).map_err(one)?;
            open = Some((mode.reproducible, place));
        }
        if let Some((_, place)) = &open {
            timed.extend(time_stage(place, &plan(text)?, *mode).map_err(one)?);
        }
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| one(e0811::unwritable(folder, &error)))?;
    let storage = storage().map_err(one)?;
    files::write(&target, &toml(&fit(&timed, storage))).map_err(one)?;
    let with =
        threads.map_or(String::new(), |n| format!(" with {n} thread{}", if n == 1 { "" } else { "s" }));
    output::out(&format!("calibrated `{}`{with}: wrote {}\n", asked.hardware, target.display()));
    Ok(())
}

/// Where the calibration goes, if there is hardware of this name that can be measured here.
fn target(name: &str, backend: Backend, threads: Option<u64>) -> Result<PathBuf, Diagnostic> {
    if !hardware::built_in().any(|entry| entry.name == name) {
        return Err(e0818::unknown(name, hardware::built_in().map(|entry| entry.name.as_str())));
    }
    let kept = hardware::calibration_name(name, backend, threads.unwrap_or(0));
    calibration::path(&kept).ok_or_else(e0817::nowhere)
}

/// What checkpoints cost in the working directory: a small and a large one, written and removed.
fn storage() -> Result<Storage, Diagnostic> {
    const LARGE: usize = 64 << 20;
    let here = Path::new(".");
    let one = |bytes| -> Result<f64, Diagnostic> {
        let times: std::io::Result<Vec<f64>> = (0..ROUNDS).map(|_| trial::seconds(here, bytes)).collect();
        Ok(median(times.map_err(|error| e0811::unwritable(here, &error))?))
    };
    let (small, large) = (one(0)?, one(LARGE)?);
    Ok(Storage { seconds: small, bandwidth: LARGE as f64 / (large - small).max(1e-3) })
}

/// The single stage of an experiment of the compiler.
fn plan(text: &str) -> Result<Stage, Vec<Diagnostic>> {
    let world = MemoryWorld::with("calibration.exp", text);
    let (front, diagnostics) = load(&world, "calibration.exp", &Options::default());
    let Some(experiment) = front.experiments.first() else { return Err(diagnostics) };
    let (plan, diagnostics) = planning::plan(experiment, front.sources()).plan();
    plan.and_then(|plan| plan.content.stages.into_iter().next()).ok_or(diagnostics)
}

/// Where programs are timed. A GPU must be the one that the catalogue's entry describes.
fn place(
    name: &str,
    backend: Backend,
    device: Option<&str>,
    reproducible: bool,
) -> Result<Place, Diagnostic> {
    if backend == Backend::Cpu {
        return Ok(Place::Host(Mesh::default()));
    }
    // What is missing is said in words of plans, of which there is none here.
    let cuda = Cuda::open(reproducible)
        .map_err(|why| e0817::no_gpu(name, why.title.trim_start_matches("the plan is for a GPU, but ")))?;
    match device.filter(|device| *device != cuda.card().name) {
        Some(device) => Err(e0817::another_card(device, &cuda.card().name)),
        None => Ok(Place::Gpu(Rc::new(cuda))),
    }
}

/// Times every instruction of every program of a stage.
fn time_stage(place: &Place, stage: &Stage, mode: Mode) -> Result<Vec<Timed>, Diagnostic> {
    library::start(usize::try_from(stage.target.threads.max(1)).unwrap_or(usize::MAX))?;
    let residents: Result<Vec<_>, Diagnostic> = stage.residents.iter().map(|r| place.zeros(&r.ty)).collect();
    let residents = residents?;
    let mut timed = vec![];
    // Products of zeros take less power, and a GPU's clock follows the power: weights are as at the start of a training.
    if let Some(initialise) = stage.programs.get("initialise") {
        Executable::on(place.clone(), initialise.clone())?.run(&residents, vec![], &mut Watch::default())?;
    }
    let round = |executable: &mut Executable| {
        let mut watch = Watch::timed(executable);
        let inputs = executable.example_inputs(stage.model.vocab)?;
        executable.run(&residents, inputs, &mut watch)?;
        Ok(watch.times.iter().map(Duration::as_secs_f64).collect::<Vec<f64>>())
    };
    for (name, program) in &stage.programs {
        let mut executable = Executable::on(place.clone(), program.clone())?;
        // The first round fills caches and does not count.
        round(&mut executable)?;
        let recorded = executable.recorded(&residents, stage.model.vocab)?;
        let (mut rounds, mut whole) = (vec![], vec![]);
        let seldom = recorded.is_some() && !EVERY_STEP.contains(&name.as_str());
        let times = if seldom { 1 } else { ROUNDS };
        for _ in 0..times {
            whole.extend(recorded.as_ref().map(Recorded::replay).transpose()?);
            rounds.push(round(&mut executable)?);
        }
        let whole = (!whole.is_empty()).then(|| median(whole));
        timed.push(Timed::new(mode, program, &medians(&rounds), whole));
    }
    Ok(timed)
}

/// The median of each instruction over the rounds.
fn medians(rounds: &[Vec<f64>]) -> Vec<f64> {
    let instructions = rounds.first().map_or(0, Vec::len);
    let of = |index: usize| median(rounds.iter().filter_map(|round| round.get(index).copied()).collect());
    (0..instructions).map(of).collect()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
}
