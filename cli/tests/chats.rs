//! Conversations as a user trains on them: what a template does to them is judged before the run, and a resume repeats every sample.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::Bench;
use std::collections::BTreeSet;
use std::fmt::Write;

const EXPERIMENT: &str = r#"experiment talk { seed = 1 }
hardware box : cpu { threads = 1 }
tokenizer words : bytes {}
data talks : chats {
  files = "talks.jsonl"
  chat_template = zephyr
  split = { train = 80%, validation = 20% }
}
model tiny : llama { layers = 1, heads = 2, hidden = 16, mlp = 24, context = 128, tokenizer = words }
stage sft : supervised {
  on          = box
  model       = tiny
  data        = talks
  packing     = true
  batch       = 4 sequences
  micro_batch = 2
  duration    = 6 steps
  optimizer   = adamw { lr = 3e-3 }
  evaluate    = { every = 3 steps, on = talks.validation }
  checkpoint  = { every = 3 steps, keep = 2 }
}
"#;

fn bench(experiment: &str) -> Bench {
    let bench = Bench::new();
    let mut talks = String::new();
    for i in 0..40 {
        let answer = "yes ".repeat(1 + i % 5);
        let _ = writeln!(
            talks,
            r#"{{"messages": [{{"role": "user", "content": "say {i}"}}, {{"role": "assistant", "content": "{answer}"}}]}}"#
        );
    }
    bench.write("talks.jsonl", talks);
    bench.write("talk.exp", experiment);
    bench
}

/// The codes of `check` where the template is this text.
fn checked(template: &str) -> String {
    let bench = bench(&EXPERIMENT.replace("= zephyr", "= \"mine.jinja\""));
    bench.write("mine.jinja", template);
    let said = bench.run(&["check", "talk.exp"]);
    assert!(!said.err.contains("panicked"), "{said:?}");
    said.err
}

#[test]
fn templates_that_teach_nothing_or_never_to_stop_are_found_before_any_data_is_prepared() {
    let with = |answer: &str| {
        checked(&format!(
            "{{% for m in messages %}}{{{{ m.role }}}}:{{% if m.role == 'assistant' %}}{answer}{{% else %}}{{{{ m.content + eos_token }}}}{{% endif %}}{{% endfor %}}"
        ))
    };
    let sound = with("{% generation %}{{ m.content + eos_token }}{% endgeneration %}");
    assert!(!sound.contains("error["), "{sound}");
    let masked = with("{% generation %}{{ m.content }}{% endgeneration %}{{ eos_token }}");
    assert!(masked.contains("E0457") && masked.contains("`<|endoftext|>`"), "{masked}");
    let empty = with("{% generation %}{% endgeneration %}{{ m.content + eos_token }}");
    assert!(empty.contains("E0456"), "{empty}");
    let other = with("{{ m.content + eos_token }}{% endif %}{% if loop.last and add_generation_prompt %}A:");
    assert!(other.contains("E0593"), "the prompt is not how answers begin: {other}");
    let broken = with("{% if %}");
    assert!(broken.contains("E0590"), "{broken}");
    // The template of a tuned model on a tokenizer without its special tokens.
    let base = bench(&EXPERIMENT.replace("= zephyr", "= chatml")).run(&["check", "talk.exp"]);
    assert!(base.status == 1 && base.err.contains("E0458"), "{base:?}");
}

#[test]
fn the_plan_says_what_samples_consist_of() {
    let bench = bench(EXPERIMENT);
    let lines = |packing: &str| -> Vec<String> {
        let said = bench.run(&["plan", "talk.exp", "--set", packing]);
        assert_eq!(said.status, 0, "{said:?}");
        let named = |line: &&str| {
            ["conversations", "supervised ", "padding", "epochs"].iter().any(|n| line.contains(n))
        };
        said.out
            .lines()
            .filter(named)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let alone = lines("sft.packing=false");
    let packed = lines("sft.packing=true");
    assert!(alone.iter().any(|line| line.starts_with("conversations 3")), "{alone:?}");
    let of = |lines: &[String], name: &str| lines.iter().find(|l| l.starts_with(name)).cloned().unwrap();
    assert_eq!(of(&alone, "supervised"), of(&packed, "supervised"));
    assert!(of(&packed, "padding").contains("as many in a sample as fit"));
    let padding =
        |lines: &[String]| -> f64 { of(lines, "padding").split(' ').nth(1).unwrap().parse().unwrap() };
    assert!(padding(&packed) < padding(&alone), "{packed:?} {alone:?}");
}

#[test]
fn known_templates_are_those_of_the_data_engine() {
    let words: BTreeSet<&str> =
        regimen_compiler::kinds::data::chats::TEMPLATES.iter().map(|w| w.name).collect();
    let known: BTreeSet<&str> =
        regimen_data::chat::known::ALL.iter().map(|(name, _)| *name).chain(["tokenizer"]).collect();
    assert_eq!(words, known);
}

#[test]
#[cfg(feature = "libtorch")]
fn a_resumed_run_has_the_losses_of_one_that_never_stopped() {
    let losses = |bench: &Bench| -> Vec<String> {
        let metrics = bench.read("runs/talk/sft/metrics.jsonl");
        metrics.lines().map(|line| line.split(",\"time\"").next().unwrap().to_owned()).collect()
    };
    for packing in ["true", "false"] {
        let bench = bench(&EXPERIMENT.replace("packing     = true", &format!("packing     = {packing}")));
        let whole = bench.run(&["run", "talk.exp"]);
        assert!(whole.status == 0 && whole.out.contains("equal:"), "{packing}: {whole:?}");
        let expected = losses(&bench);
        let run = bench.path("runs/talk/sft");
        for gone in ["checkpoints/step-00000006", "result.json"] {
            let path = run.join(gone);
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        std::fs::write(run.join("checkpoints/last"), "step-00000003\n").unwrap();
        let again = bench.run(&["run", "talk.exp", "--resume"]);
        assert!(again.status == 0 && again.out.contains("step 4 of 6"), "{packing}: {again:?}");
        assert_eq!(losses(&bench), expected, "{packing}");
    }
}
