//! Two extensions that the graph must bear without changing: low-rank adapters on one product, and an MLP split
//! over two ranks by columns and rows. Their execution is tested in the runtime.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

use regimen_base::program::{Resident, ResidentId, Role};
use regimen_base::tensor::{Axis, DType, Mesh, Placement, TensorType};
use regimen_compiler::experiment::Recompute;
use regimen_compiler::graph::{Graph, Traits, Value};
use regimen_compiler::ops::add::add;
use regimen_compiler::ops::all_reduce::{all_reduce, enter_parallel};
use regimen_compiler::ops::cross_entropy::cross_entropy;
use regimen_compiler::ops::gelu::gelu;
use regimen_compiler::ops::linear::linear;
use regimen_compiler::passes::adapt::{LowRank, adapt};
use regimen_compiler::passes::training_program;
use std::sync::Arc;

const CPU: Traits = Traits::cpu(1);

fn weight(name: &str, shape: &[u64], placement: Vec<Placement>, frozen: bool) -> Resident {
    let ty = TensorType::new(DType::F32, shape).placed(placement);
    Resident { name: name.into(), ty, role: Role::Weight, of: None, saved: true, frozen }
}

fn with_gradients(mut weights: Vec<Resident>) -> Arc<Vec<Resident>> {
    for index in 0..weights.len() {
        let w = weights[index].clone();
        if !w.frozen {
            let of = Some(ResidentId(index as u32));
            weights.push(Resident {
                name: format!("{}.grad", w.name).into(),
                role: Role::Gradient,
                of,
                saved: false,
                ..w
            });
        }
    }
    Arc::new(weights)
}

fn loss_of(g: &mut Graph, logits: Value, rows: u64) -> Value {
    let labels = g.input("labels", TensorType::new(DType::I64, [rows]));
    let divisor = g.input("divisor", TensorType::new(DType::F32, []));
    cross_entropy(g, "loss", logits, labels, divisor).expect("fits")
}

#[test]
fn an_adapter_trains_beside_a_frozen_weight() {
    let residents = with_gradients(vec![
        weight("up.weight", &[6, 4], vec![], true),
        weight("up.lora_a", &[2, 4], vec![], false),
        weight("up.lora_b", &[6, 2], vec![], false),
    ]);
    let mut g = Graph::new(residents, Mesh::default(), CPU, DType::F32);
    let x = g.input("x", TensorType::new(DType::F32, [3, 4]));
    let w = g.weight("up.weight").expect("listed");
    let y = linear(&mut g, "up", x, w, None).expect("fits");
    let loss = loss_of(&mut g, y, 3);
    adapt(&mut g, &LowRank { on: vec!["up".into()], scale: 0.5 }).expect("adapts");
    let program = training_program(g, "micro_step", loss, Recompute::None).expect("differentiable");
    let written: Vec<&str> = program
        .instructions
        .iter()
        .filter(|i| i.op.ends_with("_accumulate"))
        .map(|i| &*program.tensors[i.inputs[0].index()].name)
        .collect();
    assert_eq!(written, ["up.lora_b.grad", "up.lora_a.grad"]);
    // Three products forward; backward two for each adapter but the one with respect to the input.
    let products = program.instructions.iter().filter(|i| i.op.starts_with("linear")).count();
    assert_eq!(products, 3 + 3);
}

#[test]
fn a_split_mlp_sums_once_forward_and_once_backward() {
    let mesh = Mesh { axes: vec![Axis { name: "tensor".into(), size: 2 }] };
    let (columns, rows) = (vec![Placement::Shard(0)], vec![Placement::Shard(1)]);
    let residents = with_gradients(vec![
        weight("in.weight", &[8, 4], columns.clone(), false),
        weight("in.bias", &[8], columns, false),
        weight("out.weight", &[4, 8], rows, false),
        weight("out.bias", &[4], vec![], false),
        weight("first.weight", &[4, 4], vec![], false),
    ]);
    let mut g = Graph::new(residents, mesh.clone(), CPU, DType::F32);
    let x = g.input("x", TensorType::new(DType::F32, [3, 4]));
    let first = g.weight("first.weight").expect("listed");
    let x = linear(&mut g, "first", x, first, None).expect("fits");
    let (w1, b1) = (g.weight("in.weight").expect("listed"), g.weight("in.bias").expect("listed"));
    let (w2, b2) = (g.weight("out.weight").expect("listed"), g.weight("out.bias").expect("listed"));
    let h = enter_parallel(&mut g, "enter", x, 0).expect("whole");
    let h = linear(&mut g, "in", h, w1, Some(b1)).expect("column split");
    assert_eq!(g.ty(h).placement, [Placement::Shard(1)]);
    let h = gelu(&mut g, "gelu", h).expect("element-wise");
    let h = linear(&mut g, "out", h, w2, None).expect("row split");
    assert_eq!(g.ty(h).placement, [Placement::Partial]);
    assert!(gelu(&mut g.clone(), "wrong", h).is_err(), "a partial sum went through a non-linear operation");
    let h = all_reduce(&mut g, "sum", h, 0).expect("partial");
    let y = add(&mut g, "y", h, b2).expect("bias");
    assert_eq!(g.ty(y).placement, []);
    let loss = loss_of(&mut g, y, 3);
    let program = training_program(g, "micro_step", loss, Recompute::None);
    let program = program.expect("differentiable");
    let sums: Vec<&str> =
        program.instructions.iter().filter(|i| i.op == "all_reduce").map(|i| &*i.name).collect();
    assert_eq!(sums, ["sum", "first.grad"]);
    // A rank holds half of the split weights: 8·4/2 + 8/2 + 4·8/2 + 4 + 16 numbers, twice with their gradients.
    let residents = 4 * 2 * (16 + 4 + 16 + 4 + 16);
    let inputs = 4 * 12 + 8 * 3 + 4;
    assert_eq!(program.start_bytes, residents + inputs);
}
