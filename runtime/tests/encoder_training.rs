//! Whole training steps of encoders: memory to the byte on a grid of shapes, accumulation, recomputation, repeatability, and what
//! gradients do not reach.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use proptest::prelude::*;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::experiment::{Precision, Recompute, Stage};
use tch::Tensor;
use trainer::Trainer;
use trainer::stages::encoders::{self as models, detection_stage, masked_stage};

/// Tokens of which every fourth is hidden. They are made before the trainer, which counts every byte.
struct Batch {
    tokens: Tensor,
    labels: Tensor,
    counted: f64,
}

fn batches(stage: &Stage, steps: i64) -> Vec<Batch> {
    let (rows, length) = (stage.batch as i64, stage.sequence as i64);
    let places = Tensor::arange(rows * length, (tch::Kind::Int64, tch::Device::Cpu)).reshape([rows, length]);
    let one = |step: i64| {
        let text = trainer::tokens(rows, length, stage.model.spec.vocab() as i64, step);
        let text = text.narrow(1, 0, length).contiguous();
        let hidden = (&places + step).remainder(4).eq(0);
        let labels = text.masked_fill(&hidden.logical_not(), -100);
        let counted = labels.ne(-100).sum(tch::Kind::Double).double_value(&[]).max(1.0);
        Batch { tokens: text.masked_fill(&hidden, 0), labels, counted }
    };
    (0..steps).map(one).collect()
}

/// Forward and backward over a batch, in micro-batches.
fn accumulate(trainer: &mut Trainer, batch: &Batch, step: i64) {
    trainer.set("step", step as f64);
    let (rows, micro) = (batch.tokens.size()[0], trainer.lowered.micro_batch as i64);
    for first in (0..rows).step_by(micro as usize) {
        trainer.run("micro_step", &|source, tensor| match source {
            "tokens" => tensor.copy_(&batch.tokens.narrow(0, first, micro)),
            "labels" => tensor.copy_(&batch.labels.narrow(0, first, micro)),
            "divisor" => drop(tensor.fill_(batch.counted)),
            "samples" => {
                for row in 0..micro {
                    let _ = tensor.get(row).fill_(step * rows + first + row);
                }
            }
            other => panic!("unknown input {other}"),
        });
    }
}

fn losses(stage: &Stage, micro_batch: u64, steps: i64) -> Vec<f64> {
    let batches = batches(stage, steps);
    let mut trainer = Trainer::new(stage, micro_batch);
    trainer.run("initialise", &|_, _| ());
    let mut found = vec![];
    for (step, batch) in batches.iter().enumerate() {
        accumulate(&mut trainer, batch, step as i64);
        trainer.set("learning_rate", 3e-3);
        trainer.run("update", &|_, _| ());
        found.push(trainer.take("loss_sum"));
    }
    trainer.run("evaluate", &|source, tensor| match source {
        "divisor" => drop(tensor.fill_(1.0)),
        "labels" => drop(tensor.fill_(-100)),
        _ => drop(tensor.fill_(1)),
    });
    found
}

const KINDS: usize = 8;

/// A stage of every family and objective, with dropout everywhere.
fn stage(
    kind: usize,
    [layers, heads, head, context, vocab]: [u64; 5],
    rate: f64,
    batch: (u64, u64),
) -> Stage {
    let sizes = [layers, heads, heads * head, heads * head + 3];
    let half = [1, heads, heads, 5];
    let dropped = |mut model: Deberta| {
        model.embedding_dropout = rate;
        model.blocks.encoder.hidden_dropout = rate;
        model.blocks.encoder.attention_dropout = rate;
        model
    };
    let (whole, micro) = batch;
    match kind {
        0 => {
            let mut model = models::bert(sizes, context, vocab);
            (model.embeddings.dropout, model.encoder.hidden_dropout) = (rate, rate);
            masked_stage(model, whole, micro)
        }
        1 => {
            let mut model = models::bert(sizes, context, vocab);
            model.encoder.attention_dropout = rate;
            masked_stage(model, whole, micro)
        }
        2 => masked_stage(models::roberta(sizes, context, vocab), whole, micro),
        3 => {
            let mut model = models::electra(half, sizes, heads * head, context, vocab);
            (model.embeddings.dropout, model.generator.hidden_dropout) = (rate, rate);
            detection_stage(model, whole, micro)
        }
        4 => detection_stage(models::electra(half, sizes, 6, context, vocab), whole, micro),
        5 => masked_stage(dropped(models::deberta(sizes, context, vocab)), whole, micro),
        6 => {
            let mut model = dropped(models::deberta(sizes, context, vocab));
            (model.blocks.buckets, model.enhanced, model.blocks.shared_keys) = (Some(4), true, false);
            masked_stage(model, whole, micro)
        }
        _ => {
            let model = Deberta { enhanced: true, ..models::deberta(sizes, context, vocab) };
            detection_stage(dropped(models::deberta_detector(model, 1)), whole, micro)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// The trainer compares planned and measured bytes after every instruction.
    #[test]
    fn every_byte_is_the_planned_one(
        kind in 0..KINDS, layers in 1u64..4, heads in 1u64..4, head in 1u64..9, context in 2u64..30, vocab in 5u64..60,
        micro in 1u64..4, parts in 1u64..3, rate in prop::sample::select(vec![0.0, 0.3]), recompute in any::<bool>(),
        shorter in any::<bool>(), threads in 1usize..3,
        precision in prop::sample::select(vec![Precision::F32, Precision::Bf16, Precision::F64]),
    ) {
        let _turn = trainer::turn(threads);
        let mut stage = stage(kind, [layers, heads, head, context, vocab], rate, (micro * parts, micro));
        stage.precision = precision;
        stage.hardware.threads = threads as u64;
        stage.recompute = if recompute { Recompute::Full } else { Recompute::None };
        stage.sequence = if shorter { (context / 2).max(1) } else { context };
        let curve = losses(&stage, micro, 2);
        prop_assert!(curve.iter().all(|l| l.is_finite() && *l >= 0.0), "{:?}", curve);
    }
}

#[test]
fn micro_batches_and_recomputation_change_nothing() {
    let _turn = trainer::turn(2);
    for kind in 0..KINDS {
        let whole = stage(kind, [2, 2, 8, 12, 31], 0.2, (4, 4));
        let mut again = whole.clone();
        again.recompute = Recompute::Full;
        let (one, four, recomputed) = (losses(&whole, 4, 8), losses(&whole, 1, 8), losses(&again, 4, 8));
        assert_eq!(one, recomputed, "kind {kind}");
        assert_eq!(one, losses(&whole, 4, 8), "kind {kind} repeated");
        for (a, b) in one.iter().zip(&four) {
            assert!((a / b - 1.0).abs() < 2e-5, "kind {kind}: {one:?} against {four:?}");
        }
    }
}

#[test]
fn every_objective_learns() {
    let _turn = trainer::turn(2);
    for kind in 0..KINDS {
        let stage = stage(kind, [2, 2, 16, 12, 31], 0.0, (16, 16));
        let curve = losses(&stage, 16, 60);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&curve[..5]), mean(&curve[55..]));
        assert!(last < 0.95 * first, "kind {kind}: {first} to {last}");
    }
}

/// Version 3's sharing of embeddings: the discriminator's loss trains its difference and not the generator's table.
#[test]
fn the_discriminator_of_deberta_does_not_train_the_generators_table() {
    let _turn = trainer::turn(1);
    let mut weighed = vec![];
    for weight in [1.0, 100.0] {
        let mut stage = stage(7, [2, 2, 4, 6, 11], 0.0, (2, 2));
        if let regimen_compiler::experiment::Objective::ReplacedTokenDetection { weight: w, .. } =
            &mut stage.objective
        {
            *w = weight;
        }
        let batches = batches(&stage, 1);
        let mut trainer = Trainer::new(&stage, 2);
        trainer.run("initialise", &|_, _| ());
        accumulate(&mut trainer, &batches[0], 0);
        let norm = |name: &str| trainer.resident(name).norm().double_value(&[]);
        weighed.push(["embed.token.weight.grad", "embed.delta.weight.grad"].map(norm));
    }
    let [[table, delta], [same, more]] = weighed[..] else { panic!("two weights") };
    assert!(table > 0.0 && delta > 0.0);
    assert_eq!(table, same);
    assert!((more / delta / 100.0 - 1.0).abs() < 1e-4, "{delta} and {more}");
}
