//! Every page's wrong example gives its code and every right example does not.

mod frontend;

use frontend::{complete, load_text, render_all, world};
use regimen_base::diagnostic::any_errors;
use regimen_compiler::codes;
use regimen_compiler::front::{Options, load};

/// Examples of a page that are marked so.
fn examples<'a>(page: &'a str, mark: &str) -> Vec<&'a str> {
    let fence = format!("```exp {mark}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Names of all codes that a text gives, and the rendering.
fn codes_of(example: &str) -> (Vec<&'static str>, bool, String) {
    let deep = format!("{}1{}", "-".repeat(400), "");
    let text = complete(&example.replace("@DEEP@", &deep));
    let mut world = world(&text);
    let variant =
        example.lines().find_map(|l| l.split_once("--variant ")).map(|(_, name)| name.trim().to_string());
    if example.contains("broken") && example.contains("calibration") {
        world.calibrations.insert("cpu_2_threads".into(), "overhead = -1.0".into());
    }
    if example.contains("reports.jsonl") && !example.contains("apart") {
        let split = |name: &str, left_out| regimen_base::data::SplitFacts {
            name: name.into(),
            documents: 100,
            bytes: 1_000_000,
            tokens: 1_000_000,
            left_out,
            members: vec![],
            ..Default::default()
        };
        let splits = vec![split("train", 0), split("validation", 7)];
        let facts = regimen_base::data::DatasetFacts::measured(splits, String::new());
        world.datasets.insert("reports".into(), facts);
    }
    if example.contains("foreign.txt") {
        let split = |name: &str, unknown| regimen_base::data::SplitFacts {
            name: name.into(),
            documents: 100,
            bytes: 1_000_000,
            tokens: 1_000_000,
            unknown,
            ..Default::default()
        };
        let splits = vec![split("train", 999), split("validation", 1_000)];
        let facts = regimen_base::data::DatasetFacts::measured(splits, String::new());
        world.datasets.insert("foreign".into(), facts);
    }
    if example.contains("tiny.txt") {
        let split = |name: &str, tokens| regimen_base::data::SplitFacts {
            name: name.into(),
            documents: 1,
            bytes: tokens,
            tokens,
            records: None,
            lengths: vec![],
            left_out: 0,
            members: vec![],
            unknown: 0,
            answers: None,
        };
        let facts = regimen_base::data::DatasetFacts::measured(
            vec![split("train", 20), split("validation", 20)],
            String::new(),
        );
        world.datasets.insert("tiny".into(), facts);
    }
    if example.contains("few.txt") {
        let split = |name: &str, tokens| regimen_base::data::SplitFacts {
            name: name.into(),
            documents: 1,
            bytes: tokens,
            tokens,
            ..Default::default()
        };
        let splits = vec![split("train", 6_400), split("validation", 1_600)];
        world
            .datasets
            .insert("few".into(), regimen_base::data::DatasetFacts::measured(splits, String::new()));
    }
    if example.contains("classify") && example.contains("tragedy") {
        let named = |name: &str, n| (name.to_string(), n);
        let mut classes = vec![named("comedy", 50), named("tragedy", 50)];
        classes.extend(example.contains("farce").then(|| named("farce", 0)));
        let records = regimen_base::data::RecordFacts { classes, lengths: vec![(10, 100)] };
        let train = regimen_base::data::SplitFacts {
            name: "train".into(),
            documents: 100,
            bytes: 1_000,
            tokens: 1_000,
            records: Some(records),
            ..Default::default()
        };
        let facts = regimen_base::data::DatasetFacts::measured(vec![train], String::new());
        world.datasets.insert("scenes".into(), facts);
    }
    let (front, diagnostics) = load(&world, "experiment.exp", &Options { variant, ..Options::default() });
    let rendered = render_all(&front, &diagnostics);
    (diagnostics.iter().map(|d| d.code.0).collect(), any_errors(&diagnostics), rendered)
}

#[test]
fn examples_on_pages_do_what_the_page_says() {
    let mut wrong = vec![];
    for page in codes::ALL.iter().filter(|p| p.page.contains("```exp wrong")) {
        for example in examples(page.page, "wrong") {
            let (codes, _, rendered) = codes_of(example);
            if !codes.contains(&page.code.0) {
                wrong
                    .push(format!("{}: the wrong example gives {codes:?}\n{example}\n{rendered}", page.code));
            }
        }
        for example in examples(page.page, "right") {
            let (codes, errors, rendered) = codes_of(example);
            // Nothing is measured in tests, so notes about assumptions are always there.
            if errors || (codes.contains(&page.code.0) && page.code.0 != "E0504") {
                wrong
                    .push(format!("{}: the right example gives {codes:?}\n{example}\n{rendered}", page.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n────\n"));
}

#[test]
fn the_prelude_alone_is_fine() {
    let (front, diagnostics) = load_text(&complete(""));
    assert!(!any_errors(&diagnostics), "{}", render_all(&front, &diagnostics));
    assert_eq!(front.experiments.len(), 1);
    assert_eq!(front.experiments[0].stages[0].steps, 100);
}
