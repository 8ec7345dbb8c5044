//! Temporary memory of every operation equals `WORKSPACE.md`, for random shapes, types and one and two threads; results
//! repeat bit for bit, and do not depend on the number of threads.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::catalogue::{self, Sizes};
use common::{Op, same_bits, start};
use proptest::prelude::*;
use regimen_base::tensor::DType;
use regimen_runtime::{library, ops};
use std::collections::BTreeSet;
use tch::Tensor;

fn sizes() -> impl Strategy<Value = Sizes> {
    (1i64..4, 1i64..140, 2i64..150, 2i64..150, 1i64..4, 1i64..70).prop_map(|(b, t, c, v, h, d)| Sizes {
        b,
        t,
        c,
        v,
        h,
        d,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// `Op::ok` compares the allocator's peak and current bytes with the plan of no workspace.
    #[test]
    fn no_operation_takes_temporary_memory(sizes in sizes(), threads in 1usize..3, seed in any::<i32>()) {
        let _turn = start(threads);
        tch::manual_seed(i64::from(seed));
        for dtype in [DType::F32, DType::F64, DType::Bf16] {
            for op in catalogue::all(sizes, dtype) {
                op.ok();
            }
        }
    }

    #[test]
    fn results_repeat_and_do_not_depend_on_threads(sizes in sizes(), seed in any::<i32>()) {
        let _turn = start(1);
        for dtype in [DType::F32, DType::F64, DType::Bf16] {
            let mut runs = [1, 2, 2].map(|threads| {
                library::start(threads).unwrap();
                tch::manual_seed(i64::from(seed));
                catalogue::all(sizes, dtype).into_iter().map(everything).collect::<Vec<_>>()
            });
            let again = runs[2].split_off(0);
            let two = runs[1].split_off(0);
            let one = runs[0].split_off(0);
            for ((name, a), ((_, b), (_, c))) in one.into_iter().zip(two.into_iter().zip(again)) {
                for ((x, y), z) in a.iter().zip(&b).zip(&c) {
                    prop_assert!(same_bits(x, y), "{name} with one and two threads, {dtype:?}");
                    prop_assert!(same_bits(y, z), "{name} repeated, {dtype:?}");
                }
            }
        }
    }
}

/// Results, and operands, which may have been written.
fn everything(op: Op) -> (&'static str, Vec<Tensor>) {
    let mut all = op.ok();
    all.extend(op.inputs);
    (op.name, all)
}

#[test]
fn the_catalogue_covers_every_operation() {
    let _turn = start(1);
    let covered: BTreeSet<&str> = catalogue::all(Sizes { b: 2, t: 3, c: 4, v: 5, h: 2, d: 2 }, DType::F32)
        .iter()
        .map(|op| op.name)
        .collect();
    // Collectives need a group of ranks: `spikes.rs` runs them with every byte checked.
    let collective = |name: &str| ["all_reduce", "enter_parallel"].contains(&name);
    let all: BTreeSet<&str> = ops::ALL.iter().map(|op| op.name).filter(|name| !collective(name)).collect();
    assert_eq!(covered, all);
}

#[test]
fn a_large_transposed_copy_takes_no_temporary_block() {
    let _turn = start(2);
    let x = common::normal(&[300, 200], DType::F32).transpose(0, 1);
    let y = Op::new("contiguous", &[&x], &[common::ty(DType::F32, &[200, 300])]).one();
    assert!(same_bits(&y, &x));
}
