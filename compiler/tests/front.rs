//! What loaded experiments hold.

mod frontend;

use frontend::{complete, load_text, render_all, world};
use regimen_base::diagnostic::any_errors;
use regimen_base::schedule::{Decay, Period};
use regimen_compiler::arch::parameters;
use regimen_compiler::experiment::{Limited, MicroBatch, Precision, Recompute, Start};
use regimen_compiler::front::{Options, Planned, PlannedStage, load};
use regimen_compiler::planning;

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
    let start = Start { stage: "pretrain".into(), which: "best".into(), headed: true };
    assert_eq!(polish.from, Some(start));
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
        let (front, d) = load(
            &world(&text),
            "experiment.exp",
            &Options { set, variant: variant.map(str::to_string), stage: None },
        );
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
    let (front, diagnostics) =
        load(&world(&complete("")), "experiment.exp", &Options { set, ..Options::default() });
    let shown = render_all(&front, &diagnostics);
    assert!(shown.contains("--set:1:14 `sequencs`") && shown.contains("--set:1:6 `bach`"), "{shown}");
}

#[test]
fn one_sweep_value_on_the_command_line_is_a_conflict() {
    let text = complete("sweep lr { base.optimizer.lr = [1e-3, 2e-3] }");
    let set = vec![("base.optimizer.lr".to_string(), "3e-3".to_string())];
    let (front, diagnostics) = load(&world(&text), "experiment.exp", &Options { set, ..Options::default() });
    assert_eq!(
        diagnostics.iter().filter(|d| d.code.0 == "E0208").count(),
        1,
        "{}",
        render_all(&front, &diagnostics)
    );
}

/// A sweep would drop what a variant says of the same field.
#[test]
fn a_variant_and_a_sweep_of_the_same_field_are_a_conflict() {
    let text =
        complete("sweep lr { base.optimizer.lr = [1e-3, 2e-3] }\nvariant slow { base.optimizer.lr = 5e-4 }");
    let world = world(&text);
    let codes = |found: &[regimen_base::Diagnostic]| {
        found.iter().filter(|d| d.is_error()).map(|d| d.code.0).collect::<Vec<_>>()
    };
    let chosen = Options { variant: Some("slow".into()), ..Options::default() };
    let (_, found) = load(&world, "experiment.exp", &chosen);
    assert_eq!(codes(&found), ["E0208"]);
    let (front, known) = load(&world, "experiment.exp", &Options::default());
    assert_eq!((codes(&known), codes(&front.alternatives(&world, &known).1)), (vec![], vec!["E0208"]));
    // The command line wins over a variant, as ever.
    let text = complete("variant slow { base.optimizer.lr = 5e-4 }");
    let set = vec![("base.optimizer.lr".to_string(), "3e-3".to_string())];
    let (_, found) = load(&frontend::world(&text), "experiment.exp", &Options { set, ..chosen });
    assert_eq!(codes(&found), Vec::<&str>::new());
}

/// Folders bear these names.
#[test]
fn names_that_no_file_system_takes_are_refused() {
    let long = "a".repeat(300);
    for text in [format!("experiment {long} {{}}"), format!("stage {long} = base")] {
        let (_, found) = load_text(&complete(&text));
        assert!(found.iter().any(|d| d.code.0 == "E0212" && d.title.contains("80 characters")), "{found:?}");
    }
}

/// A hundred thousand elements are the limit, however few characters say them.
#[test]
fn lists_of_lists_are_bounded() {
    let nested = |i: usize| format!("let a{i} = [{}]", vec![format!("a{}", i - 1); 10].join(", "));
    let bomb: Vec<String> = (1..8).map(nested).collect();
    let unused = format!("let a0 = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n{}", bomb.join("\n"));
    let used = format!("{unused}\nassert a7 == a7");
    for text in [unused, used] {
        let (front, diagnostics) = load_text(&complete(&text));
        let codes: Vec<_> = diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code.0).collect();
        assert_eq!(codes, ["E0212"], "{}", render_all(&front, &diagnostics));
    }
    let many = format!("data many : text {{ files = [{}] }}", vec!["\"data/a.txt\""; 5_000].join(", "));
    assert!(!any_errors(&load_text(&complete(&many)).1));
}

#[test]
fn variants_are_checked_as_if_they_were_chosen() {
    let text = complete(
        "variant typo { gpt2.nope = 3 }\nvariant zero { gpt2.layers = 0, base.optimizer = adam {} }\n\
         variant same { gpt2.layers = 0 }\nvariant odd { gpt2.heads = 3 }\nvariant fine { gpt2.layers = 4 }",
    );
    let world = world(&text);
    let (front, known) = load(&world, "experiment.exp", &Options::default());
    assert!(!any_errors(&known), "{}", render_all(&front, &known));
    let (alternatives, found) = front.alternatives(&world, &known);
    let said: Vec<_> = found.iter().map(|d| (d.code.0, d.notes.last().unwrap().as_str())).collect();
    let shown = render_all(&front, &found);
    for expected in [
        ("E0203", "This is so in variant `typo`."),
        ("E0306", "This is so in variant `zero`."),
        ("E0204", "This is so in variant `zero`."),
        ("E0306", "This is so in variant `same`."),
        ("E0401", "This is so in variant `odd`."),
    ] {
        assert!(said.contains(&expected), "{expected:?}: {shown}");
    }
    assert_eq!(found.len(), 5, "{shown}");
    let built: Vec<_> = alternatives.iter().map(|a| (a.name.as_str(), a.experiments.len())).collect();
    assert_eq!(built, [("typo", 0), ("zero", 0), ("same", 0), ("odd", 0), ("fine", 1)]);
    let chosen = Options { variant: Some("fine".into()), ..Options::default() };
    let (front, known) = load(&world, "experiment.exp", &chosen);
    assert!(front.alternatives(&world, &known).0.is_empty(), "one was chosen");
}

#[test]
fn an_unknown_variant_is_told_which_there_are() {
    let text =
        complete("variant quick { base.duration = 10 steps }\nvariant long { base.duration = 900 steps }");
    let said = |name: &str| {
        let options = Options { variant: Some(name.into()), ..Options::default() };
        let (front, found) = load(&world(&text), "experiment.exp", &options);
        render_all(&front, &found)
    };
    let close = said("quik");
    assert!(
        close.contains("did you mean `quick`?") && close.contains("Declared: `quick` and `long`"),
        "{close}"
    );
    assert!(said("nope").contains("there are `quick` and `long`"), "{}", said("nope"));
}

/// Many mistakes take no more time each than few, and all of them are counted.
#[test]
fn a_flood_of_mistakes_is_counted() {
    for line in ["modell x{} : gpt { layers = 2 }\n", "assert nope{} == 1\n", "stage s{} = t{} with {}\n"] {
        let text: String = (0..4_000).map(|i| line.replacen("{}", &i.to_string(), 2)).collect();
        let start = std::time::Instant::now();
        let (_, found) = load_text(&complete(&text));
        assert!(start.elapsed().as_secs_f64() < 10.0, "{:?} for {line}", start.elapsed());
        let last = found.iter().find(|d| d.code.0 == "E0125").map(|d| d.title.clone()).unwrap_or_default();
        assert!(
            found.len() == 1_001 && last.ends_with("more mistakes are not listed"),
            "{}: {last}",
            found.len()
        );
    }
}

#[test]
fn a_limit_that_is_missed_by_a_byte_is_shown_exactly() {
    use regimen_base::SourceMap;
    let needed = |budget: &str| {
        let text = format!("stage one = base with {{ micro_batch = 8 }}\n{budget}");
        let (front, found) = load_text(&complete(&text));
        assert!(!any_errors(&found), "{}", render_all(&front, &found));
        planning::plan(&front.experiments[0], &SourceMap::default())
    };
    let peak = needed("").reports.last().unwrap().memory.upper_bound;
    let title = |budget: String| {
        needed(&budget).diagnostics.iter().find(|d| d.is_error()).map(|d| d.title.clone()).unwrap()
    };
    let grouped = |n: u64| regimen_compiler::planning::show::count(n).replace(',', "_");
    let bytes = title(format!("budget one {{ memory <= {} bytes }}", peak - 1));
    assert!(bytes.contains(&grouped(peak)) && bytes.contains(&grouped(peak - 1)), "{bytes}");
    let kib = title(format!("budget one {{ memory <= {} / 1024 * 1 KiB }}", peak - 1));
    assert!(kib.contains(&format!("({} bytes)", grouped(peak))), "{kib}");
    assert_eq!(
        needed(&format!("budget one {{ memory <= {peak} bytes }}"))
            .diagnostics
            .iter()
            .filter(|d| d.is_error())
            .count(),
        0
    );
}

/// A model far beyond the device is refused without building its graph.
#[test]
fn a_hopeless_model_is_refused_at_once() {
    let text = complete(
        "model gpt2 : gpt { layers = 10_000, heads = 2, hidden = 1_000_000, context = 32, tokenizer = words }",
    );
    let (front, found) = load_text(&text);
    assert!(!any_errors(&found), "{}", render_all(&front, &found));
    let start = std::time::Instant::now();
    let outcome = planning::plan(&front.experiments[0], front.sources());
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
    let said: Vec<_> = outcome.diagnostics.iter().map(|d| (d.code.0, d.title.as_str())).collect();
    assert_eq!(said[0].0, "E0702", "{said:?}");
    assert!(said[0].1.contains("needs more than"), "{said:?}");
}
