//! Fused operations against the operations that they replace.

use crate::trainer::Trainer;
use crate::trainer::stages::{gpt, llama};
use crate::trainer::tokens;
use crate::{distance, gpu_stage, on_gpu, place};
use regimen_base::program::Role;
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::experiment::{Precision, Recompute, Stage};
use regimen_compiler::passes::fuse::{Fusions, WORDS};
use regimen_runtime::cuda::Cuda;
use std::collections::BTreeMap;
use std::rc::Rc;
use tch::Tensor;

/// Whose layers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    Gpt,
    Llama,
}

const FAMILIES: [Family; 2] = [Family::Gpt, Family::Llama];

/// A model whose sizes fit kernels in one way or another.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    heads: u64,
    hidden: u64,
    mlp: u64,
    context: u64,
    vocab: u64,
}

const fn sizes(heads: u64, hidden: u64, mlp: u64, context: u64, vocab: u64) -> Sizes {
    Sizes { heads, hidden, mlp, context, vocab }
}

/// Rows of whole packs of 16 bytes, logits of none, and rows of none.
const ORDINARY: [Sizes; 3] =
    [sizes(4, 256, 1_024, 128, 512), sizes(3, 24, 96, 50, 61), sizes(3, 33, 132, 50, 61)];
/// Rows of norms that a warp takes alone or that need two or four packs a thread, and rows of logits beyond shared memory.
const WIDE: [Sizes; 7] = [
    sizes(12, 768, 64, 16, 64),
    sizes(8, 1_024, 64, 16, 64),
    sizes(40, 5_120, 64, 16, 64),
    sizes(72, 9_216, 64, 8, 64),
    sizes(2, 32, 64, 8, 131_072),
    // A row of logits takes all the shared memory that a block has unasked, in bf16 and in f32.
    sizes(2, 32, 64, 8, 24_576),
    sizes(2, 32, 64, 8, 12_288),
];

/// Of every family.
fn models<const N: usize>(sizes: [Sizes; N]) -> impl Iterator<Item = (Family, Sizes)> {
    FAMILIES.into_iter().flat_map(move |family| sizes.map(|sizes| (family, sizes)))
}

/// The definitions' tolerances of one operation, twice that where squares of gradients are compared.
const LIMITS: [(Precision, f64); 2] = [(Precision::F32, 1e-5), (Precision::Bf16, 1e-2)];

/// Loss and gradients of one batch, and the moments after one update.
fn outcome(
    cuda: &Rc<Cuda>,
    precision: Precision,
    fuse: Fusions,
    recompute: Recompute,
    (family, sizes): (Family, Sizes),
) -> BTreeMap<String, Tensor> {
    let Sizes { heads, hidden, mlp, context, vocab } = sizes;
    let layers = if hidden > 1_024 { 1 } else { 2 };
    let stage = match family {
        Family::Gpt => {
            gpu_stage(Gpt { mlp, ..gpt(layers, heads, hidden, context, vocab) }, 4, 2, precision, fuse)
        }
        Family::Llama => {
            let groups = if heads.is_multiple_of(2) { heads / 2 } else { 1 };
            let mut model = llama([layers, heads, groups, hidden, mlp], context, vocab);
            // Rotary positions turn pairs.
            model.head_size = (hidden / heads).next_multiple_of(2);
            gpu_stage(model, 4, 2, precision, fuse)
        }
    };
    let stage = Stage { recompute, ..stage };
    let mut trainer = Trainer::on(&place(cuda), &stage, 2);
    trainer.run("initialise", &|_, _| ());
    trainer.accumulate(&tokens(4, context as i64, vocab as i64, 1), 0);
    // What is kept to be compared is not the plan's.
    trainer.watched = false;
    let of = |trainer: &Trainer, role: Role| {
        let residents = trainer.lowered.residents.iter().zip(&trainer.residents);
        residents
            .filter(|(r, _)| r.role == role)
            .map(|(r, t)| (r.name.to_string(), t.copy()))
            .collect::<Vec<_>>()
    };
    let mut found = BTreeMap::from([("loss".to_owned(), trainer.resident("loss_sum").copy())]);
    found.extend(of(&trainer, Role::Gradient));
    trainer.set("learning_rate", 1e-3);
    trainer.run("update", &|_, _| ());
    found.extend(of(&trainer, Role::Moment));
    cuda.finish().unwrap();
    found
}

fn compare(what: &str, fused: &BTreeMap<String, Tensor>, plain: &BTreeMap<String, Tensor>, limit: f64) {
    for (name, expected) in plain {
        let off = distance(&fused[name], expected);
        let limit = if name.ends_with(".v") { 2.0 * limit } else { limit };
        assert!(off < limit, "{what}: {name} is off by {off:e}");
    }
}

#[test]
#[ignore = "needs a GPU"]
fn fused_and_unfused_plans_agree() {
    on_gpu(false, |cuda| {
        for sizes in models(ORDINARY) {
            for recompute in [Recompute::None, Recompute::Full] {
                for (precision, limit) in LIMITS {
                    let plain = outcome(&cuda, precision, Fusions::NONE, recompute, sizes);
                    assert!(plain.len() > 20 && distance(&plain["loss"], &plain["loss"].zeros_like()) > 0.0);
                    for word in WORDS {
                        let fused = outcome(&cuda, precision, Fusions::named([word.name]), recompute, sizes);
                        compare(&format!("{} in {precision:?}, {sizes:?}", word.name), &fused, &plain, limit);
                    }
                    let fused = outcome(&cuda, precision, Fusions::ALL, recompute, sizes);
                    compare(&format!("all in {precision:?}, {sizes:?}"), &fused, &plain, limit);
                }
            }
        }
        for sizes in models(WIDE) {
            for (precision, limit) in LIMITS {
                let of = |fuse| outcome(&cuda, precision, fuse, Recompute::None, sizes);
                compare(
                    &format!("all in {precision:?}, {sizes:?}"),
                    &of(Fusions::ALL),
                    &of(Fusions::NONE),
                    limit,
                );
            }
        }
    });
}

/// The libraries' attention, forward and backward, against attention in f32.
#[test]
#[ignore = "needs a GPU"]
fn gradients_in_bf16_follow_those_in_f32() {
    for reproducible in [false, true] {
        on_gpu(reproducible, |cuda| {
            for sizes in models(ORDINARY) {
                let single = outcome(&cuda, Precision::F32, Fusions::ALL, Recompute::None, sizes);
                let half = outcome(&cuda, Precision::Bf16, Fusions::ALL, Recompute::None, sizes);
                let gradients = single.iter().filter(|(name, _)| name.ends_with(".grad"));
                let mut compared = 0;
                for (name, expected) in gradients {
                    let off = distance(&half[name], expected);
                    assert!(off < 3e-2, "{name} is off by {off:e}");
                    compared += 1;
                }
                assert!(compared > 15, "{:?}", single.keys());
            }
        });
    }
}
