//! The two extensions of `compiler/tests/spikes.rs`, executed: gradients of an adapter against autograd, and an MLP
//! split over two ranks against the whole one.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

use regimen_base::program::{Program, Resident, ResidentId, Role};
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
use regimen_runtime::execute::{Executable, Place, Watch};
use regimen_runtime::library::{self, Layout};
use regimen_runtime::ops::Group;
use std::sync::{Arc, Mutex, MutexGuard};
use tch::{Kind, Tensor};

const CPU: Traits = Traits::cpu(1);
const ROWS: i64 = 6;

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    let guard = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    library::start(1).expect("starts");
    guard
}

fn weight(name: &str, shape: &[u64], placement: Vec<Placement>, frozen: bool) -> Resident {
    let ty = TensorType::new(DType::F32, shape).placed(placement);
    Resident { name: name.into(), ty, role: Role::Weight, of: None, saved: true, frozen }
}

fn with_gradients(mut weights: Vec<Resident>) -> Arc<Vec<Resident>> {
    for index in 0..weights.len() {
        let w = weights[index].clone();
        if !w.frozen {
            let of = Some(ResidentId(index as u32));
            let name = format!("{}.grad", w.name).into();
            weights.push(Resident { name, role: Role::Gradient, of, saved: false, ..w });
        }
    }
    Arc::new(weights)
}

fn loss_of(g: &mut Graph, logits: Value) -> Value {
    let labels = g.input("labels", TensorType::new(DType::I64, [ROWS as u64]));
    let divisor = g.input("divisor", TensorType::new(DType::F32, []));
    cross_entropy(g, "loss", logits, labels, divisor).expect("fits")
}

fn input(source: &str, width: i64) -> Tensor {
    match source {
        "x" => (Tensor::arange(ROWS * width, (Kind::Float, tch::Device::Cpu)) * 0.37)
            .sin()
            .reshape([ROWS, width]),
        "labels" => Tensor::arange(ROWS, (Kind::Int64, tch::Device::Cpu)).remainder(4),
        _ => Tensor::from(ROWS as f32),
    }
}

/// A number for every element that depends on nothing but name and place.
fn start_value(name: &str, shape: &[i64]) -> Tensor {
    let salt = name.bytes().map(i64::from).sum::<i64>() as f64;
    let n: i64 = shape.iter().product();
    ((Tensor::arange(n, (Kind::Double, tch::Device::Cpu)) * 1.7 + salt).sin() * 0.5)
        .to_kind(Kind::Float)
        .reshape(shape)
}

/// Runs with every byte checked.
fn run(mesh: &Mesh, program: &Program, residents: &[Tensor], width: i64, watch: &mut Watch) {
    let mut executable =
        Executable::on(Place::Host(mesh.clone()), program.clone()).expect("known operations");
    let mut inputs = executable.allocate_inputs().expect("allocates");
    let sources: Vec<String> = program.inputs.iter().map(|i| i.source.clone()).collect();
    for (source, tensor) in sources.iter().zip(&mut inputs) {
        tensor.copy_(&input(source, width));
    }
    executable.run(residents, inputs, watch).expect("runs as planned");
}

#[test]
fn an_adapters_gradients_are_autograds() {
    let _turn = turn();
    let list = with_gradients(vec![
        weight("up.weight", &[4, 5], vec![], true),
        weight("up.lora_a", &[2, 5], vec![], false),
        weight("up.lora_b", &[4, 2], vec![], false),
    ]);
    let mut g = Graph::new(list.clone(), Mesh::default(), CPU, DType::F32);
    let x = g.input("x", TensorType::new(DType::F32, [ROWS as u64, 5]));
    let w = g.weight("up.weight").expect("listed");
    let y = linear(&mut g, "up", x, w, None).expect("fits");
    let loss = loss_of(&mut g, y);
    adapt(&mut g, &LowRank { on: vec!["up".into()], scale: 0.5 }).expect("adapts");
    let program = training_program(g, "micro_step", loss, Recompute::None).expect("differentiable");

    let leaves: Vec<Tensor> = list[..3]
        .iter()
        .map(|r| {
            start_value(&r.name, Layout::new(&r.ty).sizes()).to_kind(Kind::Double).set_requires_grad(true)
        })
        .collect();
    let x = input("x", 5).to_kind(Kind::Double);
    let y = x.matmul(&leaves[0].tr()) + x.matmul(&leaves[1].tr()).matmul(&leaves[2].tr()) * 0.5;
    y.cross_entropy_for_logits(&input("labels", 5)).backward();
    let wanted: Vec<Tensor> = leaves[1..].iter().map(|t| t.grad()).collect();

    let foreign = library::memory().current;
    let residents: Vec<Tensor> = list.iter().map(|r| library::full(&r.ty, 0.0).expect("allocates")).collect();
    for (index, leaf) in leaves.iter().enumerate() {
        tch::no_grad(|| residents[index].shallow_clone().copy_(leaf));
    }
    run(&Mesh::default(), &program, &residents, 5, &mut Watch::memory(foreign));
    for (gradient, wanted) in residents[3..].iter().zip(&wanted) {
        let off = (gradient.to_kind(Kind::Double) - wanted).norm().double_value(&[]);
        assert!(off < 1e-5 * wanted.norm().double_value(&[]), "off by {off}");
    }
}

fn mlp(mesh: &Mesh) -> (Arc<Vec<Resident>>, Program) {
    let split = !mesh.axes.is_empty();
    let place = |dim| if split { vec![Placement::Shard(dim)] } else { vec![] };
    let list = with_gradients(vec![
        weight("first.weight", &[4, 4], vec![], false),
        weight("in.weight", &[8, 4], place(0), false),
        weight("in.bias", &[8], place(0), false),
        weight("out.weight", &[4, 8], place(1), false),
        weight("out.bias", &[4], vec![], false),
    ]);
    let mut g = Graph::new(list.clone(), mesh.clone(), CPU, DType::F32);
    let mut h = g.input("x", TensorType::new(DType::F32, [ROWS as u64, 4]));
    let w: Vec<Value> = (0..5).map(|i| g.resident(ResidentId(i))).collect();
    h = linear(&mut g, "first", h, w[0], None).expect("fits");
    if split {
        h = enter_parallel(&mut g, "enter", h, 0).expect("whole");
    }
    h = linear(&mut g, "in", h, w[1], Some(w[2])).expect("by columns");
    h = gelu(&mut g, "gelu", h).expect("element by element");
    h = linear(&mut g, "out", h, w[3], None).expect("by rows");
    if split {
        h = all_reduce(&mut g, "sum", h, 0).expect("partial");
    }
    h = add(&mut g, "y", h, w[4]).expect("bias");
    let loss = loss_of(&mut g, h);
    let program = training_program(g, "micro_step", loss, Recompute::None).expect("differentiable");
    (list, program)
}

/// The part of a whole tensor that a rank holds.
fn part(whole: &Tensor, resident: &Resident, rank: i64) -> Tensor {
    match resident.ty.on_axis(0) {
        Placement::Shard(dim) => whole.chunk(2, i64::from(dim)).remove(rank as usize).contiguous(),
        _ => whole.copy(),
    }
}

#[test]
fn two_ranks_compute_what_one_computes() {
    let _turn = turn();
    let (list, program) = mlp(&Mesh::default());
    let whole: Vec<Tensor> = list.iter().map(|r| library::full(&r.ty, 0.0).expect("allocates")).collect();
    for (resident, tensor) in list.iter().zip(&whole).take(5) {
        tensor.shallow_clone().copy_(&start_value(&resident.name, &tensor.size()));
    }
    run(&Mesh::default(), &program, &whole, 4, &mut Watch::default());

    let mesh = Mesh { axes: vec![Axis { name: "tensor".into(), size: 2 }] };
    let (list, program) = mlp(&mesh);
    let group = Group::new(2);
    let ranks: Vec<Vec<Tensor>> = (0..2)
        .map(|rank| {
            list.iter()
                .zip(&whole)
                .map(|(r, t)| {
                    let mine = part(t, r, rank);
                    if r.role == Role::Gradient { mine.zeros_like() } else { mine }
                })
                .collect()
        })
        .collect();
    std::thread::scope(|scope| {
        for (rank, residents) in ranks.iter().enumerate() {
            let (group, mesh, program) = (group.clone(), &mesh, &program);
            let residents: Vec<Tensor> = residents.iter().map(Tensor::shallow_clone).collect();
            scope.spawn(move || {
                group.join(rank);
                run(mesh, program, &residents, 4, &mut Watch::default());
            });
        }
    });
    for (rank, residents) in ranks.iter().enumerate() {
        for ((resident, mine), whole) in list.iter().zip(residents).zip(&whole).skip(5) {
            let wanted = part(whole, resident, rank as i64);
            let off = (mine - &wanted).norm().double_value(&[]);
            let size = wanted.norm().double_value(&[]);
            assert!(
                size > 0.0 && off < 1e-5 * size,
                "rank {rank}, {}: off by {off} of {size}",
                resident.name
            );
        }
    }
}
