//! Encoders and their objectives on a GPU: memory to the byte, every operation as on a CPU, and the same losses.

use crate::operations::compare;
use crate::trainer::stages::encoders as models;
use crate::trainer::stages::gpt;
use crate::trainer::{Trainer, tokens};
use crate::{on_gpu, place};
use models::{classify_stage, detection_stage, masked_stage};
use regimen_base::plan::Backend;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::experiment::{Precision, Recompute, Stage};
use regimen_compiler::passes::fuse::Fusions;
use regimen_compiler::planning;
use tch::{Kind, Tensor};

/// Families and objectives.
const KINDS: usize = 8;

/// Classes of those that classify.
const CLASSES: u64 = 3;

/// A stage of each: (layers, heads, hidden, MLP), context, vocabulary, rate of all dropouts, batch.
fn stage(kind: usize, sizes: [u64; 4], [context, vocab]: [u64; 2], rate: f64, batch: u64) -> Stage {
    let generator = [1, sizes[1], sizes[2], sizes[3]];
    let dropped = |model: Deberta| {
        let mut model = Deberta { embedding_dropout: rate, ..model };
        (model.blocks.encoder.hidden_dropout, model.blocks.encoder.attention_dropout) = (rate, rate);
        model
    };
    let stage = match kind {
        0 => {
            let mut model = models::bert(sizes, context, vocab);
            (model.encoder.hidden_dropout, model.encoder.attention_dropout) = (rate, rate);
            masked_stage(model, batch, batch)
        }
        1 => masked_stage(models::roberta(sizes, context, vocab), batch, batch),
        2 => {
            let mut model = models::electra(generator, sizes, sizes[2] / 2, context, vocab);
            (model.encoder.hidden_dropout, model.generator.attention_dropout) = (rate, rate);
            detection_stage(model, batch, batch)
        }
        3 => {
            let mut model = dropped(models::deberta(sizes, context, vocab));
            (model.blocks.buckets, model.enhanced, model.blocks.shared_keys) = (Some(8), true, false);
            masked_stage(model, batch, batch)
        }
        5 => {
            let mut model = models::bert(sizes, context, vocab);
            (model.encoder.hidden_dropout, model.encoder.attention_dropout) = (rate, rate);
            classify_stage(model, CLASSES, batch, batch)
        }
        6 => {
            let mut model = gpt(sizes[0], sizes[1], sizes[2], context, vocab);
            (model.attention_dropout, model.residual_dropout) = (rate, rate);
            classify_stage(model, CLASSES, batch, batch)
        }
        7 => classify_stage(dropped(models::deberta(sizes, context, vocab)), CLASSES, batch, batch),
        _ => {
            let model = Deberta { enhanced: true, ..models::deberta(sizes, context, vocab) };
            detection_stage(dropped(models::deberta_detector(model, 1)), batch, batch)
        }
    };
    on_a_gpu(stage)
}

fn on_a_gpu(mut stage: Stage) -> Stage {
    stage.hardware.backend = Backend::Cuda;
    Stage { fuse: Fusions::ALL, reproducible: false, ..stage }
}

/// Fills the inputs of a step: every fourth token is hidden, and its label is what it was.
fn fill(stage: &Stage, step: i64, source: &str, tensor: &mut Tensor) {
    let (rows, length) = (stage.batch as i64, stage.sequence as i64);
    let text = tokens(rows, length, stage.model.spec.vocab() as i64, step).narrow(1, 0, length);
    let places = Tensor::arange(rows * length, (Kind::Int64, tch::Device::Cpu)).reshape([rows, length]);
    let hidden = (&places + step).remainder(4).eq(0);
    if stage.kind == "classify" {
        return fill_record(stage, source, tensor, &text);
    }
    match source {
        "tokens" => tensor.copy_(&text.masked_fill(&hidden, 0)),
        "labels" => tensor.copy_(&text.masked_fill(&hidden.logical_not(), -100)),
        "divisor" => drop(tensor.fill_(hidden.sum(Kind::Int64).int64_value(&[]) as f64)),
        "samples" => {
            tensor.copy_(&Tensor::arange(rows, (Kind::Int64, tch::Device::Cpu)).g_add_scalar(step * rows))
        }
        other => panic!("unknown input {other}"),
    }
}

/// Fills the inputs of a step over records of different lengths, the class of each being the remainder of its first token.
fn fill_record(stage: &Stage, source: &str, tensor: &mut Tensor, text: &Tensor) {
    let (rows, length) = (stage.batch as i64, stage.sequence as i64);
    let long = |row: i64| length - row % 3;
    match source {
        "tokens" => tensor.copy_(text),
        "labels" => tensor.copy_(&text.select(1, 0).remainder(CLASSES as i64)),
        "divisor" => drop(tensor.fill_(rows as f64)),
        "samples" => tensor.copy_(&Tensor::arange(rows, (Kind::Int64, tch::Device::Cpu))),
        "segments" => (0..rows).for_each(|row| {
            let _ = tensor.get(row).fill_(1);
            let _ = tensor.get(row).narrow(0, long(row), length - long(row)).fill_(0);
        }),
        "rows" => (0..rows).for_each(|row| {
            let _ = tensor.get(row).fill_(long(row) - 1);
        }),
        other => panic!("unknown input {other}"),
    }
}

/// Losses of the steps; an evaluation comes before them.
fn losses(trainer: &mut Trainer, stage: &Stage, steps: i64) -> Vec<f64> {
    trainer.run("evaluate", &|source, tensor| fill(stage, 0, source, tensor));
    trainer.run("initialise", &|_, _| ());
    let step = |step: i64| {
        trainer.set("step", step as f64);
        trainer.run("micro_step", &|source, tensor| fill(stage, step, source, tensor));
        trainer.set("learning_rate", 1e-3);
        trainer.run("update", &|_, _| ());
        trainer.take("loss_sum")
    };
    (0..steps).map(step).collect()
}

#[test]
#[ignore = "needs a GPU"]
fn encoders_take_the_planned_bytes() {
    use Precision::{Bf16, F32};
    let sizes = [
        ([4, 4, 256, 1_024], [128, 8_000]),
        ([3, 5, 325, 801], [100, 301]),
        ([2, 4, 512, 2_048], [512, 1_000]),
    ];
    let mut failures = vec![];
    for kind in 0..KINDS {
        for (at, (sizes, text)) in sizes.iter().enumerate() {
            for (precision, rate, reproducible) in [(Bf16, 0.0, false), (F32, 0.1, false), (Bf16, 0.1, true)]
            {
                let mut stage = stage(kind, *sizes, *text, rate, 6);
                (stage.precision, stage.reproducible) = (precision, reproducible);
                stage.recompute = if at == 1 { Recompute::Full } else { Recompute::None };
                on_gpu(reproducible, |cuda| {
                    let mut trainer = Trainer::on(&place(&cuda), &stage, stage.batch);
                    // Once as it is; then with a look after every instruction, which begins the count anew each time.
                    trainer.watched = false;
                    let curve = losses(&mut trainer, &stage, 2);
                    cuda.finish().unwrap();
                    let planned = trainer.lowered.programs.values().map(|p| p.peak_bytes).max().unwrap();
                    let measured = cuda.memory().unwrap().peak as u64;
                    let reserved = planning::upper_bound(&stage, &trainer.lowered);
                    let held = cuda.reserved_peak().unwrap() as u64;
                    println!(
                        "{kind} {sizes:?} {text:?} {precision:?} {rate}: {planned} {measured}, {reserved} {held}, {curve:?}"
                    );
                    if planned != measured || reserved != held || !curve.iter().all(|l| l.is_finite()) {
                        failures.push((kind, *sizes, precision, rate));
                    }
                    trainer.watched = true;
                    losses(&mut trainer, &stage, 1);
                });
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
#[ignore = "needs a GPU"]
fn every_operation_of_an_encoder_equals_the_one_on_the_cpu() {
    on_gpu(false, |cuda| {
        tch::manual_seed(3);
        let mut seen = std::collections::BTreeSet::new();
        for (precision, limit) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5), (Precision::Bf16, 6e-3)] {
            for kind in 0..KINDS {
                for (sizes, text) in [([2, 3, 33, 50], [19, 51]), ([2, 4, 64, 96], [32, 96])] {
                    let mut stage = stage(kind, sizes, text, 0.1, 2);
                    (stage.precision, stage.fuse) = (precision, Fusions::NONE);
                    seen.extend(compare(&cuda, &stage, limit));
                }
            }
        }
        for name in [
            "gelu_erf",
            "gelu_erf_grad",
            "relative_scores",
            "relative_scores_grad",
            "replace_tokens",
            "segment_softmax",
            "tanh",
            "tanh_grad",
            "constant",
        ] {
            assert!(seen.contains(name), "{name}: {seen:?}");
        }
    });
}

#[test]
#[ignore = "needs a GPU"]
fn encoders_lose_on_a_gpu_what_they_lose_on_a_cpu() {
    for kind in 0..KINDS {
        let gpu = stage(kind, [2, 4, 64, 128], [32, 96], 0.1, 8);
        let mut cpu = gpu.clone();
        (cpu.hardware.backend, cpu.fuse) = (Backend::Cpu, Fusions::NONE);
        let mut found = vec![];
        on_gpu(false, |cuda| {
            let mut trainer = Trainer::on(&place(&cuda), &gpu, gpu.batch);
            trainer.watched = false;
            found = losses(&mut trainer, &gpu, 30);
        });
        let _turn = crate::trainer::turn(2);
        let mut trainer = Trainer::new(&cpu, cpu.batch);
        trainer.watched = false;
        let expected = losses(&mut trainer, &cpu, 30);
        let worst = found.iter().zip(&expected).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        println!("{kind}: {worst:e}; {} to {}", found[0], found[29]);
        assert!(worst < 1e-4, "{kind}: {worst}");
    }
}
