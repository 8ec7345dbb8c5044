//! Planning of hand-built stages: parameter counts, the memory arithmetic checked by an independent
//! simulation, recomputation, and the cost of planning large models.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

mod common;

use common::{gpt, llama, stage};
use proptest::prelude::*;
use regimen_base::SourceMap;
use regimen_base::plan::Backend;
use regimen_base::program::{Program, Storage, TensorId};
use regimen_base::tensor::Mesh;
use regimen_compiler::arch::llama::Llama;
use regimen_compiler::arch::parameters;
use regimen_compiler::experiment::{Experiment, MicroBatch, Precision, Recompute, Sample, Stage};
use regimen_compiler::planning::micro_batch::{divisors, largest_that_fits};
use regimen_compiler::planning::{self, plan_stage};
use regimen_compiler::stages::{Lowered, lower};
use std::collections::BTreeMap;

fn lowered(stage: &Stage, micro_batch: u64) -> Lowered {
    lower(stage, 1, micro_batch).expect("the stage lowers")
}

#[test]
fn parameter_counts_are_those_of_transformers() {
    for (layers, heads, hidden, expected) in
        [(12, 12, 768, 124_439_808u64), (24, 16, 1024, 354_823_168), (48, 25, 1600, 1_557_611_200)]
    {
        assert_eq!(parameters(&gpt(layers, heads, hidden, 1024, 50_257)), expected);
    }
}

/// Llama 2 7B, Llama 3 8B, SmolLM2 135M.
#[test]
fn parameter_counts_of_llamas_are_those_of_transformers() {
    let published = [
        ([32, 32, 32, 4_096, 11_008], 32_000, false, 6_738_415_616u64),
        ([32, 32, 8, 4_096, 14_336], 128_256, false, 8_030_261_248),
        ([30, 9, 3, 576, 1_536], 49_152, true, 134_515_008),
    ];
    for (sizes, vocab, tied, expected) in published {
        let model = Llama { tied, ..llama(sizes, 2_048, vocab) };
        assert_eq!(parameters(&model), expected);
    }
}

/// Bytes alive, counted once more from the plan alone: handles on storages, as the runtime holds them.
fn simulate(program: &Program, residents: u64) -> (Vec<(u64, u64)>, u64) {
    let bytes = |id: TensorId| program.tensors[id.index()].ty.local_bytes(&Mesh::default());
    let owner = |id: TensorId| match program.tensors[id.index()].storage {
        Storage::Shares(base) => base,
        _ => id,
    };
    let mut handles: BTreeMap<TensorId, i64> = BTreeMap::new();
    let mut live = residents;
    for input in &program.inputs {
        handles.insert(input.tensor, 1);
        live += bytes(input.tensor);
    }
    let mut seen = vec![];
    for instruction in &program.instructions {
        for output in &instruction.outputs {
            if matches!(program.tensors[output.index()].storage, Storage::Fresh) {
                live += bytes(*output);
            }
            *handles.entry(owner(*output)).or_insert(0) += 1;
        }
        let peak = live + instruction.workspace;
        for freed in &instruction.frees {
            let base = owner(*freed);
            if matches!(program.tensors[base.index()].storage, Storage::Resident(_)) {
                continue;
            }
            let count = handles.get_mut(&base).expect("freed values have handles");
            *count -= 1;
            assert!(*count >= 0, "{} is freed twice", program.tensors[base.index()].name);
            if *count == 0 {
                live -= bytes(base);
            }
        }
        seen.push((live, peak));
    }
    let peak = seen.iter().map(|s| s.1).max().unwrap_or(0);
    (seen, peak)
}

fn check_memory(lowered: &Lowered) {
    let residents: u64 = lowered.residents.iter().map(|r| r.ty.local_bytes(&Mesh::default())).sum();
    for program in lowered.programs.values() {
        let (seen, peak) = simulate(program, residents);
        let planned: Vec<(u64, u64)> = program.instructions.iter().map(|i| (i.live, i.peak)).collect();
        assert_eq!(seen, planned, "program {}", program.name);
        assert_eq!(peak, program.peak_bytes);
        let kept: u64 =
            program.outputs.iter().map(|o| program.tensors[o.index()].ty.local_bytes(&Mesh::default())).sum();
        let end = program.instructions.last().map_or(residents, |i| i.live);
        assert_eq!(end, residents + kept, "program {} leaves something behind", program.name);
    }
}

/// No instruction reads a value after it was freed or written over.
fn check_reads(program: &Program) {
    let mut gone = vec![false; program.tensors.len()];
    for instruction in &program.instructions {
        for input in &instruction.inputs {
            assert!(!gone[input.index()], "{} reads {input:?} after its end", instruction.name);
        }
        for (_, input) in &instruction.in_place {
            let overwritten = instruction.inputs[*input as usize];
            assert!(
                instruction.frees.contains(&overwritten),
                "{} goes on after being written over",
                instruction.name
            );
        }
        for freed in &instruction.frees {
            gone[freed.index()] = true;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn planned_bytes_follow_from_the_instruction_list(
        layers in 1u64..4, heads in 1u64..4, head in 1u64..9, context in 2u64..20, vocab in 3u64..40,
        micro in 1u64..4, steps in 1u64..3, dropout in any::<bool>(), bias in any::<bool>(), tied in any::<bool>(),
        recompute in any::<bool>(), half in any::<bool>(), shorter in any::<bool>(),
    ) {
        let mut model = gpt(layers, heads, heads * head, context, vocab);
        (model.bias, model.tied) = (bias, tied);
        if dropout {
            (model.embedding_dropout, model.attention_dropout, model.residual_dropout) = (0.1, 0.2, 0.3);
        }
        let mut stage = stage(model, micro * steps, micro);
        stage.recompute = if recompute { Recompute::Full } else { Recompute::None };
        stage.precision = if half { Precision::Bf16 } else { Precision::F32 };
        stage.sequence = if shorter { (context / 2).max(1) } else { context };
        let lowered = lowered(&stage, micro);
        check_memory(&lowered);
        lowered.programs.values().for_each(|program| check_reads(program));
    }
}

#[test]
fn full_recomputation_costs_a_third_and_saves_memory() {
    let plain = stage(gpt(8, 4, 128, 64, 65), 8, 8);
    let mut saving = plain.clone();
    saving.recompute = Recompute::Full;
    let (plain, saving) = (lowered(&plain, 8), lowered(&saving, 8));
    let (a, b) = (&plain.programs["micro_step"], &saving.programs["micro_step"]);
    assert!(b.peak_bytes < a.peak_bytes * 6 / 10, "{} against {}", b.peak_bytes, a.peak_bytes);
    let ratio = b.flops as f64 / a.flops as f64;
    assert!((1.2..1.34).contains(&ratio), "{ratio}");
}

#[test]
fn counted_flops_are_three_forward_passes() {
    let stage = stage(gpt(12, 12, 768, 1024, 50_257), 4, 4);
    let lowered = lowered(&stage, 4);
    let tokens = 4 * 1024;
    let dims = stage.model.spec.dimensions();
    // Products: 2 per parameter and token forward, 4 backward; attention 4 forward and 10 backward (scores again).
    let products = 6 * dims.matmul_parameters * tokens;
    let attention = 14 * dims.layers * dims.attention_width * 1024 * tokens;
    assert_eq!(lowered.programs["micro_step"].flops, products + attention);
}

#[test]
fn weights_take_part_in_the_update_exactly_once() {
    let stage = stage(gpt(2, 2, 8, 8, 11), 2, 1);
    let lowered = lowered(&stage, 1);
    let update = &lowered.programs["update"];
    let weights = stage.model.spec.weights().len();
    let updated: usize =
        update.instructions.iter().filter(|i| i.op == "adamw").map(|i| (i.inputs.len() - 3) / 4).sum();
    assert_eq!(updated, weights);
}

#[test]
fn a_175b_model_is_planned_too() {
    let mut stage = stage(gpt(96, 96, 12_288, 2048, 50_257), 1, 1);
    stage.precision = Precision::Bf16;
    let started = std::time::Instant::now();
    let planned = plan_stage(&stage, 1, &SourceMap::default()).expect("plans");
    eprintln!("planned in {:?}", started.elapsed());
    let parameters = parameters(stage.model.spec.as_ref());
    assert_eq!(parameters, 174_604_259_328);
    // Weight 2, master 4, gradient 4, moments 8: the residents alone take 18 bytes a parameter.
    assert!(planned.stage.peak_bytes > 18 * parameters);
}

/// Against trying all of them, with memory that is just enough for one, or just not.
#[test]
fn an_open_micro_batch_is_the_largest_that_fits() {
    for (backend, precision) in [(Backend::Cpu, Precision::F32), (Backend::Cuda, Precision::Bf16)] {
        let mut stage = stage(gpt(2, 2, 32, 16, 50), 24, 1);
        (stage.micro_batch, stage.precision, stage.hardware.backend) = (MicroBatch::Auto, precision, backend);
        let bounds: Vec<(u64, u64)> = divisors(24)
            .into_iter()
            .map(|size| (size, planning::upper_bound(&stage, &lowered(&stage, size))))
            .collect();
        for memory in bounds.iter().flat_map(|(_, bound)| [bound - 1, *bound, bound + 1]) {
            stage.hardware.memory = memory;
            let fitting = bounds.iter().rev().find(|(_, bound)| *bound <= memory);
            let found = largest_that_fits(&stage, 1).unwrap().micro_batch;
            assert_eq!(found, fitting.map_or(1, |(size, _)| *size), "{backend:?}, {memory} of {bounds:?}");
        }
    }
}

#[test]
fn heads_that_a_gpu_cannot_attend_to_over_a_cache_are_refused_before_the_run() {
    let planned = |heads: u64, backend: Backend| {
        let mut stage = stage(gpt(1, heads, 512, 16, 300), 4, 4);
        stage.hardware.backend = backend;
        stage.sample = Some(Sample { prompt: "a".into(), tokens: 4, temperature: 0.0 });
        let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
        let told = regimen_compiler::planning::plan(&experiment, &SourceMap::default()).diagnostics;
        told.into_iter().find(|d| d.code.0 == "E0604").map(|d| d.title)
    };
    let refused = planned(1, Backend::Cuda).expect("heads of 512");
    assert!(refused.contains("heads have 512 dimensions"), "{refused}");
    assert_eq!((planned(2, Backend::Cuda), planned(1, Backend::Cpu)), (None, None));
}
