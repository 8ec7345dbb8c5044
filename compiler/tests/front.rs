//! What loaded experiments hold.

mod frontend;

use frontend::{complete, load_text, render_all, world};
use regimen_base::diagnostic::any_errors;
use regimen_base::schedule::{Decay, Period};
use regimen_compiler::arch::parameters;
use regimen_compiler::experiment::{Limited, MicroBatch, Precision, Recompute};
use regimen_compiler::front::{Options, Planned, PlannedStage, load};

const TOUR: &str = include_str!("frontend/tour.exp");

#[test]
fn the_tour_is_understood() {
    let (front, diagnostics) = load_text(TOUR);
    assert!(!any_errors(&diagnostics), "{}", render_all(&front, &diagnostics));
    assert_eq!(front.experiments.len(), 3);
    let experiment = &front.experiments[1];
    assert_eq!(experiment.name, "gpt2_pipeline.pretrain.optimizer.lr-6e-4");
    assert_eq!(experiment.seed, 1337);
    let [pretrain, polish] = experiment.stages.as_slice() else { panic!("two stages") };
    let params = parameters(&*pretrain.model.spec);
    assert_eq!(pretrain.steps, (20 * params).div_ceil(512 * 1024));
    assert_eq!(pretrain.micro_batch, MicroBatch::Auto);
    assert_eq!((pretrain.precision, pretrain.recompute), (Precision::Bf16, Recompute::None));
    assert_eq!(pretrain.learning_rate.decay, Decay::Cosine);
    assert_eq!(pretrain.learning_rate.warmup, pretrain.steps.div_ceil(50));
    assert!((pretrain.learning_rate.floor - 6e-5).abs() < 1e-18);
    assert_eq!(pretrain.checkpoint.every, Period::Seconds(1800.0));
    assert_eq!(pretrain.hardware.price, Some(2.49));
    let watch = &pretrain.evaluate.as_ref().unwrap().watch;
    assert_eq!((watch.patience, watch.min_delta), (Some(7), 0.001));
    let limits: Vec<_> =
        pretrain.budget.as_ref().unwrap().limits.iter().map(|l| (l.what, l.at_most)).collect();
    assert_eq!(limits[0], (Limited::Memory, 76.0 * 1024.0 * 1024.0 * 1024.0));
    assert_eq!(limits[2], (Limited::Time, 720_000.0));
    assert_eq!(polish.from, Some(("pretrain".into(), "best".into())));
    assert_eq!(polish.learning_rate.peak, 1e-4);
    assert!(polish.budget.is_none());
}

#[test]
fn parameters_are_those_of_transformers() {
    let sizes = [
        ("12", "12", "768", 124_439_808),
        ("24", "16", "1024", 354_823_168),
        ("48", "25", "1600", 1_557_611_200),
    ];
    for (layers, heads, hidden, expected) in sizes {
        let model = format!(
            "model gpt2 : gpt {{ layers = {layers}, heads = {heads}, hidden = {hidden}, context = 1024, vocab = 50_257, \
             tokenizer = words }}\nassert gpt2.params == {expected} params"
        );
        let (front, diagnostics) = load_text(&complete(&model));
        assert!(!any_errors(&diagnostics), "{}", render_all(&front, &diagnostics));
        assert_eq!(parameters(&*front.experiments[0].stages[0].model.spec), expected);
    }
}

#[test]
fn stages_run_in_the_order_of_their_checkpoints() {
    let text = "stage third = base with { from = other.last }\nstage other = base with { from = base.last }";
    let (front, _) = load_text(&complete(text));
    let names: Vec<_> = front.experiments[0].stages.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["base", "other", "third"]);
}

#[test]
fn assertions_on_planned_numbers_wait_for_the_plan() {
    let text = "assert base.time <= 1 h \"too slow\"\nassert base.memory / (1 GiB) < 2\nassert base.steps == 100 steps";
    let (front, diagnostics) = load_text(&complete(text));
    assert!(!any_errors(&diagnostics), "{}", render_all(&front, &diagnostics));
    let stage =
        |seconds, memory| PlannedStage { name: "base".into(), seconds, memory, ..PlannedStage::default() };
    let planned = |s, m| Planned { stages: vec![stage(s, m)] };
    assert!(front.check_asserts(0, &planned(3600.0, 1 << 30)).is_empty());
    let failed = front.check_asserts(0, &planned(7200.0, 3 << 30));
    let shown = render_all(&front, &failed);
    assert_eq!(failed.len(), 2, "{shown}");
    assert!(shown.contains("too slow") && shown.contains("7200 s <= 1 h is false"), "{shown}");
}

#[test]
fn what_is_set_from_outside_wins_in_order() {
    let text = complete("variant long { base.duration = 500 steps, base.batch = 16 sequences }");
    let lr = |set: &[(&str, &str)], variant: Option<&str>| {
        let set = set.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let (front, d) =
            load(&world(&text), "experiment.exp", &Options { set, variant: variant.map(str::to_string) });
        assert!(!any_errors(&d), "{}", render_all(&front, &d));
        let stage = &front.experiments[0].stages[0];
        (stage.steps, stage.batch)
    };
    assert_eq!(lr(&[], None), (100, 8));
    assert_eq!(lr(&[], Some("long")), (500, 16));
    assert_eq!(lr(&[("base.duration", "7 steps")], Some("long")), (7, 16));
}

#[test]
fn mistakes_on_the_command_line_point_into_it() {
    let set = vec![
        ("base.batch".to_string(), "8 sequencs".to_string()),
        ("base.bach".to_string(), "8".to_string()),
    ];
    let (front, diagnostics) = load(&world(&complete("")), "experiment.exp", &Options { set, variant: None });
    let shown = render_all(&front, &diagnostics);
    assert!(shown.contains("--set:1:14 `sequencs`") && shown.contains("--set:1:6 `bach`"), "{shown}");
}

#[test]
fn one_sweep_value_on_the_command_line_is_a_conflict() {
    let text = complete("sweep lr { base.optimizer.lr = [1e-3, 2e-3] }");
    let set = vec![("base.optimizer.lr".to_string(), "3e-3".to_string())];
    let (front, diagnostics) = load(&world(&text), "experiment.exp", &Options { set, variant: None });
    assert_eq!(
        diagnostics.iter().filter(|d| d.code.0 == "E0208").count(),
        1,
        "{}",
        render_all(&front, &diagnostics)
    );
}
