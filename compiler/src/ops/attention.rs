//! Scaled dot-product attention `softmax(scale · q·kᵀ)·v`, fused, and its gradient; and [`attend`], which
//! writes the composed form where the fused one is not available.

mod library;

use super::batch_matmul::{Form, batch_matmul};
use super::contiguous::contiguous;
use super::dropout::dropout;
use super::segment_softmax::segment_softmax;
use super::softmax::softmax;
use super::transpose::transpose;
use super::{Backward, Call, Operation, last, require};
use crate::graph::{Graph, ShapeError, Traits, Value, attrs};
use library::Library;
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (q, k, v) `[B, T, H, D]`, perhaps strided, and perhaps segments `[B, T]` (see [`AttentionForm`]); results (o `[B, T, H, D]`, lse `[B, T, H]`). With the attribute
/// `backend` (`cudnn`, `flash`) it is that library's kernel, whose lse is `[B, H, T]`.
#[derive(Debug)]
pub struct Attention;

/// Operands (do, q, k, v, o, lse), and segments if the forward operation has some; results (dq, dk, dv).
#[derive(Debug)]
pub struct AttentionGrad;

/// Largest head of the vendor's kernels, forward and backward.
const MAX_HEAD_SIZE: u64 = 128;

/// Most sequences of the vendor's kernels.
const MAX_SEQUENCES: u64 = 65_535;

/// What distinguishes one use of attention from another.
#[derive(Clone, Copy, Debug)]
pub struct AttentionForm {
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
    /// Factor on the scores, usually 1/√D.
    pub scale: f64,
    /// Dropout on the attention weights.
    pub dropout: f64,
    /// Numbers `[B, T]`, i64: a token sees only those with its own number. Number 0 is padding, which sees nothing and gives zeros.
    pub segments: Option<Value>,
}

impl AttentionForm {
    /// Scaled by 1/√`head_size`, without segments.
    pub fn new(causal: bool, head_size: u64, dropout: f64) -> AttentionForm {
        AttentionForm { causal, scale: 1.0 / (head_size as f64).sqrt(), dropout, segments: None }
    }
}

/// Appends attention over q, k, v `[B, T, H, D]`: fused where the device has it for this precision and
/// there is no dropout on the weights, composed of its parts otherwise.
///
/// # Errors
/// If the shapes do not fit.
pub fn attend(
    graph: &mut Graph,
    q: Value,
    k: Value,
    v: Value,
    form: AttentionForm,
) -> Result<Value, ShapeError> {
    let active = graph.training && form.dropout > 0.0;
    let supported = match graph.device.backend {
        // On a CPU the temporary memory of the fused kernel in bf16 differs from call to call.
        Backend::Cpu => graph.ty(q).dtype != DType::Bf16,
        Backend::Cuda => library_takes(graph.ty(q)) && form.segments.is_none(),
    };
    if supported && !active {
        fused_attention(graph, q, k, v, form)
    } else {
        composed_attention(graph, q, k, v, form)
    }
}

/// Whether the vendor's kernels take heads `[B, T, H, D]` of this type: half precision, these head sizes, more than one token, and as
/// many sequences as a grid has rows.
fn library_takes(q: &TensorType) -> bool {
    let head = last(q);
    let [batch, length] = [0, 1].map(|dim| q.shape.get(dim).copied().unwrap_or(0));
    q.dtype == DType::Bf16
        && head <= MAX_HEAD_SIZE
        && head.is_multiple_of(8)
        && length > 1
        && batch <= MAX_SEQUENCES
}

/// Appends the fused operation.
///
/// # Errors
/// If the shapes do not fit.
pub fn fused_attention(
    graph: &mut Graph,
    q: Value,
    k: Value,
    v: Value,
    form: AttentionForm,
) -> Result<Value, ShapeError> {
    let mut attrs = attrs([("causal", Attr::Bool(form.causal)), ("scale", Attr::Float(form.scale))]);
    if graph.device.backend == Backend::Cuda {
        // cuDNN's is the fastest, but its gradient never repeats bit for bit.
        let library = if graph.device.reproducible { "flash" } else { "cudnn" };
        attrs.insert("backend".into(), Attr::Text(library.into()));
    }
    let operands: Vec<Value> = [q, k, v].into_iter().chain(form.segments).collect();
    graph.apply1(&Attention, "out", attrs, &operands)
}

/// Appends attention as products, softmax and dropout: the fused operation's unfused equal.
///
/// # Errors
/// If the shapes do not fit.
pub fn composed_attention(
    graph: &mut Graph,
    q: Value,
    k: Value,
    v: Value,
    form: AttentionForm,
) -> Result<Value, ShapeError> {
    let mut by_head = Vec::with_capacity(3);
    for (name, x) in [("q_heads", q), ("k_heads", k), ("v_heads", v)] {
        let view = transpose(graph, &format!("{name}.view"), x, 1, 2)?;
        by_head.push(contiguous(graph, name, view)?);
    }
    let plain = Form { ta: false, tb: false, alpha: 1.0 };
    let scores = batch_matmul(graph, "scores", by_head[0], by_head[1], Form { tb: true, ..plain })?;
    let weights = weights(graph, scores, form)?;
    let weights = dropout(graph, "weights_dropout", weights, form.dropout)?;
    let out = batch_matmul(graph, "out_heads", weights, by_head[2], plain)?;
    let view = transpose(graph, "out.view", out, 1, 2)?;
    contiguous(graph, "out", view)
}

/// What each position takes from the others, of scores `[B, H, T, S]`.
///
/// # Errors
/// If the segments do not fit.
pub fn weights(graph: &mut Graph, scores: Value, form: AttentionForm) -> Result<Value, ShapeError> {
    match form.segments {
        None => softmax(graph, "weights", scores, form.causal, form.scale),
        Some(segments) => segment_softmax(graph, "weights", scores, segments, (form.causal, form.scale)),
    }
}

/// Whose kernels an instruction asks for, if it does.
fn library(call: &Call) -> Option<Library> {
    match call.attrs.get("backend") {
        Some(Attr::Text(name)) if name == "flash" => Some(Library::Flash),
        Some(Attr::Text(_)) => Some(Library::Cudnn),
        _ => None,
    }
}

/// cuDNN's kernel in place of the one that repeats.
fn cudnn(attrs: &Attrs) -> Option<Attrs> {
    let mut faster = attrs.clone();
    let before = faster.insert("backend".into(), Attr::Text("cudnn".into()));
    (before == Some(Attr::Text("flash".into()))).then_some(faster)
}

/// (B, T, S, H, D)
fn sizes(q: &TensorType, k: &TensorType) -> (u64, u64, u64, u64, u64) {
    (q.shape[0], q.shape[1], k.shape[1], q.shape[2], q.shape[3])
}

fn check(q: &TensorType, k: &TensorType, v: &TensorType) -> Result<(), String> {
    let fits = q.rank() == 4
        && k.rank() == 4
        && k == v
        && q.dtype == k.dtype
        && q.shape[0] == k.shape[0]
        && q.shape[2..] == k.shape[2..];
    require(fits, || format!("attention needs q, k, v of shape [B, T, H, D], got {q}, {k}, {v}"))
}

/// Segments are numbers of the positions of q, which are those of k; the vendor's kernels know none.
fn check_segments(call: &Call, index: usize, q: &TensorType, k: &TensorType) -> Result<(), String> {
    let Some(segments) = call.inputs.get(index) else { return Ok(()) };
    let fits = segments.dtype == DType::I64
        && segments.shape[..] == q.shape[..2]
        && q.shape[1] == k.shape[1]
        && library(call).is_none();
    require(fits, || format!("{segments} are no segments of {q} and {k}"))
}

/// Samples and heads are independent, positions are not. Segments have no heads.
fn independent(inputs: &[Placement], segments: Option<&Placement>) -> Result<Placement, String> {
    let first = inputs[0];
    let expected = if first == Placement::Shard(2) { Placement::Replicate } else { first };
    let fits = inputs.iter().all(|p| *p == first)
        && segments.is_none_or(|p| *p == expected)
        && matches!(first, Placement::Replicate | Placement::Shard(0) | Placement::Shard(2));
    require(fits, || format!("attention cannot work on operands placed {inputs:?} and {segments:?}"))?;
    Ok(first)
}

impl Operation for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        library(call).map_or(0, |library| library.forward(sizes(call.inputs[0], call.inputs[1]), device))
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=4)?;
        let (q, k, v) = (call.input(0)?, call.input(1)?, call.input(2)?);
        check(q, k, v)?;
        check_segments(call, 3, q, k)?;
        let stats = if q.dtype == DType::F64 { DType::F64 } else { DType::F32 };
        let (b, t, _, h, _) = sizes(q, k);
        let lse = if call.attrs.contains_key("backend") { [b, h, t] } else { [b, t, h] };
        Ok(vec![TensorType::new(q.dtype, &q.shape), TensorType::new(stats, lse)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let placed = independent(&inputs[..3], inputs.get(3))?;
        let lse = match placed {
            Placement::Shard(2) if call.attrs.contains_key("backend") => Placement::Shard(1),
            other => other,
        };
        Ok(vec![placed, lse])
    }

    fn faster(&self, attrs: &Attrs) -> Option<Attrs> {
        cudnn(attrs)
    }

    fn flops(&self, call: &Call) -> u64 {
        let (b, t, s, h, d) = sizes(call.inputs[0], call.inputs[1]);
        2 * 2 * b * h * t * s * d
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let mut inputs = vec![cx.dy()?];
        inputs.extend(&cx.node.inputs[..3]);
        inputs.extend([cx.output(0), cx.output(1)]);
        inputs.extend(cx.node.inputs.get(3));
        let name = format!("{}.grad", cx.node.name);
        let attrs = cx.node.attrs.clone();
        let outputs = cx.graph.apply(&AttentionGrad, &name, attrs, &inputs)?;
        let mut gradients: Vec<Option<Value>> =
            outputs.into_iter().enumerate().map(|(i, g)| cx.wants(i).then_some(g)).collect();
        gradients.resize(cx.node.inputs.len(), None);
        Ok(gradients)
    }
}

impl Operation for AttentionGrad {
    fn name(&self) -> &'static str {
        "attention_grad"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        library(call).map_or(0, |library| library.backward(sizes(call.inputs[1], call.inputs[2]), device))
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(6..=7)?;
        let (q, k, v) = (call.input(1)?, call.input(2)?, call.input(3)?);
        check(q, k, v)?;
        check_segments(call, 6, q, k)?;
        require(call.input(0)? == q, || format!("{} is no gradient of {q}", call.inputs[0]))?;
        Ok([q, k, v].map(|t| TensorType::new(t.dtype, &t.shape)).to_vec())
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        // All but lse, whose heads may lie along another dimension.
        Ok(vec![independent(&inputs[..5], inputs.get(6))?; 3])
    }

    fn repeats(&self, attrs: &Attrs) -> bool {
        // cuDNN adds up dq in whatever order its blocks finish.
        attrs.get("backend") != Some(&Attr::Text("cudnn".into()))
    }

    fn faster(&self, attrs: &Attrs) -> Option<Attrs> {
        cudnn(attrs)
    }

    fn flops(&self, call: &Call) -> u64 {
        // The four products of the gradients and the scores computed again.
        let (b, t, s, h, d) = sizes(call.inputs[1], call.inputs[2]);
        5 * 2 * b * h * t * s * d
    }
}
