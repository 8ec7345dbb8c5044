//! What is fused on a GPU, and that it is the same computation.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use common::{gpt, llama, stage};
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Program};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Precision, Recompute, Stage};
use regimen_compiler::passes::fuse::{Fusions, WORDS};
use regimen_compiler::stages::lower;
use std::collections::BTreeMap;

fn on_gpu(fuse: Fusions) -> Stage {
    of_model(gpt(2, 2, 32, 16, 50), fuse)
}

fn of_model(model: impl ModelSpec + 'static, fuse: Fusions) -> Stage {
    let mut stage = Stage { fuse, precision: Precision::Bf16, reproducible: false, ..stage(model, 4, 2) };
    stage.hardware.backend = Backend::Cuda;
    stage
}

fn program(stage: &Stage, name: &str) -> Program {
    let mut lowered = lower(stage, 1, 2).unwrap();
    std::sync::Arc::unwrap_or_clone(lowered.programs.remove(name).unwrap())
}

fn counts(program: &Program) -> BTreeMap<&str, usize> {
    program.instructions.iter().fold(BTreeMap::new(), |mut counts, instruction| {
        *counts.entry(&*instruction.op).or_default() += 1;
        counts
    })
}

#[test]
fn every_pattern_is_found_wherever_it_is() {
    let program = program(&on_gpu(Fusions::ALL), "micro_step");
    let counts = counts(&program);
    let of = |op: &str| counts.get(op).copied().unwrap_or(0);
    // Two blocks of two norms, and the last; the first norm stands after a broadcast addition.
    assert_eq!((of("residual_layer_norm"), of("layer_norm")), (4, 1));
    assert_eq!((of("residual_layer_norm_grad_accumulate"), of("layer_norm_grad")), (5, 0));
    assert_eq!((of("linear_gelu"), of("gelu")), (2, 0));
    assert_eq!((of("linear_gelu_grad"), of("gelu_grad")), (2, 0));
    assert_eq!((of("concat_sum_accumulate"), of("concat")), (2, 0));
    // The first of the MLP; of those that add to the residual stream the norm above sums the bias's gradient, of the packed
    // projection the packing.
    assert_eq!((of("linear_grad_weight_bias_accumulate"), of("sum_leading_accumulate")), (2, 1));
    let sums = program.instructions.iter().filter(|i| i.attrs.get("sum") == Some(&Attr::Bool(true)));
    assert_eq!(sums.count(), 4);
    assert_eq!((of("cross_entropy_fused"), of("cross_entropy"), of("cross_entropy_grad")), (1, 0, 0));
    assert_eq!(of("fill"), 0);
}

/// RMS norms take the place of layer norms, and stay what they are.
#[test]
fn norms_of_llama_are_fused_like_others() {
    let program = program(&of_model(llama([2, 4, 2, 32, 80], 16, 50), Fusions::ALL), "micro_step");
    let counts = counts(&program);
    let of = |op: &str| counts.get(op).copied().unwrap_or(0);
    assert_eq!((of("residual_layer_norm"), of("layer_norm")), (4, 1));
    assert_eq!((of("residual_layer_norm_grad_accumulate"), of("layer_norm_grad")), (5, 0));
    let norms = program.instructions.iter().filter(|i| i.op.contains("layer_norm"));
    assert!(
        norms.clone().count() == 10 && norms.clone().all(|i| i.attrs.get("rms") == Some(&Attr::Bool(true)))
    );
    assert_eq!((of("cross_entropy_fused"), of("cross_entropy")), (1, 0));
    assert_eq!((of("rotary_table"), of("rotary"), of("repeat_heads"), of("sum_heads")), (1, 8, 4, 4));
}

#[test]
fn the_update_leaves_zeros_itself() {
    let program = program(&on_gpu(Fusions::ALL), "update");
    assert_eq!(counts(&program).get("zero"), None);
    assert_eq!(program.instructions.last().unwrap().attrs.get("zero"), Some(&Attr::Bool(true)));
}

#[test]
fn each_fusion_can_be_left_out() {
    let operations = |fuse| {
        let stage = on_gpu(fuse);
        ["micro_step", "update"].map(|name| {
            program(&stage, name)
                .instructions
                .iter()
                .map(|i| (i.op.clone(), i.attrs.len()))
                .collect::<Vec<_>>()
        })
    };
    for word in &WORDS {
        let others = WORDS.iter().map(|w| w.name).filter(|name| *name != word.name);
        assert_ne!(operations(Fusions::named(others)), operations(Fusions::ALL), "without `{}`", word.name);
    }
}

#[test]
fn nothing_is_fused_without_being_asked_and_nothing_on_a_cpu() {
    let cpu = Stage { precision: Precision::Bf16, ..stage(gpt(2, 2, 32, 16, 50), 4, 2) };
    for stage in [on_gpu(Fusions::NONE), cpu] {
        let program = program(&stage, "micro_step");
        assert!(program.instructions.iter().all(|i| {
            !["fused", "residual_", "linear_gelu", "_sum_acc"].iter().any(|part| i.op.contains(part))
        }));
    }
}

#[test]
fn fusing_changes_neither_flops_nor_what_is_written_and_takes_less_memory() {
    let of = |recompute, fuse| program(&Stage { recompute, ..on_gpu(fuse) }, "micro_step");
    for recompute in [Recompute::None, Recompute::Full] {
        let (fused, plain) = (of(recompute, Fusions::ALL), of(recompute, Fusions::NONE));
        assert_eq!(fused.flops, plain.flops);
        assert!(fused.bytes < plain.bytes);
        let alive = |program: &Program| program.instructions.iter().map(|i| i.peak - i.workspace).max();
        assert!(alive(&fused) <= alive(&plain), "{:?} > {:?}", alive(&fused), alive(&plain));
    }
}

#[test]
fn reproducible_stages_have_only_operations_that_repeat() {
    use regimen_compiler::ops;
    for (reproducible, expected) in
        [(true, vec![]), (false, vec!["attention_grad", "embedding_grad_accumulate"])]
    {
        let program = program(&Stage { reproducible, ..on_gpu(Fusions::ALL) }, "micro_step");
        let varies = program.instructions.iter().filter(|i| !ops::find(&i.op).unwrap().repeats(&i.attrs));
        let names: std::collections::BTreeSet<&str> = varies.map(|i| &*i.op).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    }
}
