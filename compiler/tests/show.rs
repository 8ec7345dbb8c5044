//! `show` prints an experiment of the same meaning, with the origin of every value.

mod frontend;

use frontend::{complete, render_all, world};
use regimen_base::diagnostic::any_errors;
use regimen_compiler::front::{Front, Options, load};
use regimen_compiler::show::show;

/// Experiments without places: what they mean.
fn meaning(front: &Front) -> String {
    let text = format!("{:#?}", front.experiments);
    let mut out = vec![];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_end().ends_with("Span {") {
            // Up to the brace that closes it.
            let close = format!("{}}},", " ".repeat(indent));
            for inner in lines.by_ref() {
                if inner == close {
                    break;
                }
            }
            continue;
        }
        out.push(line);
    }
    out.join("\n")
}

fn check_round(text: &str, options: &Options) -> String {
    let (first, diagnostics) = load(&world(text), "experiment.exp", options);
    assert!(!any_errors(&diagnostics), "{}", render_all(&first, &diagnostics));
    assert!(!first.experiments.is_empty());
    let shown = show(&first);
    let (second, diagnostics) = load(&world(&shown), "experiment.exp", &Options::default());
    assert!(!any_errors(&diagnostics), "{}\n{shown}", render_all(&second, &diagnostics));
    assert_eq!(meaning(&first), meaning(&second), "{shown}");
    shown
}

const RICH: &str = r#"
experiment rich { seed = 7 }
import "lib/lab.exp" as lab
let width = lab.width * 2
let opt = adamw { lr = 3e-4, betas = [0.9, 0.95] }
data web : jsonl { files = ["web/*.jsonl", "more/*.jsonl"] }
data books : text { files = "books/*.txt", document = paragraph, clean = exact { level = paragraph } }
data exam : csv { files = "exam.csv", delimiter = tab }
data corpus : mix { sources = { web = 67%, books = 33% }, clean = [gopher, decontaminate { against = exam }, word_list { file = "./bad.txt" }], split = { train = 99%, validation = 1% } }
tokenizer words : bpe { train_on = corpus, vocab = 1_024 }
model gpt2 : gpt { layers = 2, heads = 2, hidden = width, context = 64, tokenizer = words, dropout = 10% }
model wide = gpt2 with { hidden = 256, attention_dropout = 0% }
stage base : causal_lm {
  on = lab.h100_node
  model = gpt2
  data = corpus
  batch = 8 sequences
  micro_batch = 4
  duration = 20 tokens/param * gpt2.params
  optimizer = opt
  schedule.warmup = 2%
  precision = bf16
  parallel = { data = 1, recompute = full }
  evaluate = { every = 500 steps, on = corpus.validation }
  stop = { patience = 7 evaluations }
  checkpoint = { every = 30 min }
  sample = { prompt = "To be, \"or\" not\n" }
}
stage again = base with { model = wide, schedule = cosine { floor = 10% } }
budget base { time <= 2 h, memory <= 76 GiB/gpu, cost <= $50 }
assert base.tokens >= 20 tokens/param * gpt2.params and base.memory < 80 GiB "a \"message\""
variant quick { base.duration = 10_000 steps, width = 64, budget.base.time = 1 h }
"#;

#[test]
fn everything_survives() {
    let shown = check_round(RICH, &Options::default());
    insta::assert_snapshot!(shown);
}

#[test]
fn variants_and_command_line_are_expanded() {
    let set = vec![("again.optimizer.lr".into(), "1e-3".into()), ("experiment.seed".into(), "8".into())];
    let shown = check_round(
        &RICH.replace("optimizer = opt", "optimizer = adamw { lr = 3e-4 }"),
        &Options { set, variant: Some("quick".into()), stage: None },
    );
    assert!(shown.contains("duration = 10000 steps  # variant quick"), "{shown}");
    assert!(shown.contains("lr = 1e-3  # --set"), "{shown}");
    assert!(shown.contains("seed = 8  # --set"), "{shown}");
    assert!(shown.contains("time <= 1 h  # variant quick"), "{shown}");
    assert!(shown.contains("price = $2.49/gpu/h  # import lib/lab.exp:1"), "{shown}");
}

#[test]
fn sweeps_stay_sweeps() {
    let text = complete(
        "sweep a { base.optimizer.lr = [1e-3, 2e-3], gpt2.layers = [1, 2] }\nsweep b { base.batch = [4 sequences, 8 sequences] }",
    );
    let shown = check_round(&text, &Options::default());
    let (front, _) = load(&world(&shown), "experiment.exp", &Options::default());
    assert_eq!(front.experiments.len(), 8);
    assert!(
        front
            .experiments
            .iter()
            .any(|e| e.name == "docs.base.optimizer.lr-1e-3-gpt2.layers-2-base.batch-4-sequences")
    );
}
