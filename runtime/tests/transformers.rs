//! Models as transformers made them: the same logits, gradients and losses of twenty AdamW steps from the same
//! weights. The golden files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::schedule::{Decay, LearningRate};
use regimen_compiler::experiment::Stage;
use safetensors::SafeTensors;
use trainer::configs::{gpt2, llama};
use trainer::golden::{check_gradients, largest_difference, logits_program, read, tensor, trainer_from};
use trainer::run_once;

struct Golden {
    weights: Vec<u8>,
    golden: Vec<u8>,
    stage: Stage,
}

/// The files of `family/name`, and a stage that trains the model of its configuration.
fn golden(path: &str, batch: u64, micro_batch: u64) -> Golden {
    let read = |file: &str| read(path, file);
    let config: serde_json::Value = serde_json::from_slice(&read("config.json")).expect("JSON");
    let mut stage = match config["model_type"].as_str() {
        Some("gpt2") => trainer::stages::stage(gpt2(&config), batch, micro_batch),
        Some("llama") => trainer::stages::stage(llama(&config), batch, micro_batch),
        other => panic!("no such family: {other:?}"),
    };
    stage.learning_rate =
        LearningRate { decay: Decay::Constant, peak: 1e-2, floor: 0.0, warmup: 0, cooldown: 0, steps: 20 };
    Golden { weights: read("model.safetensors"), golden: read("golden.safetensors"), stage }
}

fn check(name: &str, micro_batch: u64) {
    let _turn = trainer::turn(2);
    let golden = golden(name, 3, micro_batch);
    let weights = SafeTensors::deserialize(&golden.weights).expect("safetensors");
    let expected = SafeTensors::deserialize(&golden.golden).expect("safetensors");
    let batches = tensor(&expected, "batches");
    let (losses, norms) = (tensor(&expected, "losses"), tensor(&expected, "norms"));
    let wanted_logits = tensor(&expected, "logits");
    let tokens = batches.get(0).narrow(1, 0, batches.size()[2] - 1).contiguous();
    let stage = golden.stage;
    let names = stage.model.spec.exchange().tensors;
    let mut trainer = trainer_from(&stage, micro_batch, &weights, &names);

    let program = logits_program(&stage, &trainer.lowered, 3);
    let logits = run_once(program, &trainer.residents, &tokens);
    let off = largest_difference(&logits[0], &wanted_logits);
    drop(logits);
    assert!(off < 2e-5, "logits differ by {off}");

    for step in 0..batches.size()[0] {
        trainer.accumulate(&batches.get(step), step);
        if step == 0 {
            check_gradients(&names, &trainer, &expected);
        }
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
        let (loss, wanted) = (trainer.take("loss_sum"), losses.double_value(&[step]));
        assert!((loss - wanted).abs() < 1e-5, "step {step}: loss {loss}, transformers has {wanted}");
        let (norm, wanted) = (trainer.take("grad_norm"), norms.double_value(&[step]));
        assert!((norm / wanted - 1.0).abs() < 1e-5, "step {step}: norm {norm}, torch has {wanted}");
    }
}

#[test]
fn gpt2_equals_transformers() {
    check("gpt2/small", 3);
}

#[test]
fn an_odd_gpt2_equals_transformers_with_accumulation() {
    check("gpt2/odd", 1);
}

#[test]
fn llama_equals_transformers() {
    check("llama/small", 3);
}

#[test]
fn a_llama_with_grouped_queries_equals_transformers_with_accumulation() {
    check("llama/grouped", 1);
}

#[test]
fn stretched_rotary_positions_equal_those_of_transformers() {
    for scaling in ["linear", "llama3", "yarn"] {
        check(&format!("llama/{scaling}"), 3);
    }
}
