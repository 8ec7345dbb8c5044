//! Reward models as a user trains them: from another stage, resumed, exported, imported again.
#![cfg(feature = "libtorch")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD};
use serde_json::Value;

/// `good.exp` with a reward model after its stage; `more` are fields of that.
fn bench(more: &str) -> Bench {
    let bench = Bench::good();
    let record = |n: u32| {
        let (prompt, word) = (format!("{n} be, or not {n} be"), n * n % 89);
        format!(
            "{}\n",
            serde_json::json!({"prompt": prompt, "chosen": format!("{word} is"), "rejected": format!("in {n}"), "by": f64::from(n % 3) / 2.0})
        )
    };
    bench.write("choices.jsonl", (10..50).map(record).collect::<String>());
    let reward = format!(
        "
data choices : preferences {{ files = \"choices.jsonl\", margin = \"by\", split = {{ train = 80%, validation = 20% }} }}
stage reward : reward_model {{
  on          = box
  model       = tiny
  data        = choices
  from        = pretrain.last
  sequence    = 40
  batch       = 4 samples
  micro_batch = 2
  duration    = 6 steps
  optimizer   = adamw {{ lr = 1e-2 }}
  evaluate    = {{ every = 3 steps, on = choices.validation, metric = accuracy }}
  checkpoint  = {{ every = 3 steps, keep = 2 }}
{more}
}}
"
    );
    let text =
        GOOD.replace("chars { train_on = corpus }", "bytes {}").replace("context   = 16", "context   = 40");
    let text = text.replace(
        "  tokenizer = letters",
        "  tokenizer = letters\n  vocab = letters.vocab_with_marks\n  dropout = 10%",
    );
    bench.write("good.exp", text + &reward);
    bench
}

fn lines(bench: &Bench) -> Vec<String> {
    let metrics = bench.read("runs/good/reward/metrics.jsonl");
    let cut = |line: &str| line.split(",\"time\"").next().unwrap().to_owned();
    metrics.lines().map(cut).collect()
}

/// The first evaluation of a stage.
fn evaluation(bench: &Bench, stage: &str) -> Value {
    let metrics = bench.read(&format!("runs/good/{stage}/metrics.jsonl"));
    let line = metrics.lines().find(|line| line.contains("\"evaluation\"")).unwrap();
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_resumed_reward_model_has_the_numbers_of_one_that_never_stopped() {
    let bench = bench("  center_rewards_coefficient = 0.01");
    let whole = bench.run(&["run", "good.exp"]);
    assert!(whole.status == 0 && whole.out.matches("equal:").count() == 2, "{whole:?}");
    let expected = lines(&bench);
    let evaluated = evaluation(&bench, "reward");
    for name in ["loss", "accuracy", "margin", "chosen_reward", "rejected_reward"] {
        assert!(evaluated[name].is_number(), "{evaluated}");
    }
    let run = bench.path("runs/good/reward");
    for gone in ["checkpoints/step-00000006", "result.json"] {
        let path = run.join(gone);
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    std::fs::write(run.join("checkpoints/last"), "step-00000003\n").unwrap();
    let again = bench.run(&["run", "good.exp", "--resume"]);
    assert!(again.status == 0 && again.out.contains("step 4 of 6"), "{again:?}");
    assert_eq!(lines(&bench), expected);
}

/// What is exported is a model for sequence classification with one label, and a stage goes on from it as from the checkpoint: evaluations
/// of weights that steps do not change are the same.
#[test]
fn an_exported_reward_model_is_imported_with_its_head() {
    for (model, more) in [("gpt", ""), ("llama", "\n  mlp = 24"), ("bert", "")] {
        let bench = bench("");
        let mut text =
            bench.read("good.exp").replace("model tiny : gpt {", &format!("model tiny : {model} {{{more}"));
        if model == "bert" {
            text = text.replace("causal_lm", "masked_lm").replace(", metric = loss", "");
        }
        // Steps so small that no weight changes in f32.
        let still = "optimizer = adamw { lr = 1e-30 }, duration = 1 steps";
        let checked = format!("stage checked = reward with {{ from = reward.last, {still} }}\n");
        let imported = format!(
            "model again = tiny with {{ weights = \"exported\" }}
stage imported : reward_model {{
  on = box, model = again, data = choices, sequence = 40, batch = 4 samples, micro_batch = 2, {still}
  evaluate = {{ every = 3 steps, on = choices.validation }}
}}
"
        );
        bench.write("good.exp", format!("{text}{checked}"));
        let said = bench.run(&["run", "good.exp"]);
        assert_eq!(said.status, 0, "{model}: {said:?}");
        let said = bench.run(&["export", "runs/good/reward", "exported"]);
        assert_eq!(said.status, 0, "{model}: {said:?}");
        let config: Value = serde_json::from_str(&bench.read("exported/config.json")).unwrap();
        let class = config["architectures"][0].as_str().unwrap();
        assert!(class.ends_with("ForSequenceClassification"), "{class}");
        assert_eq!(config["id2label"], serde_json::json!({"0": "LABEL_0"}));
        bench.write("good.exp", format!("{text}{imported}"));
        let said = bench.run(&["run", "good.exp", "--stage", "imported"]);
        assert_eq!(said.status, 0, "{model}: {said:?}");
        let [direct, through] = ["checked", "imported"].map(|stage| evaluation(&bench, stage));
        for name in ["loss", "accuracy", "margin", "chosen_reward", "rejected_reward"] {
            assert!(direct[name].is_number() && direct[name] == through[name], "{model}: {direct} {through}");
        }
    }
}
