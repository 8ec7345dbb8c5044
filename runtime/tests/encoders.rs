//! Encoders as transformers made them: the same logits, gradients and losses of twenty AdamW steps from the same weights, on the
//! same masked batches. The golden files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::plan::ExchangeTensor;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::arch::electra::Electra;
use regimen_compiler::arch::encoder::hf_name;
use regimen_compiler::experiment::Stage;
use safetensors::SafeTensors;
use serde_json::Value;
use tch::Tensor;
use trainer::configs::{bert, deberta, electra, number, roberta};
use trainer::golden::{
    check_gradients, largest_difference, logits_program, program, read, tensor, trainer_from,
};
use trainer::stages::encoders as models;
use trainer::{Trainer, run_once};

fn config(path: &str) -> Value {
    serde_json::from_slice(&read(path, "config.json")).expect("JSON")
}

fn accumulate(trainer: &mut Trainer, tokens: &Tensor, labels: &Tensor, step: i64) {
    trainer.set("step", step as f64);
    let (rows, micro) = (tokens.size()[0], trainer.lowered.micro_batch as i64);
    let counted = labels.ne(-100).sum(tch::Kind::Double).double_value(&[]);
    for first in (0..rows).step_by(micro as usize) {
        trainer.run("micro_step", &|source, tensor| match source {
            "tokens" => tensor.copy_(&tokens.narrow(0, first, micro)),
            "labels" => tensor.copy_(&labels.narrow(0, first, micro)),
            "divisor" => drop(tensor.fill_(counted)),
            "samples" => {
                for row in 0..micro {
                    let _ = tensor.get(row).fill_(step * rows + first + row);
                }
            }
            other => panic!("unknown input {other}"),
        });
    }
}

/// Twenty steps from the golden weights, which have these names there; `look` sees the trainer before the first.
fn check(
    path: &str,
    stage: &Stage,
    micro_batch: u64,
    names: &[ExchangeTensor],
    look: impl Fn(&Trainer, &SafeTensors),
) {
    let (weights, golden) = (read(path, "model.safetensors"), read(path, "golden.safetensors"));
    let weights = SafeTensors::deserialize(&weights).expect("safetensors");
    let expected = SafeTensors::deserialize(&golden).expect("safetensors");
    let (tokens, labels) = (tensor(&expected, "tokens"), tensor(&expected, "labels"));
    let (losses, norms) = (tensor(&expected, "losses"), tensor(&expected, "norms"));
    let mut trainer = trainer_from(stage, micro_batch, &weights, names);
    look(&trainer, &expected);
    for step in 0..tokens.size()[0] {
        accumulate(&mut trainer, &tokens.get(step), &labels.get(step), step);
        if step == 0 {
            check_gradients(names, &trainer, &expected);
        }
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
        let (loss, wanted) = (trainer.take("loss_sum"), losses.double_value(&[step]));
        assert!((loss / wanted - 1.0).abs() < 1e-5, "step {step}: loss {loss}, transformers has {wanted}");
        let (norm, wanted) = (trainer.take("grad_norm"), norms.double_value(&[step]));
        assert!((norm / wanted - 1.0).abs() < 1e-4, "step {step}: norm {norm}, torch has {wanted}");
    }
}

fn check_masked(path: &str, stage: &Stage, micro_batch: u64) {
    let _turn = trainer::turn(2);
    check(path, stage, micro_batch, &stage.model.spec.exchange().tensors, |trainer, expected| {
        let program = logits_program(stage, &trainer.lowered, 3);
        let logits = run_once(program, &trainer.residents, &tensor(expected, "tokens").get(0));
        let off = largest_difference(&logits[0], &tensor(expected, "logits"));
        assert!(off < 2e-5, "logits differ by {off}");
    });
}

/// Compares the logits of the generator and the scores of the discriminator, for the tokens that the oracle drew, as well.
fn check_detector(path: &str, stage: &Stage, micro_batch: u64, name: impl Fn(&str) -> String) {
    let _turn = trainer::turn(2);
    let detector = stage.model.spec.detector().expect("a detector");
    let names: Vec<ExchangeTensor> = (stage.model.spec.weights().iter())
        .map(|w| ExchangeTensor {
            ours: w.name.clone(),
            theirs: name(&w.name),
            transposed: false,
            plus: None,
        })
        .collect();
    check(path, stage, micro_batch, &names, |trainer, expected| {
        let logits =
            program(stage, &trainer.lowered, 3, |g, x| detector.generator(g, x.into()).expect("fits"));
        let logits = run_once(logits, &trainer.residents, &tensor(expected, "tokens").get(0));
        let off = largest_difference(&logits[0], &tensor(expected, "logits"));
        assert!(off < 2e-5, "logits differ by {off}");
        let scores =
            program(stage, &trainer.lowered, 3, |g, x| detector.discriminator(g, x.into()).expect("fits"));
        let scores = run_once(scores, &trainer.residents, &tensor(expected, "replaced"));
        let off = largest_difference(&scores[0].squeeze_dim(2), &tensor(expected, "scores"));
        assert!(off < 2e-5, "scores differ by {off}");
    });
}

#[test]
fn bert_equals_transformers() {
    check_masked("bert/small", &models::masked_stage(bert(&config("bert/small")), 3, 3), 3);
}

#[test]
fn an_odd_bert_equals_transformers_with_accumulation() {
    check_masked("bert/odd", &models::masked_stage(bert(&config("bert/odd")), 3, 1), 1);
}

#[test]
fn roberta_equals_transformers() {
    check_masked("roberta/small", &models::masked_stage(roberta(&config("roberta/small")), 3, 3), 3);
}

#[test]
fn an_odd_roberta_equals_transformers_with_accumulation() {
    check_masked("roberta/odd", &models::masked_stage(roberta(&config("roberta/odd")), 3, 1), 1);
}

#[test]
fn deberta_equals_transformers() {
    check_masked("deberta/small", &models::masked_stage(deberta(&config("deberta/small")), 3, 3), 3);
}

#[test]
fn a_deberta_without_buckets_and_shared_keys_equals_transformers_with_accumulation() {
    check_masked("deberta/odd", &models::masked_stage(deberta(&config("deberta/odd")), 3, 1), 1);
}

#[test]
fn the_convolution_of_deberta_equals_transformers() {
    for micro_batch in [3, 1] {
        let model = deberta(&config("deberta/convolution"));
        check_masked("deberta/convolution", &models::masked_stage(model, 3, micro_batch), micro_batch);
    }
}

#[test]
fn the_enhanced_mask_decoder_is_that_of_its_authors() {
    let model = Deberta { enhanced: true, ..deberta(&config("deberta/enhanced")) };
    check_masked("deberta/enhanced", &models::masked_stage(model, 3, 3), 3);
}

/// The name in a model's exchange format.
fn exchanged(model: &dyn ModelSpec, ours: &str) -> Option<String> {
    model.exchange().tensors.into_iter().find(|t| t.ours == ours).map(|t| t.theirs)
}

/// Where transformers' two models have a weight of ELECTRA; the embeddings belong to both.
fn electra_name(model: &Electra, ours: &str) -> String {
    if let Some(found) = exchanged(model, ours) {
        return format!("discriminator.{found}");
    }
    let found = match ours.split_once('.').expect("two parts") {
        ("head", "bias") => "generator_lm_head.bias".to_owned(),
        ("head", rest) => {
            let rest = rest.replace("transform.", "dense.").replace("norm.", "LayerNorm.");
            format!("generator_predictions.{rest}")
        }
        (_, rest) => hf_name(rest, "electra")
            .unwrap_or_else(|| rest.replace("project.", "electra.embeddings_project.")),
    };
    format!("generator.{found}")
}

fn check_electra(path: &str, micro_batch: u64) {
    let model = electra(&config(path));
    let stage = models::detection_stage(model.clone(), 3, micro_batch);
    check_detector(path, &stage, micro_batch, |ours| electra_name(&model, ours));
}

#[test]
fn electra_equals_transformers() {
    check_electra("electra/small", 3);
}

#[test]
fn an_odd_electra_equals_transformers_with_accumulation() {
    check_electra("electra/odd", 1);
}

/// Where the oracle has a weight of DeBERTa's detector.
fn deberta_name(plain: &Deberta, ours: &str) -> String {
    let of_head = [
        ("detector.norm.", "norm."),
        ("detector.dense.", "dense."),
        ("detector.score.", "classifier."),
        ("embed.position.weight", "generator.positions"),
        ("embed.delta.weight", "discriminator.embeddings.word_embeddings.weight"),
    ];
    if let Some((from, to)) = of_head.iter().find(|(from, _)| ours.starts_with(from)) {
        return ours.replace(from, to);
    }
    let generators = ours.starts_with("head.") || ours == "embed.token.weight";
    match ours.strip_prefix("generator.").or(generators.then_some(ours)) {
        Some(rest) => format!("generator.{}", exchanged(plain, rest).expect("named")),
        None => exchanged(plain, ours).expect("named").replacen("deberta.", "discriminator.", 1),
    }
}

#[test]
fn the_detector_of_deberta_is_that_of_its_authors() {
    let config = config("deberta/detector");
    let plain = deberta(&config["discriminator"]);
    let layers = number(&config["generator"], "num_hidden_layers");
    let model = models::deberta_detector(Deberta { enhanced: true, ..plain.clone() }, layers);
    for micro_batch in [3, 1] {
        let stage = models::detection_stage(model.clone(), 3, micro_batch);
        check_detector("deberta/detector", &stage, micro_batch, |ours| deberta_name(&plain, ours));
    }
}
