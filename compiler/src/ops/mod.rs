//! Operations, one file each, and their registry.
//!
//! An operation says everything the compiler needs to know of it: the types of its results, what it costs,
//! which temporary memory it takes, how it behaves on sharded operands, and its gradient as further
//! operations. How it is executed is its twin's business, the file of the same name in the runtime.
//!
//! Names of axes: `B` samples, `T` tokens, `C` hidden, `V` vocabulary, `H` heads, `D` head size.

use crate::graph::{Graph, Node, ShapeError, Traits, Value};
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Attrs, Few};
use regimen_base::tensor::{DType, Placement, TensorType};
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub mod accumulate;
pub mod activation;
pub mod add;
pub mod all_reduce;
pub mod assign;
pub mod attention;
pub mod batch_matmul;
pub mod cache_write;
pub mod cached_attention;
pub mod cast;
pub mod concat;
pub mod concat_sum;
pub mod constant;
pub mod contiguous;
pub mod cross_entropy;
pub mod cross_entropy_fused;
pub mod dropout;
pub mod embedding;
pub mod fill;
pub mod gelu;
pub mod gelu_erf;
pub mod global_norm;
pub mod init;
pub mod layer_norm;
pub mod linear;
pub mod linear_gelu;
pub mod linear_grad_weight_bias;
pub mod multiply;
pub mod relative_scores;
pub mod repeat_heads;
pub mod replace_tokens;
pub mod reshape;
pub mod residual_layer_norm;
pub mod rotary;
pub mod scale;
pub mod scratch;
pub mod segment_softmax;
pub mod select_row;
pub mod softmax;
pub mod split;
pub mod sum_leading;
pub mod swiglu;
pub mod tanh;
pub mod transpose;
pub mod update;
pub mod zero;

/// Every operation. The runtime's registry has the same names; a test holds the two together.
pub static ALL: &[&dyn Operation] = &[
    &accumulate::Accumulate,
    &add::Add,
    &all_reduce::AllReduce,
    &all_reduce::EnterParallel,
    &assign::Assign,
    &attention::Attention,
    &attention::AttentionGrad,
    &batch_matmul::BatchMatmul,
    &cache_write::CacheWrite,
    &cached_attention::CachedAttention,
    &cast::Cast,
    &concat::Concat,
    &concat_sum::ConcatSumAccumulate,
    &constant::Constant,
    &contiguous::Contiguous,
    &cross_entropy::CrossEntropy,
    &cross_entropy::CrossEntropyGrad,
    &cross_entropy_fused::CrossEntropyFused,
    &dropout::Dropout,
    &embedding::Embedding,
    &embedding::EmbeddingGrad,
    &embedding::EmbeddingGradAccumulate,
    &fill::Fill,
    &gelu::GELU,
    &gelu::GRADIENT,
    &gelu_erf::GELU_ERF,
    &gelu_erf::GRADIENT,
    &global_norm::GlobalNorm,
    &init::InitNormal,
    &init::InitFill,
    &layer_norm::LayerNorm,
    &layer_norm::LayerNormGrad,
    &linear::Linear,
    &linear::LinearGradWeight,
    &linear::LinearGradWeightAccumulate,
    &linear_gelu::LinearGelu,
    &linear_gelu::LinearGeluGrad,
    &linear_grad_weight_bias::LinearGradWeightBiasAccumulate,
    &multiply::Multiply,
    &relative_scores::RelativeScores,
    &relative_scores::RelativeScoresGrad,
    &repeat_heads::RepeatHeads,
    &repeat_heads::SumHeads,
    &replace_tokens::ReplaceTokens,
    &reshape::Reshape,
    &residual_layer_norm::ResidualLayerNorm,
    &residual_layer_norm::ResidualLayerNormGradAccumulate,
    &rotary::Rotary,
    &rotary::RotaryTable,
    &scale::Scale,
    &segment_softmax::SegmentSoftmax,
    &select_row::SelectRow,
    &softmax::Softmax,
    &softmax::SoftmaxGrad,
    &split::Split,
    &sum_leading::SumLeading,
    &sum_leading::SumLeadingAccumulate,
    &swiglu::Swiglu,
    &swiglu::SwigluGrad,
    &tanh::TANH,
    &tanh::GRADIENT,
    &transpose::Transpose,
    &update::AdamW,
    &update::Sgd,
    &zero::Zero,
];

/// The operation with this name.
pub fn find(name: &str) -> Option<&'static dyn Operation> {
    // Asked for every instruction of every plan.
    static BY_NAME: LazyLock<BTreeMap<&str, &dyn Operation>> =
        LazyLock::new(|| ALL.iter().map(|op| (op.name(), *op)).collect());
    BY_NAME.get(name).copied()
}

/// Operations that this kind of device has no kernel for.
pub fn without_kernel(backend: Backend) -> impl Iterator<Item = &'static dyn Operation> {
    ALL.iter().copied().filter(move |op| !op.runs_on(backend))
}

/// An operation applied to operands of known types. Types are global in [`Operation::infer`] and
/// [`Operation::shard`], and those of one rank in the cost functions.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Attributes of the instruction.
    pub attrs: &'a Attrs,
    /// Types of the operands.
    pub inputs: Few<&'a TensorType>,
    /// Types of the results; empty while they are being inferred.
    pub outputs: Few<&'a TensorType>,
}

/// What the compiler knows of an operation.
pub trait Operation: Sync + std::fmt::Debug {
    /// Its name in plans and in the runtime's registry.
    fn name(&self) -> &'static str;

    /// Types of its results.
    ///
    /// # Errors
    /// Says which operand does not fit, with the shapes.
    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String>;

    /// Placement of its results on one mesh axis, given that of its operands.
    ///
    /// # Errors
    /// If the operation cannot work on operands placed so.
    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, self.infer(call)?.len())
    }

    /// Floating-point operations, counted as PyTorch's own counter does: matrix products and attention.
    fn flops(&self, _call: &Call) -> u64 {
        0
    }

    /// Bytes read and written.
    fn bytes(&self, call: &Call) -> u64 {
        if self.is_view() {
            return 0;
        }
        let size = |t: &&TensorType| t.elements() * t.dtype.size();
        let written: u64 =
            self.writes(call.inputs.len(), call.attrs).iter().map(|i| size(&call.inputs[*i])).sum();
        call.inputs.iter().map(size).sum::<u64>() + call.outputs.iter().map(size).sum::<u64>() + written
    }

    /// Temporary bytes inside the operation, beyond its results.
    fn workspace(&self, _call: &Call, _device: &Traits) -> u64 {
        0
    }

    /// Gradients of the operands.
    ///
    /// # Errors
    /// If the operation is not differentiable.
    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        Err(ShapeError {
            op: self.name(),
            name: cx.node.name.to_string(),
            message: "the operation has no gradient".into(),
        })
    }

    /// Indices of operands that it writes; they must be resident tensors.
    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![]
    }

    /// Whether its results are views of its first operand and take no memory.
    fn is_view(&self) -> bool {
        false
    }

    /// Pairs (output, input): the result may be written over the operand if nobody else needs it.
    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[]
    }

    /// Whether it has a kernel on this kind of device.
    fn runs_on(&self, _backend: Backend) -> bool {
        true
    }

    /// Why the kernel of this kind of device does not take operands of these types, if it does not; completes "cannot run: ".
    fn refuses(&self, _backend: Backend, _inputs: &[&TensorType]) -> Option<String> {
        None
    }

    /// Whether it gives the same bits every time it is given the same operands.
    fn repeats(&self, _attrs: &Attrs) -> bool {
        true
    }

    /// The attributes with which it is faster and does not repeat, if it has given that up for a `reproducible` plan.
    fn faster(&self, _attrs: &Attrs) -> Option<Attrs> {
        None
    }

    /// The operation that adds its single result to an accumulator given as a new first operand.
    fn accumulating(&self) -> Option<&'static dyn Operation> {
        None
    }
}

/// A node whose gradient is being written.
#[derive(Debug)]
pub struct Backward<'a> {
    /// Where the gradient's operations go.
    pub graph: &'a mut Graph,
    /// The forward operation.
    pub node: &'a Node,
    /// Gradient of each result, if the loss depends on it.
    pub output_gradients: &'a [Option<Value>],
}

impl Backward<'_> {
    /// The forward operation's operand.
    pub fn input(&self, index: usize) -> Value {
        self.node.inputs[index]
    }

    /// The forward operation's result.
    pub fn output(&self, index: usize) -> Value {
        self.node.outputs[index]
    }

    /// The gradient of the first result.
    ///
    /// # Errors
    /// If the loss does not depend on it: then nothing asked for this gradient.
    pub fn dy(&self) -> Result<Value, ShapeError> {
        self.output_gradients.first().copied().flatten().ok_or_else(|| ShapeError {
            op: self.node.op.name(),
            name: self.node.name.to_string(),
            message: "the loss does not depend on the first result".into(),
        })
    }

    /// Whether the operand's gradient is wanted.
    pub fn wants(&self, index: usize) -> bool {
        self.node.inputs.get(index).is_some_and(|v| self.graph.value(*v).needs_gradient)
    }

    /// Appends an operation with one result, named after the operand whose gradient it is.
    ///
    /// # Errors
    /// If the operation does not accept its operands.
    pub fn apply1(
        &mut self,
        op: &'static dyn Operation,
        attrs: Attrs,
        inputs: &[Value],
        of: usize,
    ) -> Result<Value, ShapeError> {
        let name = format!("{}.grad", self.graph.value(self.input(of)).name);
        self.graph.apply1(op, &name, attrs, inputs)
    }
}

impl<'a> Call<'a> {
    /// Attribute as an integer, or the given default.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        match self.attrs.get(name) {
            Some(Attr::Int(n)) => *n,
            _ => default,
        }
    }

    /// Attribute as a truth value; false if absent.
    pub fn flag(&self, name: &str) -> bool {
        flag(self.attrs, name)
    }

    /// Attribute as a list; empty if absent.
    pub fn ints(&self, name: &str) -> &[i64] {
        match self.attrs.get(name) {
            Some(Attr::Ints(list)) => list,
            _ => &[],
        }
    }

    /// Attribute as a list of numbers; empty if absent.
    pub fn floats(&self, name: &str) -> &[f64] {
        match self.attrs.get(name) {
            Some(Attr::Floats(list)) => list,
            _ => &[],
        }
    }

    /// Attribute as an element type.
    pub fn dtype(&self, name: &str) -> Result<DType, String> {
        match self.attrs.get(name) {
            Some(Attr::Text(text)) => {
                DType::from_name(text).ok_or_else(|| format!("`{text}` is no element type"))
            }
            _ => Err(format!("attribute `{name}` is missing")),
        }
    }

    /// The operand's type.
    ///
    /// # Errors
    /// If there are fewer operands.
    pub fn input(&self, index: usize) -> Result<&'a TensorType, String> {
        self.inputs.get(index).copied().ok_or_else(|| format!("operand {} is missing", index + 1))
    }

    /// Checks the number of operands.
    pub fn operands(&self, range: std::ops::RangeInclusive<usize>) -> Result<(), String> {
        if range.contains(&self.inputs.len()) {
            return Ok(());
        }
        Err(format!("takes {} to {} operands, got {}", range.start(), range.end(), self.inputs.len()))
    }
}

/// An attribute as a truth value; false if absent.
pub fn flag(attrs: &Attrs, name: &str) -> bool {
    matches!(attrs.get(name), Some(Attr::Bool(true)))
}

/// Size of the last dimension.
pub fn last(ty: &TensorType) -> u64 {
    ty.shape.last().copied().unwrap_or(1)
}

/// Product of all dimensions but the last.
pub fn rows(ty: &TensorType) -> u64 {
    let n = ty.shape.len().saturating_sub(1);
    ty.shape.iter().take(n).product()
}

/// A type with another last dimension.
pub fn with_last(ty: &TensorType, size: u64) -> TensorType {
    let mut shape = ty.shape.clone();
    if let Some(l) = shape.last_mut() {
        *l = size;
    }
    TensorType::new(ty.dtype, shape)
}

/// Fails with both types unless the condition holds.
pub fn require(condition: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(message()) }
}

/// Whether an accumulator takes gradients of another type directly: it has theirs, or is f32 where they are smaller.
pub fn accumulates(accumulator: &TensorType, gradient: &TensorType) -> bool {
    let wider = accumulator.dtype == DType::F32 && gradient.dtype == DType::Bf16;
    accumulator.shape == gradient.shape && (accumulator.dtype == gradient.dtype || wider)
}

/// Sharding rule of operations that only work on whole operands.
pub fn replicated_only(_call: &Call, inputs: &[Placement], outputs: usize) -> Result<Vec<Placement>, String> {
    match inputs.iter().position(|p| *p != Placement::Replicate) {
        None => Ok(vec![Placement::Replicate; outputs]),
        Some(i) => Err(format!("operand {} is {:?}; the operation needs it whole", i + 1, inputs[i])),
    }
}

/// Sharding rule of element-wise operations on operands of equal shape: all placed alike. A sum of partial
/// values is only right where the operation is linear.
pub fn elementwise(inputs: &[Placement], linear: bool, outputs: usize) -> Result<Vec<Placement>, String> {
    let first = inputs.first().copied().unwrap_or(Placement::Replicate);
    require(inputs.iter().all(|p| *p == first), || format!("operands are placed differently: {inputs:?}"))?;
    require(linear || first != Placement::Partial, || {
        "the operand is a partial sum; it must be summed over the ranks first".into()
    })?;
    Ok(vec![first; outputs])
}
