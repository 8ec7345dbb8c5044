//! The plans of all examples as snapshots: any change of what would be computed shows up here.
//!
//! Sizes of data are assumed, so that the snapshots are the same everywhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, Said, examples};
use regimen_base::plan::hash_of;
use serde_json::{Value, json};

/// All examples, without their data.
fn bench() -> Bench {
    let bench = Bench::new();
    for example in examples() {
        let name = example.file_name().unwrap().to_str().unwrap();
        bench.write(name, std::fs::read_to_string(&example).unwrap());
    }
    // In place of the model that `cargo xtask model` fetches.
    bench.write("smollm2/hf/config.json", r#"{"hidden_size": 576, "vocab_size": 49152}"#);
    bench.write("smollm2/hf/tokenizer.json", TOKENIZER);
    bench
}

const TOKENIZER: &str = r#"{
  "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null, "post_processor": null,
  "decoder": null, "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": false, "lstrip": false,
  "rstrip": false, "normalized": false, "special": true}],
  "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
  "fuse_unk": false, "byte_fallback": false, "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2}, "merges": []}
}"#;

/// The plans of `--format json`: one, or the array of a sweep.
fn documents(out: &str) -> Vec<Value> {
    match serde_json::from_str(out).unwrap() {
        Value::Array(plans) => plans,
        plan => vec![plan],
    }
}

/// A plan without its longest parts, of which only hash and size stay.
fn condensed(mut plan: Value) -> Value {
    for stage in plan["content"]["stages"].as_array_mut().unwrap() {
        for program in stage["programs"].as_object_mut().unwrap().values_mut() {
            *program = json!({
                "hash": hash_of(program).unwrap(),
                "instructions": program["instructions"].as_array().unwrap().len(),
                "tensors": program["tensors"].as_array().unwrap().len(),
                "peak_bytes": program["peak_bytes"],
                "flops": program["flops"],
            });
        }
        for part in ["residents", "model"] {
            stage[part] = json!({ "hash": hash_of(&stage[part]).unwrap() });
        }
    }
    plan
}

/// Plans every example, shows the good ones to `see`, and fails at the end if any is bad.
fn plan_all(more: &[&str], see: impl Fn(&str, &Said)) {
    let bench = bench();
    let mut bad = vec![];
    for example in examples() {
        let name = example.file_stem().unwrap().to_str().unwrap().to_string();
        let said = bench.run(&[&["plan", &format!("{name}.exp"), "--assume"], more].concat());
        if said.status == 0 { see(&name, &said) } else { bad.push(format!("{name}: {}", said.err)) }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn plans_of_examples_as_text() {
    plan_all(&[], |name, said| {
        insta::assert_snapshot!(format!("{name}_text"), format!("{}\n{}", said.out, said.err));
    });
}

#[test]
fn plans_of_examples_as_json() {
    plan_all(&["--format", "json"], |name, said| {
        let plans: Vec<Value> = documents(&said.out).into_iter().map(condensed).collect();
        insta::assert_snapshot!(format!("{name}_json"), serde_json::to_string_pretty(&plans).unwrap());
    });
}

#[test]
fn a_shown_example_has_the_same_plan() {
    let bench = bench();
    for example in examples() {
        let name = example.file_name().unwrap().to_str().unwrap();
        let shown = bench.run(&["show", name]);
        assert_eq!(shown.status, 0, "{name}: {}", shown.err);
        bench.write("shown.exp", &shown.out);
        let hashes = |file: &str| -> Vec<String> {
            let said = bench.run(&["plan", file, "--assume", "--format", "json"]);
            assert_eq!(said.status, 0, "{name}: {}\n{}", said.err, shown.out);
            documents(&said.out).iter().map(|plan| plan["hash"].to_string()).collect()
        };
        assert_eq!(hashes("shown.exp"), hashes(name), "{name}");
    }
}

#[test]
fn a_sweep_is_one_document_in_every_format_for_machines() {
    let bench = Bench::good();
    let sweep = "sweep lr { pretrain.optimizer.lr = [1e-3, 2e-3] }";
    bench.write("sweep.exp", format!("{}\n{sweep}\n", common::GOOD));
    let document = |format: &str| -> Value {
        let said = bench.run(&["plan", "sweep.exp", "--assume", "--format", format]);
        assert_eq!(said.status, 0, "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    };
    let experiments: Vec<Value> =
        document("json").as_array().unwrap().iter().map(|p| p["content"]["experiment"].clone()).collect();
    assert_eq!(experiments, ["good.pretrain.optimizer.lr-1e-3", "good.pretrain.optimizer.lr-2e-3"]);
    let names: Vec<Value> = (document("trace")["traceEvents"].as_array().unwrap().iter())
        .filter(|event| event["name"] == "process_name")
        .map(|event| event["args"]["name"].clone())
        .collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[1], "good.pretrain.optimizer.lr-2e-3: pretrain");
}

#[test]
fn different_values_never_share_a_folder() {
    let bench = Bench::good();
    let sweep =
        "sweep p { pretrain.sample = [{ prompt = \"a?\", tokens = 2 }, { prompt = \"a!\", tokens = 2 }] }";
    bench.write("sweep.exp", format!("{}\n{sweep}\n", common::GOOD));
    let said = bench.run(&["plan", "sweep.exp", "--assume", "--format", "json"]);
    assert_eq!(said.status, 0, "{said:?}");
    let plans = documents(&said.out);
    assert_ne!(plans[0]["content"]["experiment"], plans[1]["content"]["experiment"]);
}
