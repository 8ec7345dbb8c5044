//! Models that are used and not trained: the same tokens and losses as on a CPU, and the planned memory.

use crate::trainer::stages::{gpt, llama};
use crate::{gpu_stage, on_gpu};
use regimen_base::plan::Backend;
use regimen_base::plan::Stage as Planned;
use regimen_base::program::ResidentId;
use regimen_base::tensor::DType;
use regimen_compiler::experiment::{Precision, Stage};
use regimen_compiler::passes::fuse::Fusions;
use regimen_compiler::planning::inference::{Use, plan};
use regimen_compiler::stages::generation::{DECODE, PREFILL, Texts};
use regimen_data::tokenizer::Bytes;
use regimen_runtime::cuda::Cuda;
use regimen_runtime::generate::{Generator, Programs, Request, Sampling, Stops};
use regimen_runtime::inference::{Texts as Corpus, Windows, perplexity};
use regimen_runtime::run::{Engine, Gpu, Libtorch, Observe};
use std::rc::Rc;

const PROGRAMS: Programs<'static> = Programs { prefill: PREFILL, decode: DECODE };

/// Decoders on a GPU: odd sizes, groups of heads, and one whose caches take several steps of the allocator.
fn decoders(precision: Precision) -> Vec<(&'static str, Stage)> {
    let stage = |model| gpu_stage(model, 1, 1, precision, Fusions::ALL);
    let mut odd = gpt(3, 3, 15, 150, 41);
    (odd.mlp, odd.bias, odd.tied) = (37, false, false);
    vec![
        ("gpt", gpu_stage(gpt(2, 4, 64, 150, 257), 1, 1, precision, Fusions::ALL)),
        ("gpt, odd", gpu_stage(odd, 1, 1, precision, Fusions::ALL)),
        ("llama, groups", stage(llama([3, 6, 2, 96, 256], 150, 257))),
        ("llama, larger", stage(llama([8, 16, 4, 1_024, 2_816], 2_048, 8_000))),
    ]
}

/// The same stage on the CPU.
fn on_cpu(stage: &Stage) -> Stage {
    let mut stage = stage.clone();
    stage.hardware.backend = Backend::Cpu;
    stage
}

/// Fills every weight with the same numbers on each device: far enough from each other that rounding never decides a token.
#[allow(clippy::result_large_err)] // as the trait says
fn fill(planned: &Planned, engine: &mut dyn Engine) {
    for (index, resident) in planned.residents.iter().enumerate() {
        let norm = resident.name.contains("norm");
        let mut state = index as u64 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
            if norm { 1.0 + 0.2 * uniform } else { 0.3 * uniform }
        };
        let put = &mut |out: &mut [u8]| {
            match resident.ty.dtype {
                DType::F32 => {
                    out.chunks_exact_mut(4).for_each(|to| to.copy_from_slice(&next().to_le_bytes()))
                }
                DType::Bf16 => {
                    out.chunks_exact_mut(2).for_each(|to| to.copy_from_slice(&next().to_le_bytes()[2..]));
                }
                other => panic!("{other:?}"),
            }
            Ok(())
        };
        if resident.role == regimen_base::program::Role::Weight {
            engine.fill(ResidentId(index as u32), put).unwrap();
        }
    }
}

/// Tokens that follow a prompt of 70, greedily.
fn greedy(planned: &Planned, engine: &mut dyn Engine) -> Vec<u32> {
    let mut generator = Generator::new(planned, PROGRAMS, engine, &Bytes).unwrap();
    let prompt: Vec<u32> = (0..70).map(|i| (i * 7 + 3) % 41).collect();
    let stops = Stops::default();
    let request = Request { prompt: &prompt, tokens: 60, sampling: Sampling::GREEDY, stops: &stops, key: 0 };
    generator.generate(&request, &mut |_| ()).unwrap().tokens
}

#[test]
#[ignore = "needs a GPU"]
fn generated_tokens_are_the_cpus() {
    for (name, stage) in decoders(Precision::F32).into_iter().take(3) {
        on_gpu(false, |cuda| {
            let what = Use::Generate(Texts { batch: 1, length: 130 });
            let planned = plan(&stage, what).unwrap();
            let here = plan(&on_cpu(&stage), what).unwrap();
            let mut cpu = Libtorch::new(&here, Observe::Peak).unwrap();
            fill(&here, &mut cpu);
            let expected = greedy(&here, &mut cpu);
            for observe in [Observe::EveryInstruction, Observe::Peak] {
                let mut gpu = Gpu::on(cuda.clone(), &planned, observe).unwrap();
                fill(&planned, &mut gpu);
                assert_eq!(greedy(&planned, &mut gpu), expected, "{name}");
            }
            println!("{name}: {} tokens equal", expected.len());
        });
    }
}

#[test]
#[ignore = "needs a GPU"]
fn predicted_texts_have_the_cpus_loss() {
    for (name, stage) in decoders(Precision::F32).into_iter().take(3) {
        on_gpu(false, |cuda| {
            let what = Use::Loss { batch: 3, length: 50 };
            let (planned, here) = (plan(&stage, what).unwrap(), plan(&on_cpu(&stage), what).unwrap());
            let mut corpus = Corpus::default();
            let text: String = (0..400_u32).map(|i| char::from((i * i % 37 + 1) as u8)).collect();
            corpus.add(&Bytes, "a text", &text).unwrap();
            let windows = Windows { length: 50, stride: 20 };
            let loss = |planned: &Planned, engine: &mut dyn Engine| {
                fill(planned, engine);
                perplexity(planned, engine, &corpus, windows, &mut |_, _| ()).unwrap().loss
            };
            let expected = loss(&here, &mut Libtorch::new(&here, Observe::Peak).unwrap());
            let found = loss(&planned, &mut Gpu::on(cuda, &planned, Observe::Peak).unwrap());
            println!("{name}: {found} on the GPU, {expected} on the CPU");
            assert!((found / expected - 1.0).abs() < 1e-5, "{name}");
        });
    }
}

/// Requested, planned and measured; reserved, planned and measured.
fn memory(cuda: &Rc<Cuda>, planned: &Planned, then: &dyn Fn(&mut Gpu)) -> [u64; 4] {
    let mut gpu = Gpu::on(cuda.clone(), planned, Observe::Peak).unwrap();
    fill(planned, &mut gpu);
    then(&mut gpu);
    let measured = gpu.measured_peak().unwrap();
    [planned.peak_bytes, measured, planned.reserved_bytes, cuda.reserved_peak().unwrap() as u64]
}

#[test]
#[ignore = "needs a GPU"]
fn requested_and_reserved_bytes_are_the_plans() {
    for precision in [Precision::F32, Precision::Bf16] {
        for (name, stage) in decoders(precision) {
            let length = 2_000.min(stage.model.spec.context());
            on_gpu(false, |cuda| {
                let planned = plan(&stage, Use::Generate(Texts { batch: 1, length })).unwrap();
                let found = memory(&cuda, &planned, &|gpu| drop(greedy(&planned, gpu)));
                println!("{name}, {}: {found:?}", precision.name());
                assert_eq!((found[1], found[3]), (found[0], found[2]), "{name}: generates");
            });
            on_gpu(false, |cuda| {
                let planned = plan(&stage, Use::Loss { batch: 4, length: 140 }).unwrap();
                let mut corpus = Corpus::default();
                corpus.add(&Bytes, "a text", &"\u{1}\u{2}\u{3}".repeat(300)).unwrap();
                let windows = Windows { length: 140, stride: 70 };
                let found = memory(&cuda, &planned, &|gpu| {
                    perplexity(&planned, gpu, &corpus, windows, &mut |_, _| ()).unwrap();
                });
                println!("{name}, {}, loss: {found:?}", precision.name());
                assert_eq!((found[1], found[3]), (found[0], found[2]), "{name}: predicts");
            });
        }
    }
}
