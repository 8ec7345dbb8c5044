//! A program: one static list of instructions over typed tensors, as the runtime executes it.
//!
//! A stage consists of a few named programs (initialise, micro_step, update, evaluate, prefill, decode, …) over shared
//! *resident* tensors, and a host schedule that says when each runs ([`crate::schedule`]). Nothing in a
//! program depends on data: sizes, lifetimes and temporary memory are all fixed here, and the runtime
//! neither adds nor leaves out anything.

use crate::tensor::TensorType;
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// Index into [`Program::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TensorId(pub u32);

/// Index into the stage's list of [`Resident`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResidentId(pub u32);

/// A list that is nearly always short. Up to four ids are kept in place: a plan has hundreds of thousands of such lists.
pub type Few<T> = SmallVec<[T; 4]>;
/// A [`Few`] of these elements.
pub use smallvec::smallvec as few;
/// Pairs of indices, nearly always one or none.
pub type FewPairs = SmallVec<[(u32, u32); 2]>;

impl TensorId {
    /// The id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ResidentId {
    /// The id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An attribute of an instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Attr {
    Bool(bool),
    Int(i64),
    Float(f64),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Text(String),
}

/// Attributes by name; ordered, so that equal instructions have equal bytes.
pub type Attrs = LiteMap<Cow<'static, str>, Attr>;

/// What a resident tensor is for; the memory breakdown and the checkpoint follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A weight that the forward pass reads, in the precision of the forward pass.
    Weight,
    /// The f32 copy of a weight that the optimizer keeps when the forward pass uses a smaller type.
    Master,
    /// A gradient accumulator.
    Gradient,
    /// State of the optimizer.
    Moment,
    /// A number that the host sets or reads between programs: learning rate, step, summed loss.
    Scalar,
    /// Keys or values of texts that are being generated. Allocated when the first program that reads caches runs, freed when the
    /// host releases them: programs that read none run without them.
    Cache,
}

/// A tensor that lives as long as the stage runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resident {
    /// Logical name: `block.3.attn.qkv.weight`, `block.3.attn.qkv.weight.m`, `loss_sum`.
    pub name: Arc<str>,
    /// Its type; the logical shape is what a checkpoint stores.
    pub ty: TensorType,
    /// What it is for.
    pub role: Role,
    /// For everything but weights and scalars: the weight that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ResidentId>,
    /// Whether a checkpoint must hold it for an exact resume.
    pub saved: bool,
    /// A weight that is read but not trained: it has no gradient and no optimizer state.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
}

/// Where the bytes of a program's tensor come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// The stage's resident tensor.
    Resident(ResidentId),
    /// Allocated by the runtime before the first instruction and filled by the loader or the host.
    Input,
    /// Allocated by the instruction that outputs it.
    Fresh,
    /// Shares the storage of another tensor: a view of it, or a result written over it.
    Shares(TensorId),
}

/// What a value is for: the categories of the memory breakdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Category {
    Weights,
    /// Keys and values of generated texts.
    Cache,
    Gradients,
    Optimizer,
    Activations,
    Workspace,
    /// Batches and scalars.
    Inputs,
}

/// A tensor of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// `block.3.attn.q`, with `.grad` for gradients.
    pub name: Arc<str>,
    /// Its type.
    pub ty: TensorType,
    /// Where its bytes come from.
    pub storage: Storage,
    /// What it counts as.
    pub category: Category,
}

/// A tensor that the host fills before the program runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The tensor, with storage [`Storage::Input`].
    pub tensor: TensorId,
    /// What goes in: `tokens`, `labels`, `divisor`, `samples`, `positions`, `index`.
    pub source: String,
}

/// One operation of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instruction {
    /// Name of the operation in the registries of compiler and runtime.
    pub op: Cow<'static, str>,
    /// Where it comes from: `block.3.attn.q`.
    pub name: Arc<str>,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub attrs: Attrs,
    /// Operands; those that the operation writes are among them.
    pub inputs: Few<TensorId>,
    /// Results.
    pub outputs: Few<TensorId>,
    /// Pairs (output index, input index): the output is written over the input.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub in_place: FewPairs,
    /// Tensors whose handles are dropped after it; a storage is freed with its last handle.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub frees: Few<TensorId>,
    /// Temporary bytes inside the operation, beyond its outputs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub workspace: u64,
    /// Bytes alive after it and its frees, residents included.
    pub live: u64,
    /// Largest number of bytes alive at any moment of it, workspace and residents included.
    pub peak: u64,
    /// Floating-point operations as PyTorch's counter counts them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flops: u64,
    /// Bytes read and written.
    pub bytes: u64,
}

fn is_false(b: &bool) -> bool {
    !*b
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A static program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// `initialise`, `micro_step`, `update`, `evaluate`, `prefill`, `decode`.
    pub name: String,
    /// All tensors.
    pub tensors: Vec<Tensor>,
    /// What the host fills in before it runs.
    pub inputs: Vec<Input>,
    /// In execution order.
    pub instructions: Vec<Instruction>,
    /// Values still alive at the end, which the host reads and then drops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<TensorId>,
    /// Bytes alive before the first instruction: residents (caches only if it reads one) and inputs.
    pub start_bytes: u64,
    /// Largest `peak` of all instructions (at least `start_bytes`).
    pub peak_bytes: u64,
    /// Index of the first instruction that reaches the peak.
    pub peak_at: u32,
    /// Sum over the instructions.
    pub flops: u64,
    /// Sum over the instructions.
    pub bytes: u64,
}
