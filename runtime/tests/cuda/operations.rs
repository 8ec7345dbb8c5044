//! Every operation on the GPU against the same one on the CPU, on the operands that it has in a real program.

use crate::common::catalogue::{self, Sizes};
use crate::trainer::Trainer;
use crate::trainer::stages::{gpt, llama};
use crate::trainer::tokens;
use crate::{distance, gpu_stage, on_gpu, place};
use regimen_base::program::{Input, Instruction, Program, Storage, TensorId};
use regimen_base::tensor::{DType, Mesh};
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::experiment::{Objective, Precision, Recompute, Rule, Sample, Stage};
use regimen_compiler::passes::fuse::Fusions;
use regimen_runtime::cuda::Cuda;
use regimen_runtime::execute::{Executable, Place, Watch};
use regimen_runtime::ops;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tch::{Kind, Tensor};

/// One instruction as a program of its own; its operands are the inputs.
fn alone(program: &Program, instruction: &Instruction) -> Program {
    let ids: Vec<TensorId> = instruction.inputs.iter().chain(&instruction.outputs).copied().collect();
    let tensors = ids
        .iter()
        .map(|id| {
            let mut tensor = program.tensors[id.index()].clone();
            tensor.storage = Storage::Input;
            tensor
        })
        .collect();
    let n = instruction.inputs.len() as u32;
    let outputs: Vec<TensorId> = (n..ids.len() as u32).map(TensorId).collect();
    let single = Instruction {
        inputs: (0..n).map(TensorId).collect(),
        outputs: outputs.clone().into(),
        frees: Default::default(),
        ..instruction.clone()
    };
    let inputs = (0..n).map(|i| Input { tensor: TensorId(i), source: i.to_string() }).collect();
    Program { tensors, inputs, outputs, instructions: vec![single], ..program.clone() }
}

fn run(place: &Place, program: Program, inputs: Vec<Tensor>) -> Vec<Tensor> {
    Executable::on(place.clone(), program).unwrap().run(&[], inputs, &mut Watch::default()).unwrap()
}

/// Executes a program on both, instruction by instruction; the GPU goes on with the CPU's results, so that differences do not add
/// up. Returns the largest difference of each operation.
fn walk(cuda: &Rc<Cuda>, program: &Program, residents: [&[Tensor]; 2], ids: i64) -> BTreeMap<String, f64> {
    let host = Place::Host(Mesh::default());
    let gpu = place(cuda);
    let mut slots: [Vec<Option<Tensor>>; 2] = [vec![], vec![]];
    for (side, residents) in slots.iter_mut().zip(residents) {
        let slot = |tensor: &regimen_base::program::Tensor| match tensor.storage {
            Storage::Resident(id) => Some(residents[id.index()].shallow_clone()),
            _ => None,
        };
        side.extend(program.tensors.iter().map(slot));
    }
    for input in &program.inputs {
        let ty = &program.tensors[input.tensor.index()].ty;
        let sizes: Vec<i64> = ty.shape.iter().map(|n| *n as i64).collect();
        let cpu = match input.source.as_str() {
            // One for each sample: a class, of at least three.
            "labels" if ty.rank() == 1 => Tensor::randint(3, sizes, (Kind::Int64, tch::Device::Cpu)),
            "segments" => {
                let places = Tensor::arange(ty.elements() as i64, (Kind::Int64, tch::Device::Cpu));
                places.floor_divide_scalar(5).reshape(sizes)
            }
            "tokens" | "labels" => Tensor::randint(ids, sizes, (Kind::Int64, tch::Device::Cpu)),
            "divisor" => Tensor::from_slice(&[37.0f32]).reshape(sizes),
            _ => Tensor::arange(ty.elements() as i64, (Kind::Int64, tch::Device::Cpu)).reshape(sizes),
        };
        let other = gpu.zeros(ty).unwrap();
        other.shallow_clone().copy_(&cpu);
        slots[0][input.tensor.index()] = Some(cpu);
        slots[1][input.tensor.index()] = Some(other);
    }
    let mut worst = BTreeMap::new();
    for instruction in &program.instructions {
        let operands = |side: &Vec<Option<Tensor>>| -> Vec<Tensor> {
            instruction.inputs.iter().map(|id| side[id.index()].as_ref().unwrap().shallow_clone()).collect()
        };
        let (a, b) = (operands(&slots[0]), operands(&slots[1]));
        let single = alone(program, instruction);
        let found = run(&gpu, single.clone(), b.iter().map(Tensor::shallow_clone).collect());
        cuda.finish().unwrap();
        // A vendor's attention has no twin on a CPU; `fused.rs` compares what becomes of it.
        let expected = match instruction.attrs.contains_key("backend") {
            true => found.iter().map(|t| t.to_device(tch::Device::Cpu)).collect(),
            false => run(&host, single, a.iter().map(Tensor::shallow_clone).collect()),
        };
        let mut off = 0.0f64;
        for (index, (a, b)) in expected.iter().zip(&found).chain(a.iter().zip(&b)).enumerate() {
            assert_eq!(a.size(), b.size(), "{}", instruction.name);
            let difference = match index {
                MEAN if &*instruction.op == "layer_norm" => shift(&expected, &found),
                // The last operand is what is summed.
                _ if instruction.op.starts_with("sum_leading") => among(a, b, &operands(&slots[0])),
                _ => distance(b, a),
            };
            assert!(difference.is_finite(), "{} ({}) is not finite", instruction.name, instruction.op);
            off = off.max(difference);
            b.shallow_clone().copy_(a);
        }
        let known = worst.entry(instruction.op.to_string()).or_insert(0.0f64);
        *known = known.max(off);
        for (id, (a, b)) in instruction.outputs.iter().zip(expected.into_iter().zip(found)) {
            slots[0][id.index()] = Some(a);
            slots[1][id.index()] = Some(b);
        }
    }
    worst
}

/// Where a norm gives the mean of each row, and one over its deviation.
const MEAN: usize = 1;

/// How far another mean moves the rows of a norm's result, in deviations, at most: a mean itself may be almost nothing.
fn shift(expected: &[Tensor], found: &[Tensor]) -> f64 {
    let wide = |t: &Tensor| t.to_device(tch::Device::Cpu).to_kind(Kind::Double);
    let off = wide(&expected[MEAN]) - wide(&found[MEAN]);
    (off * wide(&expected[MEAN + 1])).abs().max().double_value(&[])
}

/// How far two sums over rows are apart, measured by the sums of absolute values: what cancels, as in the gradient of a key's bias,
/// leaves nothing but rounding.
fn among(a: &Tensor, b: &Tensor, operands: &[Tensor]) -> f64 {
    let x = operands.last().unwrap().to_kind(Kind::Double);
    let terms = x.abs().reshape([-1, *x.size().last().unwrap()]).sum_dim_intlist(0, false, Kind::Double);
    let off = b.to_device(tch::Device::Cpu).to_kind(Kind::Double) - a.to_kind(Kind::Double);
    let scale = terms.norm().double_value(&[]).max(a.to_kind(Kind::Double).norm().double_value(&[]));
    off.norm().double_value(&[]) / scale.max(f64::MIN_POSITIVE)
}

fn with_dropout(mut model: Gpt) -> Gpt {
    (model.embedding_dropout, model.attention_dropout, model.residual_dropout) = (0.1, 0.1, 0.1);
    model
}

/// All programs of a stage on both.
pub fn compare(cuda: &Rc<Cuda>, stage: &Stage, limit: f64) -> BTreeSet<String> {
    let causal = stage.objective == (Objective::CausalLm { documents: false });
    let sample = causal.then(|| Sample { prompt: String::new(), tokens: 2, temperature: 1.0 });
    let stage = &Stage { sample, ..stage.clone() };
    let mut cpu = Trainer::new(stage, 2);
    let mut gpu = Trainer::on(&place(cuda), stage, 2);
    let vocab = stage.model.spec.vocab() as i64;
    cpu.watched = false;
    gpu.watched = false;
    let mut seen = BTreeSet::new();
    // In an order in which weights are there before they are used; the host sets what it would set.
    for name in ["initialise", "micro_step", "update", "evaluate", "prefill", "decode"] {
        for trainer in [&cpu, &gpu] {
            trainer.set("learning_rate", 1e-3);
            trainer.set("step", 3.0);
        }
        let Some(program) = cpu.lowered.programs.get(name).cloned() else { continue };
        let worst = walk(cuda, &program, [&cpu.residents, &gpu.residents], vocab.min(stage.sequence as i64));
        for (op, off) in worst {
            assert!(off < limit, "{name}: {op} is off by {off:e} in {:?}", stage.precision);
            seen.insert(op);
        }
    }
    seen
}

#[test]
#[ignore = "needs a GPU"]
fn every_operation_equals_the_one_on_the_cpu() {
    on_gpu(false, |cuda| {
        tch::manual_seed(1);
        let mut seen = BTreeSet::new();
        for (precision, limit) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5), (Precision::Bf16, 6e-3)] {
            // Sizes that are multiples of nothing, and of everything.
            for (heads, hidden, context, vocab) in [(3, 33, 19, 51), (4, 64, 64, 96)] {
                for recompute in [Recompute::None, Recompute::Full] {
                    // Dropout composes attention of its parts, which the CPU has in every precision.
                    let model = with_dropout(gpt(2, heads, hidden, context, vocab));
                    let mut stage = gpu_stage(model, 4, 2, precision, Fusions::NONE);
                    stage.recompute = recompute;
                    seen.extend(compare(&cuda, &stage, limit));
                    stage.optimizer.rule = Rule::Sgd { momentum: 0.9 };
                    seen.extend(compare(&cuda, &stage, limit));
                }
            }
            for (sizes, context, vocab) in [([2, 6, 2, 36, 51], 19, 51), ([2, 4, 2, 64, 96], 64, 96)] {
                let mut model = llama(sizes, context, vocab);
                model.attention_dropout = 0.1;
                seen.extend(compare(&cuda, &gpu_stage(model, 4, 2, precision, Fusions::NONE), limit));
            }
        }
        assert!(seen.len() > 35 && seen.contains("sum_heads"), "{seen:?}");
    });
}

/// On operands of their own: also those that no program of GPT-2's has, in place and not, strided and not.
#[test]
#[ignore = "needs a GPU"]
fn every_operation_of_the_catalogue_equals_the_one_on_the_cpu() {
    on_gpu(false, |cuda| {
        tch::manual_seed(2);
        let mut seen = BTreeSet::new();
        for (dtype, limit) in [(DType::F64, 1e-12), (DType::F32, 1e-5), (DType::Bf16, 6e-3)] {
            for sizes in [
                Sizes { b: 3, t: 7, c: 13, v: 17, h: 3, d: 5 },
                Sizes { b: 2, t: 16, c: 64, v: 128, h: 4, d: 16 },
            ] {
                for op in catalogue::all(sizes, dtype) {
                    // A vendor's attention is another operation than the CPU's.
                    if op.name.starts_with("attention") {
                        continue;
                    }
                    let scatters = op.name.starts_with("embedding_grad");
                    let op = if scatters { op.flag("deterministic", true) } else { op };
                    let there: Vec<Tensor> =
                        op.inputs.iter().map(|t| t.to_device(tch::Device::Cuda(0))).collect();
                    let operands = there.iter().map(Tensor::shallow_clone).collect();
                    let found = run(&place(&cuda), op.program(), operands);
                    cuda.finish().unwrap();
                    let expected = op.ok();
                    assert_eq!(found.len(), expected.len(), "{}", op.name);
                    for (a, b) in found.iter().zip(&expected).chain(there.iter().zip(&op.inputs)) {
                        let off = distance(a, b);
                        assert!(off < limit, "{} is off by {off:e} in {dtype:?}, {sizes:?}", op.name);
                    }
                    seen.insert(op.name);
                }
            }
        }
        // Attention is compared in `fused.rs`; the rest needs several ranks.
        let others = ["all_reduce", "attention", "attention_grad", "enter_parallel"];
        let missing: Vec<&str> = ops::ALL
            .iter()
            .map(|op| op.name)
            .filter(|name| !seen.contains(*name) && !others.contains(name))
            .collect();
        assert!(missing.is_empty(), "not tested: {missing:?}");
    });
}

#[test]
#[ignore = "needs a GPU"]
fn ids_outside_the_vocabulary_are_reported_with_their_place() {
    on_gpu(false, |cuda| {
        let stage = gpu_stage(gpt(1, 2, 16, 8, 11), 2, 2, Precision::F32, Fusions::ALL);
        let mut trainer = Trainer::on(&place(&cuda), &stage, 2);
        trainer.run("initialise", &|_, _| ());
        let batch = tokens(2, 8, 11, 1);
        let _ = batch.get(1).get(3).fill_(1i64 << 40);
        trainer.accumulate(&batch, 0);
        let why = cuda.finish().unwrap_err();
        // Row 1, column 3 of rows of eight.
        assert!(why.contains("place 11 "), "{why}");
        cuda.finish().unwrap();
    });
}
