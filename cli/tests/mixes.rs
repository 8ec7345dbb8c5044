//! Mixes as a user trains on them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD};
use std::fmt::Write;

/// `good.exp` on a mix.
fn experiment(kind: &str, model: &str, on: &str, more: &str) -> String {
    let data = r#"data web : text { files = "web/*.txt", document = line, split = { train = 90%, validation = 10% } }
data books : text { files = "books/*.txt", document = line, split = { train = 90%, validation = 10% } }
data corpus : mix { sources = { web = 75%, books = 25% } }
"#;
    let start = GOOD.find("data corpus").unwrap();
    let end = start + GOOD[start..].find("\n}\n").unwrap() + 3;
    let text = format!("{}{data}{}", &GOOD[..start], &GOOD[end..]);
    let comma = if model.ends_with('{') { "" } else { "," };
    let model = format!("model tiny : {model}{comma}\n  layers    = 1");
    text.replace("model tiny : gpt {\n  layers    = 1", &model)
        .replace("causal_lm", kind)
        .replace("on = corpus.validation, metric = loss", &format!("on = {on}"))
        .replace("  optimizer   =", &format!("{more}  optimizer   ="))
}

fn bench(experiment: &str) -> Bench {
    let bench = Bench::new();
    let lines = |name: &str, count: usize| -> String {
        let mut text = String::new();
        for i in 0..count {
            let _ = writeln!(text, "The {name} of {i} enters. Who speaks {}?", "now ".repeat(1 + i % 4));
        }
        text
    };
    bench.write("web/a.txt", lines("web", 90));
    bench.write("books/a.txt", lines("book", 40));
    bench.write("good.exp", experiment);
    bench
}

#[cfg(feature = "libtorch")]
fn losses(bench: &Bench, run: &str) -> Vec<String> {
    let metrics = bench.read(&format!("{run}/metrics.jsonl"));
    metrics.lines().map(|line| line.split(",\"time\"").next().unwrap().to_owned()).collect()
}

/// Runs, goes back to the checkpoint in the middle, and resumes.
#[cfg(feature = "libtorch")]
fn repeats(bench: &Bench, file: &str, folder: &str, what: &str) {
    let whole = bench.run(&["run", file]);
    assert!(whole.status == 0 && whole.out.contains("equal:"), "{what}: {whole:?}");
    let expected = losses(bench, folder);
    let run = bench.path(folder);
    for gone in ["checkpoints/step-00000006", "result.json"] {
        let path = run.join(gone);
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    std::fs::write(run.join("checkpoints/last"), "step-00000003\n").unwrap();
    let again = bench.run(&["run", file, "--resume"]);
    assert!(again.status == 0 && again.out.contains("step 4 of 6"), "{what}: {again:?}");
    assert_eq!(losses(bench, folder), expected, "{what}");
}

#[test]
#[cfg(feature = "libtorch")]
fn a_resumed_run_has_the_losses_of_one_that_never_stopped() {
    for (kind, model, on, more) in [
        ("causal_lm", "gpt {", "corpus.validation", ""),
        ("causal_lm", "llama { mlp = 24", "books.validation", ""),
        (
            "masked_lm",
            "bert { dropout = 10%",
            "corpus.validation",
            "  masking = { rate = 30%, unit = word }\n",
        ),
        ("masked_lm", "bert {", "web.validation", "  masking = { fresh = once }\n  next_sentence = true\n"),
        (
            "replaced_token_detection",
            "electra { generator_heads = 1, generator_hidden = 8",
            "corpus.validation",
            "",
        ),
    ] {
        let bench = bench(&experiment(kind, model, on, more));
        repeats(&bench, "good.exp", "runs/good/pretrain", kind);
    }
}

#[test]
#[cfg(feature = "libtorch")]
fn conversations_are_mixed_too() {
    let text = r#"experiment talk { seed = 1 }
hardware box : cpu { threads = 1 }
tokenizer words : bytes {}
data short : chats { files = "short.jsonl", chat_template = zephyr, split = { train = 80%, validation = 20% } }
data long : chats { files = "long.jsonl", chat_template = zephyr, split = { train = 80%, validation = 20% } }
data talks : mix { sources = { short = 60%, long = 40% } }
model tiny : llama { layers = 1, heads = 2, hidden = 16, mlp = 24, context = 128, tokenizer = words }
stage sft : supervised {
  on          = box
  model       = tiny
  data        = talks
  packing     = PACKING
  batch       = 4 sequences
  micro_batch = 2
  duration    = 6 steps
  optimizer   = adamw { lr = 3e-3 }
  evaluate    = { every = 3 steps, on = talks.validation }
  checkpoint  = { every = 3 steps, keep = 2 }
}
"#;
    let talks = |words: usize| -> String {
        let mut all = String::new();
        for i in 0..40 {
            let answer = "yes ".repeat(words + i % 3);
            let _ = writeln!(
                all,
                r#"{{"messages": [{{"role": "user", "content": "say {i}"}}, {{"role": "assistant", "content": "{answer}"}}]}}"#
            );
        }
        all
    };
    for packing in ["true", "false"] {
        let bench = Bench::new();
        bench.write("short.jsonl", talks(1));
        bench.write("long.jsonl", talks(12));
        bench.write("talk.exp", text.replace("PACKING", packing));
        let said = bench.run(&["plan", "talk.exp"]);
        let share = |name: &str| -> f64 {
            let line = said.out.lines().find(|l| l.contains(&format!("from {name}"))).unwrap();
            line.split('%').next().unwrap().split_whitespace().next_back().unwrap().parse().unwrap()
        };
        // Shares are of tokens, however long a conversation is; of 24 samples one is a few per cent.
        assert!((share("short") - 60.0).abs() < 6.0 && (share("long") - 40.0).abs() < 6.0, "{said:?}");
        repeats(&bench, "talk.exp", "runs/talk/sft", packing);
    }
}

#[test]
fn a_plan_says_what_comes_from_each_source_and_warns_of_one_that_is_repeated() {
    let bench = bench(&experiment("causal_lm", "gpt {", "corpus.validation", ""));
    let plan = |changes: &[&str]| {
        let said = bench.run(&[&["plan", "good.exp"], changes].concat());
        assert!(said.status == 0, "{said:?}");
        said
    };
    let said = plan(&[]);
    assert!(said.out.contains("from web") && said.out.contains("from books"), "{said:?}");
    assert!(said.out.contains("75.0 %") && said.out.contains("25.0 %"), "{said:?}");
    assert!(!said.err.contains("E0411"), "{said:?}");
    let long = plan(&["--set", "pretrain.duration=800 steps"]);
    assert!(long.err.contains("E0411") && long.err.contains("`books`, a source of the mix"), "{long:?}");
}
