//! The schedule on hand-made programs: order of what happens, evaluation, stopping, refusals.

use super::testing::{Bench, last_tensors, metrics, run, run_whole, stage};
use super::{End, Interrupt, Start};
use regimen_base::plan::Stage;
use regimen_base::schedule::{Action, Period};

/// The actions of one step.
fn body(stage: &mut Stage) -> &mut Vec<Action> {
    stage
        .schedule
        .iter_mut()
        .find_map(|a| match a {
            Action::Repeat { body, .. } => Some(body),
            _ => None,
        })
        .unwrap()
}

fn watch(stage: &mut Stage) -> &mut regimen_base::schedule::Watch {
    body(stage)
        .iter_mut()
        .find_map(|a| match a {
            Action::Every { body, .. } => body.iter_mut().find_map(|a| match a {
                Action::Evaluate { watch, .. } => watch.as_mut(),
                _ => None,
            }),
            _ => None,
        })
        .unwrap()
}

#[test]
fn everything_happens_in_the_order_of_the_schedule() {
    let root = tempfile::tempdir().unwrap();
    let stage = stage();
    let (outcome, diary) =
        run(root.path(), &stage, &mut Bench::new(&stage), Start::New, &Interrupt::manual());
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end, outcome.step), (End::Finished, 12));
    assert!(outcome.problems.is_empty());
    assert_eq!(outcome.measured.measured_bytes, Some(700));
    assert_eq!(outcome.measured.tokens, 12 * 4 * 8);
    // 2 chunks and 4 more tokens, 4 evaluations of 3 batches, 12 updates, 24 micro-steps, 1 initialisation.
    assert_eq!(outcome.measured.measured_flops, 40_212_122_401.0);
    assert_eq!(outcome.measured.planned_flops, 40_212_122_401.0);
    assert_eq!(
        diary[..6],
        [
            "started at None",
            "sample 0 a|bcd",
            "step 1/12",
            "step 2/12",
            "step 3/12",
            "validation 3 best None"
        ]
    );
    // A best evaluation saves after its step; the policy saves every five; the end saves.
    let saved: Vec<&str> = diary.iter().filter_map(|d| d.strip_prefix("checkpoint ")).collect();
    assert!(saved.starts_with(&["3", "5"]) && saved.ends_with(&["12"]), "{saved:?}");
    assert_eq!(diary[diary.len() - 2..], ["sample 12 a|bcd", "checkpoint 12"]);
}

#[test]
fn every_step_and_evaluation_has_one_line() {
    let root = tempfile::tempdir().unwrap();
    run_whole(root.path(), &stage(), Start::New);
    let lines = metrics(root.path());
    let steps: Vec<u64> =
        lines.iter().filter(|l| l.get("evaluation").is_none()).map(|l| l["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=12).collect::<Vec<u64>>());
    let evaluated: Vec<u64> =
        lines.iter().filter(|l| l.get("evaluation").is_some()).map(|l| l["step"].as_u64().unwrap()).collect();
    assert_eq!(evaluated, [3, 6, 9, 12]);
    assert_eq!(lines[0]["tokens"], 32);
    // Warmup of two steps to 0.1.
    assert_eq!(lines[0]["learning_rate"], 0.05);
    assert_eq!(lines[1]["learning_rate"], 0.1);
    assert!(lines[0]["loss"].as_f64().unwrap() > lines[10]["loss"].as_f64().unwrap());
}

#[test]
fn accumulation_does_not_change_which_samples_count() {
    let losses = |micro: u64| -> Vec<f64> {
        let root = tempfile::tempdir().unwrap();
        let mut stage = stage();
        stage.feeds[0].micro_batch = micro;
        for name in ["micro_step", "evaluate"] {
            let program = stage.programs.get_mut(name).unwrap();
            let rows = if name == "micro_step" { micro } else { 2 };
            for (tensor, shape) in program.tensors.iter_mut().zip([vec![rows, 8], vec![rows, 8], vec![rows]])
            {
                tensor.ty.shape = shape.into();
            }
        }
        for action in body(&mut stage) {
            if let Action::Repeat { times, .. } = action {
                *times = 4 / micro;
            }
        }
        run_whole(root.path(), &stage, Start::New);
        metrics(root.path()).iter().map(|l| l["loss"].as_f64().unwrap()).collect()
    };
    for (a, b) in losses(1).iter().zip(losses(4)) {
        assert!((a - b).abs() <= 1e-6 * a.abs(), "{a} {b}");
    }
}

#[test]
fn an_evaluation_counts_its_samples_once_and_no_padding() {
    // Five samples in three batches of two; weights stay as initialised when the rate is zero.
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    body(&mut stage).retain(|a| !matches!(a, Action::Set { resident, .. } if resident == "learning_rate"));
    run_whole(root.path(), &stage, Start::New);
    let lines = metrics(root.path());
    let values: Vec<f64> =
        lines.iter().filter(|l| l.get("evaluation").is_some()).map(|l| l["loss"].as_f64().unwrap()).collect();
    assert!(values.iter().all(|v| *v == values[0]), "{values:?}");
    let mut expected = 0.0;
    for index in 0..5 {
        let (mut tokens, mut labels) = ([0; 8], [0; 8]);
        use super::batches::Batches;
        let row = regimen_data::Row {
            tokens: &mut tokens,
            labels: &mut labels,
            segments: &mut [],
            positions: &mut [],
            types: &mut [],
        };
        super::testing::Numbers.sample(&stage.feeds[1], index, row).unwrap();
        for (i, w) in [0.5, -0.25, 2.0, 0.0].into_iter().enumerate() {
            expected += (w - (tokens[i] + labels[i + 4]) as f64 / 257.0).powi(2) * 8.0 / 40.0;
        }
    }
    assert!((values[0] - expected).abs() < 1e-6, "{} {expected}", values[0]);
}

#[test]
fn patience_ends_the_steps_and_the_rest_of_the_schedule_follows() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    let watch = watch(&mut stage);
    (watch.patience, watch.min_delta) = (Some(1), 1e9);
    let (outcome, diary) =
        run(root.path(), &stage, &mut Bench::new(&stage), Start::New, &Interrupt::manual());
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end, outcome.step), (End::StoppedEarly, 6));
    let tail: Vec<&str> = diary.iter().rev().take(3).rev().map(String::as_str).collect();
    assert!(diary.contains(&"stopping 6".to_owned()));
    // Step 6 was the best and is saved already; the end tells of no second checkpoint.
    assert_eq!(tail[1..], ["checkpoint 6", "sample 6 a|bcd"]);
    // Going on finds that there is nothing left to do.
    let again = run_whole(root.path(), &stage, Start::Resume);
    assert_eq!((again.end, again.step), (End::WasFinished, 6));
}

#[test]
fn a_loss_that_is_not_a_number_stops_before_anything_is_saved() {
    let root = tempfile::tempdir().unwrap();
    let stage = stage();
    let mut bench = Bench::new(&stage);
    bench.not_a_number_at = Some(6);
    let (outcome, _) = run(root.path(), &stage, &mut bench, Start::New, &Interrupt::manual());
    let error = outcome.unwrap_err();
    assert_eq!(error.code.0, "E0956");
    assert_eq!(error.title, "loss is NaN at step 7");
    assert!(error.notes[0].contains("step 6"), "{:?}", error.notes);
    assert_eq!(metrics(root.path()).last().unwrap()["step"], 6);
}

#[test]
fn weights_that_are_not_finite_are_never_saved() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    // No step reads the loss here, so only the checkpoint can notice.
    body(&mut stage).retain(|a| !matches!(a, Action::Report { .. } | Action::Every { .. }));
    let mut bench = Bench::new(&stage);
    bench.memory.set_f32(2, &[f32::INFINITY, 0.0, 0.0, 0.0]);
    let (outcome, _) = run(root.path(), &stage, &mut bench, Start::New, &Interrupt::manual());
    let error = outcome.unwrap_err();
    assert_eq!(error.code.0, "E0956");
    assert!(error.title.contains("`w`") && error.title.contains("step 5"), "{}", error.title);
    assert!(!root.path().join("runs/e/pretrain/checkpoints/last").exists());
}

#[test]
fn unequal_memory_is_an_error_that_names_both_numbers_and_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let stage = stage();
    let mut bench = Bench::new(&stage);
    bench.excess = 1;
    let (outcome, _) = run(root.path(), &stage, &mut bench, Start::New, &Interrupt::manual());
    let problems = outcome.unwrap().problems;
    assert_eq!(problems[0].code.0, "E0957");
    assert!(problems[0].title.contains("700") && problems[0].title.contains("701"));
    assert!(!last_tensors(root.path()).0.is_empty());
}

#[test]
fn time_decides_when_a_checkpoint_is_written_and_nothing_else() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut often = stage();
    for action in body(&mut often) {
        if let Action::Checkpoint { policy } = action {
            policy.every = Period::Seconds(0.0);
        }
    }
    run_whole(a.path(), &stage(), Start::New);
    run_whole(b.path(), &often, Start::New);
    assert_eq!(metrics(a.path()), metrics(b.path()));
    assert_eq!(last_tensors(a.path()), last_tensors(b.path()));
}

#[test]
fn the_best_checkpoint_is_the_one_of_the_lowest_loss() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    watch(&mut stage).goal = regimen_base::schedule::Goal::Maximise;
    run_whole(root.path(), &stage, Start::New);
    let best =
        crate::checkpoint::Store::named(&root.path().join("runs/e/pretrain/checkpoints"), "best").unwrap();
    let evaluations = metrics(root.path());
    let highest = evaluations
        .iter()
        .filter(|l| l.get("evaluation").is_some())
        .max_by(|a, b| a["loss"].as_f64().unwrap().total_cmp(&b["loss"].as_f64().unwrap()))
        .unwrap();
    assert_eq!(Some(best.manifest.step), highest["step"].as_u64());
}
