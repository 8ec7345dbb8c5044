//! Encoders as a user trains them: masked batches that a resume repeats, and what cannot be asked of them.
#![cfg(feature = "libtorch")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD};

/// `good.exp` with another model and another kind of stage.
fn experiment(model: &str, kind: &str) -> String {
    let model = format!("model tiny : {model},\n  layers    = 1");
    let text = GOOD.replace("model tiny : gpt {\n  layers    = 1", &model).replace("causal_lm", kind);
    text.replace(", metric = loss", "")
}

fn losses(bench: &Bench) -> Vec<String> {
    let metrics = bench.read("runs/good/pretrain/metrics.jsonl");
    let cut = |line: &str| line.split(",\"time\"").next().unwrap().to_owned();
    metrics.lines().map(cut).collect()
}

/// Masks and draws are functions of the sample and the step: going on repeats what would have come.
#[test]
fn a_resumed_run_has_the_losses_of_one_that_never_stopped() {
    for (model, kind, masking) in [
        ("bert { dropout = 10%", "masked_lm", "{ rate = 30%, unit = word }"),
        ("roberta { dropout = 10%", "masked_lm", "{ fresh = once }"),
        ("bert { dropout = 10%", "masked_lm", "{ rate = 30% }\n  next_sentence = true"),
        ("electra { generator_heads = 1, generator_hidden = 8", "replaced_token_detection", "{}"),
        ("deberta { generator_layers = 1, buckets = 4", "replaced_token_detection", "{ rate = 30% }"),
    ] {
        let bench = Bench::good();
        // Pairs need documents in every part.
        for n in 0..40 {
            bench.write(
                &format!("data/more{n}.txt"),
                format!("Act {n}. Who enters? The {n}th ghost.\n").repeat(12),
            );
        }
        let text = experiment(model, kind);
        let text = text.replace("  optimizer   =", &format!("  masking     = {masking}\n  optimizer   ="));
        bench.write("good.exp", &text);
        let whole = bench.run(&["run", "good.exp"]);
        assert!(whole.status == 0 && whole.out.contains("equal:"), "{model}: {whole:?}");
        let expected = losses(&bench);
        // Back to the checkpoint after step 3, as if the process had been killed after it.
        let run = bench.path("runs/good/pretrain");
        for gone in ["checkpoints/step-00000006", "result.json"] {
            let path = run.join(gone);
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        std::fs::write(run.join("checkpoints/last"), "step-00000003\n").unwrap();
        let again = bench.run(&["run", "good.exp", "--resume"]);
        assert!(again.status == 0 && again.out.contains("step 4 of 6"), "{model}: {again:?}");
        assert_eq!(losses(&bench), expected, "{model}");
    }
}

#[test]
fn encoders_write_no_text() {
    let bench = Bench::good();
    bench.write("good.exp", experiment("bert { dropout = 0%", "masked_lm"));
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let said = bench.run(&["generate", "runs/good/pretrain", "--prompt", "To be"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.err.contains("error[E") && !said.err.contains("panicked"), "{said:?}");
}
