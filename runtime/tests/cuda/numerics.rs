//! Loss curves: GPU against CPU, and the same run again.

use crate::trainer::Trainer;
use crate::trainer::stages::{gpt, llama};
use crate::trainer::tokens;
use crate::{gpu_stage, on_gpu, place};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::experiment::{Precision, Stage};
use regimen_compiler::passes::fuse::Fusions;
use regimen_runtime::cuda::Cuda;
use std::rc::Rc;
use tch::Tensor;

fn with_dropout(mut model: Gpt, rate: f64) -> Gpt {
    (model.embedding_dropout, model.attention_dropout, model.residual_dropout) = (rate, rate, rate);
    model
}

/// Learning rate: high enough to learn something in fifty steps, low enough that rounding errors do not grow.
const RATE: f64 = 3e-4;

/// Losses of some steps. Batches lie where the plan's tensors may lie too, so bytes are not compared here.
fn train(trainer: &mut Trainer, stage: &Stage, steps: std::ops::Range<i64>) -> Vec<f64> {
    trainer.watched = false;
    let vocab = stage.model.spec.vocab() as i64;
    let batch = |step| tokens(stage.batch as i64, stage.sequence as i64, vocab, step);
    steps.map(|step| trainer.step(&batch(step), step, RATE)).collect()
}

fn curve(cuda: &Rc<Cuda>, stage: &Stage, steps: i64) -> (Vec<f64>, Vec<Tensor>) {
    let mut trainer = Trainer::on(&place(cuda), stage, 4);
    trainer.run("initialise", &|_, _| ());
    let losses = train(&mut trainer, stage, 0..steps);
    (losses, trainer.residents.iter().map(Tensor::copy).collect())
}

/// Fifty steps of the same model on both, in f32.
fn follows_the_cpu(cuda: &Rc<Cuda>, what: &str, model: impl ModelSpec + Clone + 'static) {
    let (gpu, _) = curve(cuda, &gpu_stage(model.clone(), 8, 4, Precision::F32, Fusions::ALL), 50);
    let stage = crate::trainer::stages::stage(model, 8, 4);
    let mut trainer = Trainer::new(&stage, 4);
    trainer.run("initialise", &|_, _| ());
    let cpu = train(&mut trainer, &stage, 0..50);
    assert!(cpu[49] < cpu[0] - 0.3, "nothing was learned: {cpu:?}");
    for (step, (a, b)) in gpu.iter().zip(&cpu).enumerate() {
        assert!((a - b).abs() < 1e-4, "{what}, step {step}: {a} on the GPU, {b} on the CPU");
    }
    println!("{what}: after 50 steps {} on the GPU, {} on the CPU", gpu[49], cpu[49]);
}

#[test]
#[ignore = "needs a GPU"]
fn losses_in_f32_are_those_of_the_cpu() {
    on_gpu(false, |cuda| {
        for rate in [0.0, 0.1] {
            follows_the_cpu(&cuda, &format!("dropout {rate}"), with_dropout(gpt(2, 4, 64, 32, 47), rate));
        }
        follows_the_cpu(&cuda, "llama", llama([2, 4, 2, 64, 160], 32, 47));
    });
}

#[test]
#[ignore = "needs a GPU"]
fn a_reproducible_run_repeats_bit_for_bit_and_goes_on_from_any_step() {
    on_gpu(true, |cuda| {
        for precision in [Precision::F32, Precision::Bf16] {
            let model = with_dropout(gpt(2, 4, 256, 128, 301), 0.0);
            let stage = Stage { reproducible: true, ..gpu_stage(model, 8, 4, precision, Fusions::ALL) };
            let (once, weights) = curve(&cuda, &stage, 20);
            let (again, _) = curve(&cuda, &stage, 20);
            assert!(once[19] < once[0], "{once:?}");
            assert_eq!(once, again, "{precision:?}");
            // What a checkpoint restores: every resident, into a new stage.
            let (before, middle) = curve(&cuda, &stage, 11);
            let mut resumed = Trainer::on(&place(&cuda), &stage, 4);
            resumed.residents.iter_mut().zip(&middle).for_each(|(to, from)| to.copy_(from));
            let after = train(&mut resumed, &stage, 11..20);
            assert_eq!([before, after].concat(), once, "{precision:?}");
            for (a, b) in resumed.residents.iter().zip(&weights) {
                assert!(a.equal(b), "{precision:?}");
            }
        }
    });
}

/// The definitions' tolerance for fused against unfused training in bf16.
#[test]
#[ignore = "needs a GPU"]
fn losses_of_fused_and_unfused_plans_stay_together() {
    on_gpu(false, |cuda| {
        for (precision, limit) in [(Precision::F32, 1e-4), (Precision::Bf16, 3e-3)] {
            let of = |fuse| curve(&cuda, &gpu_stage(gpt(2, 4, 256, 128, 301), 8, 4, precision, fuse), 50).0;
            let (fused, plain) = (of(Fusions::ALL), of(Fusions::NONE));
            assert!(fused[49] < fused[0] - 0.3, "nothing was learned: {fused:?}");
            let off = fused.iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            println!("{precision:?}: fused {}, unfused {}, at most {off:e} apart", fused[49], plain[49]);
            assert!(off < limit, "{precision:?}: {fused:?}\n{plain:?}");
        }
    });
}

#[test]
#[ignore = "needs a GPU"]
fn bf16_follows_f32() {
    on_gpu(false, |cuda| {
        let of = |precision| {
            let stage = gpu_stage(gpt(2, 4, 256, 128, 301), 8, 4, precision, Fusions::ALL);
            curve(&cuda, &stage, 50).0
        };
        let (single, half) = (of(Precision::F32), of(Precision::Bf16));
        for (step, (a, b)) in single.iter().zip(&half).enumerate() {
            assert!((a - b).abs() < 0.05, "step {step}: f32 {a}, bf16 {b}");
        }
        assert!(half[49] < half[0] - 0.3, "{half:?}");
    });
}
