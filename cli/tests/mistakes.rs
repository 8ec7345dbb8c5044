//! What a user does wrong, as one command sees it and another must not miss it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD};

fn bench(more: &str) -> Bench {
    let bench = Bench::good();
    bench.write("good.exp", format!("{GOOD}\n{more}\n"));
    bench
}

#[test]
fn plan_and_show_see_what_is_wrong_with_variants() {
    let bench = bench("variant w { pretrain.nope = 5 }\nvariant fine { pretrain.optimizer.lr = 2e-3 }");
    for command in ["check", "plan", "show"] {
        let said = bench.run(&[command, "good.exp"]);
        let told = said.err.contains("E0203") && said.err.contains("variant `w`");
        assert!(said.status == 1 && told, "{command}: {said:?}");
    }
    assert_eq!(bench.run(&["plan", "good.exp", "--variant", "fine"]).status, 0);
}

#[test]
fn a_variant_of_what_is_swept_is_a_conflict() {
    let bench =
        bench("sweep s { pretrain.optimizer.lr = [1e-3, 2e-3] }\nvariant a { pretrain.optimizer.lr = 5e-3 }");
    let said = bench.run(&["plan", "good.exp", "--variant", "a"]);
    assert!(said.status == 1 && said.err.contains("E0208"), "{said:?}");
}

#[test]
fn where_nothing_is_left_the_report_and_single_documents_are_shown_all_the_same() {
    let bench = bench("data none : jsonl { files = \"web/*.jsonl\", clean = [gopher {}] }");
    bench.write("web/a.jsonl", "{\"text\": \"Too short.\"}\n");
    let said = bench.run(&["data", "good.exp", "none"]);
    assert!(said.status == 1 && said.err.contains("E0586") && said.err.contains("--why"), "{said:?}");
    assert!(said.out.contains("none: 0 of 1") && said.out.contains("too few words"), "{said:?}");
    let why = bench.run(&["data", "good.exp", "none", "--why", "web/a.jsonl:1"]);
    assert!(why.status == 0 && why.out.contains("too few words"), "{why:?}");
}

#[test]
fn one_dataset_is_looked_at_beside_a_bad_one() {
    let bench =
        bench("data bad : preferences { files = \"bad.jsonl\" }\ndata web : jsonl { files = \"web.jsonl\" }");
    bench.write("web.jsonl", "{\"text\": \"a text\"}\n");
    bench.write("bad.jsonl", "{\"nothing\": 1}\n");
    assert_eq!(bench.run(&["data", "good.exp", "web"]).status, 0);
    assert_eq!(bench.run(&["data", "good.exp", "bad"]).status, 1);
}

#[test]
fn a_plan_of_one_stage_needs_the_data_of_no_other_and_is_written_alone() {
    let stage = "data other : text { files = \"other/*.txt\", split = { train = 90%, validation = 10% } }\n\
                 stage second = pretrain with { data = other, evaluate.on = other.validation }";
    let bench = bench(stage);
    assert_eq!(bench.run(&["plan", "good.exp"]).status, 1, "the other data are missing");
    let said = bench.run(&["plan", "good.exp", "--stage", "pretrain", "--out", "plan.json"]);
    assert_eq!(said.status, 0, "{said:?}");
    let plan: serde_json::Value = serde_json::from_str(&bench.read("plan.json")).unwrap();
    let stages = plan["content"]["stages"].as_array().unwrap();
    assert_eq!(stages.iter().map(|s| s["name"].as_str().unwrap()).collect::<Vec<_>>(), ["pretrain"]);
    assert!(bench.run(&["plan", "good.exp", "--stage", "third", "--assume"]).err.contains("E0815"));
}

#[test]
fn files_that_are_missing_are_not_said_to_be_measured() {
    let bench = bench("");
    std::fs::remove_dir_all(bench.path("data")).unwrap();
    let said = bench.run(&["check", "good.exp"]);
    assert!(said.status == 0 && said.err.contains("put the files there"), "{said:?}");
    assert!(!said.err.contains("a run measures it"), "{said:?}");
}

#[test]
fn a_vocabulary_that_was_not_reached_is_told_by_the_plan() {
    let words = "tokenizer many : bpe { vocab = 5_000, train_on = corpus }";
    let text = format!("{GOOD}\n{words}\n").replace("tokenizer = letters", "tokenizer = many");
    let bench = Bench::good();
    bench.write("good.exp", &text);
    let said = bench.run(&["plan", "good.exp"]);
    assert!(text.contains("tokenizer = many"), "{text}");
    assert!(said.status == 0 && said.err.contains("E0562"), "{said:?}");
}

#[cfg(feature = "libtorch")]
#[test]
fn hardware_that_cannot_be_measured_is_told_apart() {
    let bench = Bench::new();
    let unknown = bench.run(&["calibrate", "--hardware", "foo"]);
    assert!(unknown.status == 1 && unknown.err.contains("no hardware `foo`"), "{unknown:?}");
    let threads = bench.run(&["calibrate", "--threads", "5000"]);
    assert!(
        threads.status == 1 && threads.err.contains("5000 threads") && !threads.err.contains("E0306"),
        "{threads:?}"
    );
}
