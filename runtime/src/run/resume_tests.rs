//! Going on after a crash: the same bits as without it, or a refusal that says what differs.

use super::testing::{Bench, last_tensors, metrics, run, run_whole, stage};
use super::{End, Interrupt, Start};
use crate::checkpoint::Store;
use regimen_base::plan::Stage;
use regimen_base::program::Resident;
use regimen_base::schedule::{Action, HostValue, Period};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A run that was never interrupted.
fn reference(stage: &Stage) -> (Vec<serde_json::Value>, (Vec<u8>, Vec<u8>)) {
    let root = tempfile::tempdir().unwrap();
    run_whole(root.path(), stage, Start::New);
    (metrics(root.path()), last_tensors(root.path()))
}

#[test]
fn a_death_at_every_program_ends_in_the_same_bits() {
    let stage = stage();
    let expected = reference(&stage);
    // 3 samples + 1 + 12·3 + 4·3 + 3 samples: later deaths do not happen.
    for death in 0..56 {
        let root = tempfile::tempdir().unwrap();
        let mut bench = Bench::new(&stage);
        bench.dies_after = Some(death);
        let died = run(root.path(), &stage, &mut bench, Start::New, &Interrupt::manual()).0;
        assert_eq!(died.is_err(), death < 55, "death {death}");
        run_whole(root.path(), &stage, Start::Resume);
        assert_eq!((metrics(root.path()), last_tensors(root.path())), expected, "death {death}");
    }
}

#[test]
fn an_interrupted_run_saves_after_the_step_and_goes_on() {
    let stage = stage();
    let expected = reference(&stage);
    let root = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::manual();
    let mut bench = Bench::new(&stage);
    // In the middle of step 4: 1 + 3 samples + 3·3 + 3 evaluations + 1.
    bench.interrupts_after = Some((17, interrupt.clone()));
    let (outcome, diary) = run(root.path(), &stage, &mut bench, Start::New, &interrupt);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end, outcome.step), (End::Interrupted, 4));
    assert_eq!(diary.last().unwrap(), "checkpoint 4");
    let (outcome, diary) =
        run(root.path(), &stage, &mut Bench::new(&stage), Start::Resume, &Interrupt::manual());
    let outcome = outcome.unwrap();
    assert_eq!(outcome.end, End::Finished);
    // Of steps 5 to 12 alone: a chunk and 2 more tokens, 3 evaluations, 8 updates, 16 micro-steps.
    assert_eq!(outcome.measured.measured_flops, 20_109_081_600.0);
    assert_eq!(outcome.measured.planned_flops, 20_109_081_600.0);
    assert_eq!(diary[..2], ["started at Some(4)", "step 5/12"], "no second sample before the first step");
    assert_eq!((metrics(root.path()), last_tensors(root.path())), expected);
}

#[test]
fn a_damaged_newest_checkpoint_costs_steps_but_no_bits() {
    let stage = stage();
    let expected = reference(&stage);
    let root = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(&stage);
    bench.dies_after = Some(40);
    assert!(run(root.path(), &stage, &mut bench, Start::New, &Interrupt::manual()).0.is_err());
    let newest = crate::checkpoint::locate(&root.path().join("runs/e/pretrain")).unwrap();
    std::fs::write(newest.join("weights.safetensors"), "damaged").unwrap();
    let (outcome, diary) =
        run(root.path(), &stage, &mut Bench::new(&stage), Start::Resume, &Interrupt::manual());
    outcome.unwrap();
    assert_eq!(diary[0], "warning E0951");
    assert_eq!((metrics(root.path()), last_tensors(root.path())), expected);
}

#[test]
fn if_every_checkpoint_is_damaged_nothing_is_begun_again() {
    let stage = stage();
    let root = tempfile::tempdir().unwrap();
    run_whole(root.path(), &stage, Start::New);
    let checkpoints = root.path().join("runs/e/pretrain/checkpoints");
    for entry in std::fs::read_dir(&checkpoints).unwrap().flatten().filter(|e| e.path().is_dir()) {
        std::fs::write(entry.path().join("manifest.json"), "{}").unwrap();
    }
    let before = metrics(root.path());
    let (outcome, diary) =
        run(root.path(), &stage, &mut Bench::new(&stage), Start::Resume, &Interrupt::manual());
    assert_eq!(outcome.unwrap_err().code.0, "E0952");
    assert!(diary.iter().all(|d| d == "warning E0951"));
    assert_eq!(metrics(root.path()), before);
}

fn killed_at_step_six(root: &Path, stage: &Stage) {
    let mut bench = Bench::new(stage);
    bench.dies_after = Some(30);
    assert!(run(root, stage, &mut bench, Start::New, &Interrupt::manual()).0.is_err());
}

fn change(actions: &mut [Action], change_one: &mut dyn FnMut(&mut Action)) {
    for action in actions {
        change_one(action);
        if let Action::Repeat { body, .. } | Action::Every { body, .. } | Action::Fresh { body } = action {
            change(body, change_one);
        }
    }
}

#[test]
fn what_changes_the_numbers_is_refused_field_by_field() {
    let root = tempfile::tempdir().unwrap();
    killed_at_step_six(root.path(), &stage());
    let mut other = stage();
    change(&mut other.schedule, &mut |action| {
        if let Action::Set { value: HostValue::LearningRate(rate), .. } = action {
            rate.peak = 0.2;
        }
    });
    other.feeds[0].shuffle = Some(8);
    let (outcome, _) = run(root.path(), &other, &mut Bench::new(&other), Start::Resume, &Interrupt::manual());
    let error = outcome.unwrap_err();
    assert_eq!(error.code.0, "E0955");
    assert_eq!(error.notes, ["`experiment.seed` is another one.", "`optimizer.lr` was 0.1 and is now 0.2."]);
    // Nothing was touched: the old plan still goes on.
    assert_eq!(run_whole(root.path(), &stage(), Start::Resume).end, End::Finished);
}

#[test]
fn lists_of_another_length_are_told_by_their_lengths() {
    let root = tempfile::tempdir().unwrap();
    killed_at_step_six(root.path(), &stage());
    let mut other = stage();
    let scalar = Resident { name: "one more".into(), ..other.residents[3].clone() };
    other.residents.push(scalar);
    let (outcome, _) = run(root.path(), &other, &mut Bench::new(&other), Start::Resume, &Interrupt::manual());
    assert_eq!(outcome.unwrap_err().notes, ["`residents` was a list of 8 and is now a list of 9."]);
}

#[test]
fn policy_samples_and_byte_counts_may_change() {
    let root = tempfile::tempdir().unwrap();
    let expected = reference(&stage());
    killed_at_step_six(root.path(), &stage());
    let mut other = stage();
    change(&mut other.schedule, &mut |action| match action {
        Action::Checkpoint { policy } => (policy.every, policy.keep) = (Period::Steps(1), 1),
        Action::Sample { prompt, .. } => *prompt = "z".into(),
        _ => {}
    });
    other.target.hardware = "renamed".into();
    other.programs.get_mut("update").unwrap().peak_bytes += 8;
    run_whole(root.path(), &other, Start::Resume);
    let (lines, tensors) = (metrics(root.path()), last_tensors(root.path()));
    assert_eq!((lines, tensors), expected);
}

#[test]
fn another_machine_is_a_warning() {
    let root = tempfile::tempdir().unwrap();
    let stage = stage();
    killed_at_step_six(root.path(), &stage);
    let mut bench = Bench::new(&stage);
    bench.machine = "another bench";
    let (outcome, diary) = run(root.path(), &stage, &mut bench, Start::Resume, &Interrupt::manual());
    outcome.unwrap();
    assert_eq!(diary[0], "warning E0965");
}

#[test]
fn a_finished_run_is_not_run_again_unless_replaced() {
    let root = tempfile::tempdir().unwrap();
    let stage = stage();
    run_whole(root.path(), &stage, Start::New);
    let again = run(root.path(), &stage, &mut Bench::new(&stage), Start::New, &Interrupt::manual()).0;
    assert_eq!(again.unwrap_err().code.0, "E0954");
    assert_eq!(run_whole(root.path(), &stage, Start::Resume).end, End::WasFinished);
    assert_eq!(run_whole(root.path(), &stage, Start::Replace).end, End::Finished);
    assert!(root.path().join("runs/e/pretrain.1/metrics.jsonl").is_file());
}

const CHILD: &str = "REGIMEN_TEST_RUN_IN";

/// The process that the next test kills.
#[test]
#[ignore = "started by kill_minus_nine_at_fifty_instants_ends_in_the_same_bits"]
fn child_process() {
    let Ok(root) = std::env::var(CHILD) else { return };
    let stage = slow_stage();
    let mut bench = Bench::new(&stage);
    bench.pause = Duration::from_millis(2);
    run(Path::new(&root), &stage, &mut bench, Start::Resume, &Interrupt::manual()).0.unwrap();
}

/// Saves after every second step, so that many kills hit a checkpoint being written.
fn slow_stage() -> Stage {
    let mut stage = stage();
    change(&mut stage.schedule, &mut |action| {
        if let Action::Checkpoint { policy } = action {
            policy.every = Period::Steps(2);
        }
    });
    stage
}

#[test]
#[cfg(unix)]
fn kill_minus_nine_at_fifty_instants_ends_in_the_same_bits() {
    let stage = slow_stage();
    let expected = reference(&stage);
    let root = tempfile::tempdir().unwrap();
    let length = undisturbed_length(root.path());
    let mut kills = 0;
    let mut delay = 0;
    let mut left_at = std::collections::BTreeSet::new();
    while kills < 50 {
        // Up to half the length of a run, each time another part of it: most children resume from some checkpoint.
        delay = (delay * 7_919 + 104_729) % 100_003;
        let mut child = start_child(root.path());
        std::thread::sleep(length.mul_f64(delay as f64 / 200_006.0));
        let done = child.try_wait().unwrap();
        // SIGKILL on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
        match done {
            Some(status) => {
                assert!(status.success());
                assert_eq!(
                    (metrics(root.path()), last_tensors(root.path())),
                    expected,
                    "after {kills} kills"
                );
                std::fs::remove_dir_all(root.path().join("runs")).unwrap();
            }
            None => {
                kills += 1;
                let checkpoints = root.path().join("runs/e/pretrain/checkpoints");
                left_at.insert(Store::open(&checkpoints).unwrap().steps().last().copied());
            }
        }
    }
    assert!(left_at.len() >= 4, "kills hit the same place again and again: {left_at:?}");
    run_whole(root.path(), &stage, Start::Resume);
    assert_eq!((metrics(root.path()), last_tensors(root.path())), expected);
}

/// A child that has begun its run.
#[cfg(unix)]
fn start_child(root: &Path) -> std::process::Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "run::resume_tests::child_process", "--ignored"])
        .env(CHILD, root)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_lock(root, &mut child);
    child
}

/// How long a run takes that nobody kills; it leaves nothing behind.
#[cfg(unix)]
fn undisturbed_length(root: &Path) -> Duration {
    let mut child = start_child(root);
    let began = std::time::Instant::now();
    assert!(child.wait().unwrap().success());
    std::fs::remove_dir_all(root.join("runs")).unwrap();
    began.elapsed()
}

/// Loading the program takes longer than the run: the clock starts when the run has its folder.
#[cfg(unix)]
fn wait_for_lock(root: &Path, child: &mut std::process::Child) {
    let lock = root.join("runs/e/pretrain/lock");
    let holder = format!("{}\n", child.id());
    while std::fs::read_to_string(&lock).unwrap_or_default() != holder && child.try_wait().unwrap().is_none()
    {
        std::thread::sleep(Duration::from_micros(100));
    }
}
