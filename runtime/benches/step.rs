//! Time of one training step of nanoGPT's CPU configuration (4 layers, 4 heads, 128 wide, context 64, batch 12, 65
//! characters, no biases, no dropout), as a program written by hand: forward, backward, clipping and AdamW.
//!
//! `cargo bench -p regimen-runtime --bench step` prints milliseconds per step, tokens per second, and the time of each
//! kind of operation; `-- 1` runs on one thread.

#![allow(clippy::result_large_err, clippy::cast_precision_loss, clippy::cast_possible_wrap)]

use regimen_base::Diagnostic;
use regimen_base::program::{
    Attr, Attrs, Category, Input, Instruction, Program, ResidentId, Role, Storage, Tensor as Planned,
    TensorId,
};
use regimen_base::tensor::{DType, TensorType};
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::library;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tch::Tensor;

const B: u64 = 12;
const T: u64 = 64;
const C: u64 = 128;
const H: u64 = 4;
const LAYERS: usize = 4;
const V: u64 = 65;

fn main() -> Result<(), Diagnostic> {
    let asked = std::env::args().find_map(|argument| argument.parse::<usize>().ok());
    let threads = asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from).min(2));
    library::start(threads)?;
    let build = gpt();
    let residents =
        build.residents.iter().zip(&build.roles).map(initial).collect::<Result<Vec<Tensor>, Diagnostic>>()?;
    let mut executable = Executable::new(build.finish())?;
    let mut steps = vec![];
    let mut watch = Watch::timed(&executable);
    let mut last = f64::NAN;
    for step in 0..120 {
        let inputs = inputs(&executable)?;
        let began = Instant::now();
        let mut unwatched = Watch::default();
        let outputs =
            executable.run(&residents, inputs, if step < 100 { &mut unwatched } else { &mut watch })?;
        if (10..100).contains(&step) {
            steps.push(began.elapsed());
        }
        last = outputs[0].double_value(&[]);
    }
    steps.sort();
    report(&steps, &watch, &executable, last, threads);
    Ok(())
}

fn report(steps: &[Duration], watch: &Watch, executable: &Executable, loss: f64, threads: usize) {
    let median = steps[steps.len() / 2].as_secs_f64();
    println!(
        "{} threads, {}: {:.2} ms per step (fastest {:.2}), {:.0} tokens/s, loss {loss:.3}",
        threads,
        library::instruction_set(),
        median * 1e3,
        steps[0].as_secs_f64() * 1e3,
        (B * T) as f64 / median
    );
    let mut by_op: BTreeMap<&str, (u32, Duration)> = BTreeMap::new();
    for (time, instruction) in watch.times.iter().zip(&executable.program().instructions) {
        let entry = by_op.entry(&instruction.op).or_default();
        *entry = (entry.0 + 1, entry.1 + *time);
    }
    let mut rows: Vec<_> = by_op.into_iter().collect();
    rows.sort_by_key(|(_, (_, time))| std::cmp::Reverse(*time));
    for (op, (calls, time)) in rows {
        println!("{op:>24} {calls:>4} calls {:>9.1} µs per step", time.as_secs_f64() * 1e6 / 20.0);
    }
}

fn initial((ty, role): (&TensorType, &Role)) -> Result<Tensor, Diagnostic> {
    match role {
        Role::Scalar => library::full(ty, 1e-3),
        Role::Weight if ty.shape.len() == 1 => library::full(ty, 1.0),
        Role::Weight => Ok(library::empty(ty)?.normal_(0.0, 0.02)),
        _ => library::full(ty, 0.0),
    }
}

fn inputs(executable: &Executable) -> Result<Vec<Tensor>, Diagnostic> {
    let made = executable.allocate_inputs()?;
    let sources = executable.program().inputs.iter().map(|input| input.source.as_str());
    Ok(made
        .into_iter()
        .zip(sources)
        .map(|(mut tensor, source)| match source {
            "divisor" => tensor.fill_((B * T) as f64),
            "one" => tensor.fill_(1.0),
            "positions" => {
                tensor.copy_(&Tensor::arange(T as i64, (tch::Kind::Int64, tch::Device::Cpu)));
                tensor
            }
            "step" => tensor.fill_(10.0),
            _ => tensor.random_to_(V as i64),
        })
        .collect())
}

/// A program under construction. Frees are set at the end, at last use.
#[derive(Default)]
struct Build {
    tensors: Vec<Planned>,
    instructions: Vec<Instruction>,
    inputs: Vec<Input>,
    residents: Vec<TensorType>,
    roles: Vec<Role>,
    outputs: Vec<TensorId>,
}

fn f32s(shape: &[u64]) -> TensorType {
    TensorType::new(DType::F32, shape)
}

impl Build {
    fn tensor(&mut self, ty: TensorType, storage: Storage) -> TensorId {
        let id = TensorId(u32::try_from(self.tensors.len()).unwrap_or(u32::MAX));
        self.tensors.push(Planned {
            name: format!("t{}", id.0).into(),
            ty,
            storage,
            category: Category::Activations,
        });
        id
    }

    fn resident(&mut self, role: Role, ty: TensorType) -> TensorId {
        let id = ResidentId(u32::try_from(self.residents.len()).unwrap_or(u32::MAX));
        self.residents.push(ty.clone());
        self.roles.push(role);
        self.tensor(ty, Storage::Resident(id))
    }

    fn input(&mut self, source: &str, ty: TensorType) -> TensorId {
        let tensor = self.tensor(ty, Storage::Input);
        self.inputs.push(Input { tensor, source: source.to_owned() });
        tensor
    }

    fn op<const N: usize>(
        &mut self,
        op: &str,
        attrs: &[(&str, Attr)],
        inputs: &[TensorId],
        outputs: [TensorType; N],
    ) -> [TensorId; N] {
        let outputs = outputs.map(|ty| self.tensor(ty, Storage::Fresh));
        self.instructions.push(Instruction {
            op: op.to_owned().into(),
            name: op.to_owned().into(),
            attrs: attrs
                .iter()
                .map(|(name, value)| ((*name).to_owned().into(), value.clone()))
                .collect::<Attrs>(),
            inputs: inputs.into(),
            outputs: outputs.as_slice().into(),
            in_place: Default::default(),
            frees: Default::default(),
            workspace: 0,
            live: 0,
            peak: 0,
            flops: 0,
            bytes: 0,
        });
        outputs
    }

    /// The last instruction writes its first result over operand `input`.
    fn over(&mut self, input: u32) {
        if let Some(last) = self.instructions.last_mut() {
            last.in_place.push((0, input));
        }
    }

    fn finish(mut self) -> Program {
        let mut seen = vec![false; self.tensors.len()];
        for id in &self.outputs {
            seen[id.index()] = true;
        }
        for instruction in self.instructions.iter_mut().rev() {
            for id in instruction.inputs.iter().chain(&instruction.outputs) {
                if !std::mem::replace(&mut seen[id.index()], true) {
                    instruction.frees.push(*id);
                }
            }
        }
        Program {
            name: "step".to_owned(),
            tensors: self.tensors,
            inputs: self.inputs,
            instructions: self.instructions,
            outputs: self.outputs,
            start_bytes: 0,
            peak_bytes: 0,
            peak_at: 0,
            flops: 0,
            bytes: 0,
        }
    }

    fn linear(&mut self, x: TensorId, w: TensorId, out: u64, transposed: bool) -> TensorId {
        self.op("linear", &[("transposed", Attr::Bool(transposed))], &[x, w], [f32s(&[B, T, out])])[0]
    }

    fn grad_weight(&mut self, dy: TensorId, x: TensorId, shape: [u64; 2]) -> TensorId {
        self.op("linear_grad_weight", &[("transposed", Attr::Bool(false))], &[dy, x], [f32s(&shape)])[0]
    }

    fn norm(&mut self, x: TensorId, gain: TensorId) -> [TensorId; 3] {
        let row = f32s(&[B, T, 1]);
        self.op("layer_norm", &[("eps", Attr::Float(1e-5))], &[x, gain], [f32s(&[B, T, C]), row.clone(), row])
    }

    fn norm_grad(
        &mut self,
        dy: TensorId,
        x: TensorId,
        [_, mean, rstd]: [TensorId; 3],
        gain: TensorId,
    ) -> [TensorId; 2] {
        self.op("layer_norm_grad", &[], &[dy, x, mean, rstd, gain], [f32s(&[B, T, C]), f32s(&[C])])
    }

    fn add(&mut self, a: TensorId, b: TensorId) -> TensorId {
        let [y] = self.op("add", &[], &[a, b], [f32s(&[B, T, C])]);
        self.over(0);
        y
    }

    fn heads(&mut self, packed: TensorId) -> [TensorId; 3] {
        let parts = [("dim", Attr::Int(2)), ("sizes", Attr::Ints(vec![C as i64; 3]))];
        let split =
            self.op("split", &parts, &[packed], [f32s(&[B, T, C]), f32s(&[B, T, C]), f32s(&[B, T, C])]);
        split.map(|x| self.reshape(x, &[B, T, H, C / H]))
    }

    fn reshape(&mut self, x: TensorId, shape: &[u64]) -> TensorId {
        let sizes = shape.iter().map(|&n| n as i64).collect();
        self.op("reshape", &[("shape", Attr::Ints(sizes))], &[x], [f32s(shape)])[0]
    }
}

/// What the backward of one layer needs.
struct Layer {
    weights: [TensorId; 6],
    x: TensorId,
    norm1: [TensorId; 3],
    qkv: [TensorId; 3],
    attended: TensorId,
    lse: TensorId,
    middle: TensorId,
    norm2: [TensorId; 3],
    hidden: TensorId,
    activated: TensorId,
}

fn attention_attrs() -> [(&'static str, Attr); 2] {
    [("causal", Attr::Bool(true)), ("scale", Attr::Float(1.0 / ((C / H) as f64).sqrt()))]
}

fn forward(build: &mut Build, x: TensorId) -> (Layer, TensorId) {
    let shapes: [&[u64]; 6] = [&[C], &[3 * C, C], &[C, C], &[C], &[4 * C, C], &[C, 4 * C]];
    let weights = shapes.map(|shape| build.resident(Role::Weight, f32s(shape)));
    let norm1 = build.norm(x, weights[0]);
    let packed = build.linear(norm1[0], weights[1], 3 * C, false);
    let qkv = build.heads(packed);
    let full = [f32s(&[B, T, H, C / H]), f32s(&[B, T, H])];
    let [attended, lse] = build.op("attention", &attention_attrs(), &qkv, full);
    let flat = build.reshape(attended, &[B, T, C]);
    let projected = build.linear(flat, weights[2], C, false);
    let middle = build.add(projected, x);
    let norm2 = build.norm(middle, weights[3]);
    let hidden = build.linear(norm2[0], weights[4], 4 * C, false);
    let [activated] = build.op("gelu", &[], &[hidden], [f32s(&[B, T, 4 * C])]);
    let down = build.linear(activated, weights[5], C, false);
    let y = build.add(down, middle);
    (Layer { weights, x, norm1, qkv, attended, lse, middle, norm2, hidden, activated }, y)
}

/// Returns the gradients of the layer's weights, in their order, and of its input.
fn backward(build: &mut Build, layer: &Layer, dy: TensorId) -> ([TensorId; 6], TensorId) {
    let w = layer.weights;
    let dw5 = build.grad_weight(dy, layer.activated, [C, 4 * C]);
    let d_activated = build.linear(dy, w[5], 4 * C, true);
    let [d_hidden] = build.op("gelu_grad", &[], &[d_activated, layer.hidden], [f32s(&[B, T, 4 * C])]);
    build.over(0);
    let dw4 = build.grad_weight(d_hidden, layer.norm2[0], [4 * C, C]);
    let d_norm2 = build.linear(d_hidden, w[4], C, true);
    let [d_middle, dw3] = build.norm_grad(d_norm2, layer.middle, layer.norm2, w[3]);
    let d_middle = build.add(d_middle, dy);
    let flat = build.reshape(layer.attended, &[B, T, C]);
    let dw2 = build.grad_weight(d_middle, flat, [C, C]);
    let d_flat = build.linear(d_middle, w[2], C, true);
    let d_attended = build.reshape(d_flat, &[B, T, H, C / H]);
    let [q, k, v] = layer.qkv;
    let head = f32s(&[B, T, H, C / H]);
    let operands = [d_attended, q, k, v, layer.attended, layer.lse];
    let grads = build.op("attention_grad", &attention_attrs(), &operands, [head.clone(), head.clone(), head]);
    let grads = grads.map(|g| build.reshape(g, &[B, T, C]));
    let [d_packed] = build.op("concat", &[("dim", Attr::Int(2))], &grads, [f32s(&[B, T, 3 * C])]);
    let dw1 = build.grad_weight(d_packed, layer.norm1[0], [3 * C, C]);
    let d_norm1 = build.linear(d_packed, w[1], C, true);
    let [dx, dw0] = build.norm_grad(d_norm1, layer.x, layer.norm1, w[0]);
    let dx = build.add(dx, d_middle);
    ([dw0, dw1, dw2, dw3, dw4, dw5], dx)
}

fn gpt() -> Build {
    let mut build = Build::default();
    let i64s = |shape: &[u64]| TensorType::new(DType::I64, shape);
    let [tokens, labels] = ["tokens", "labels"].map(|source| build.input(source, i64s(&[B, T])));
    let positions = build.input("positions", i64s(&[T]));
    let [divisor, one] = ["divisor", "one"].map(|source| build.input(source, f32s(&[])));
    let step = build.input("step", i64s(&[]));
    let lr = build.resident(Role::Scalar, f32s(&[]));
    let (wte, wpe, last_gain) = (
        build.resident(Role::Weight, f32s(&[V, C])),
        build.resident(Role::Weight, f32s(&[T, C])),
        build.resident(Role::Weight, f32s(&[C])),
    );
    let [embedded] = build.op("embedding", &[], &[wte, tokens], [f32s(&[B, T, C])]);
    let [placed] = build.op("embedding", &[], &[wpe, positions], [f32s(&[T, C])]);
    let mut x = build.add(embedded, placed);
    let mut layers = vec![];
    for _ in 0..LAYERS {
        let (layer, y) = forward(&mut build, x);
        layers.push(layer);
        x = y;
    }
    let normed = build.norm(x, last_gain);
    let logits = build.linear(normed[0], wte, V, false);
    let [loss, lse] = build.op("cross_entropy", &[], &[logits, labels, divisor], [f32s(&[]), f32s(&[B, T])]);
    let operands = [one, logits, labels, divisor, lse];
    let [d_logits] = build.op("cross_entropy_grad", &[], &operands, [f32s(&[B, T, V])]);
    build.over(1);
    let d_wte = build.grad_weight(d_logits, normed[0], [V, C]);
    let d_normed = build.linear(d_logits, wte, C, true);
    let [mut dx, d_last] = build.norm_grad(d_normed, x, normed, last_gain);
    let (mut params, mut grads) = (vec![wte, wpe, last_gain], vec![d_wte, d_wte, d_last]);
    for layer in layers.iter().rev() {
        let (layer_grads, below) = backward(&mut build, layer, dx);
        params.extend(layer.weights);
        grads.extend(layer_grads);
        dx = below;
    }
    build.op("embedding_grad_accumulate", &[], &[d_wte, dx, tokens], []);
    [grads[1]] = build.op("sum_leading", &[("keep", Attr::Int(2))], &[dx], [f32s(&[T, C])]);
    update(&mut build, lr, step, &params, &grads);
    build.outputs.push(loss);
    build
}

fn update(build: &mut Build, lr: TensorId, step: TensorId, params: &[TensorId], grads: &[TensorId]) {
    let [norm] = build.op("global_norm", &[], grads, [f32s(&[])]);
    let types: Vec<TensorType> = params.iter().map(|id| build.tensors[id.index()].ty.clone()).collect();
    let mut operands = vec![lr, step, norm];
    operands.extend(params);
    operands.extend(grads);
    for _ in 0..2 {
        operands.extend(types.iter().map(|ty| build.resident(Role::Moment, ty.clone())));
    }
    let attrs = [
        ("n", Attr::Int(params.len() as i64)),
        ("beta1", Attr::Float(0.9)),
        ("beta2", Attr::Float(0.99)),
        ("eps", Attr::Float(1e-8)),
        ("weight_decay", Attr::Float(0.1)),
        ("clip", Attr::Float(1.0)),
        ("copies", Attr::Bool(false)),
    ];
    build.op("adamw", &attrs, &operands, []);
}
