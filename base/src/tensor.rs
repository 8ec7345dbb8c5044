//! What a tensor is, before anybody computes with it: element type, shape, and placement on a mesh.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DType {
    F64,
    F32,
    Bf16,
    F16,
    I64,
    I32,
    U8,
    Bool,
}

impl DType {
    /// Bytes of one element.
    pub fn size(self) -> u64 {
        match self {
            DType::F64 | DType::I64 => 8,
            DType::F32 | DType::I32 => 4,
            DType::Bf16 | DType::F16 => 2,
            DType::U8 | DType::Bool => 1,
        }
    }

    /// Whether gradients can flow through it.
    pub fn is_float(self) -> bool {
        matches!(self, DType::F64 | DType::F32 | DType::Bf16 | DType::F16)
    }

    /// The name used in plans and messages.
    pub fn name(self) -> &'static str {
        match self {
            DType::F64 => "f64",
            DType::F32 => "f32",
            DType::Bf16 => "bf16",
            DType::F16 => "f16",
            DType::I64 => "i64",
            DType::I32 => "i32",
            DType::U8 => "u8",
            DType::Bool => "bool",
        }
    }

    /// The type with this [`name`](DType::name).
    pub fn from_name(name: &str) -> Option<DType> {
        use DType::*;
        [F64, F32, Bf16, F16, I64, I32, U8, Bool].into_iter().find(|d| d.name() == name)
    }
}

/// How a tensor lies on one axis of the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Every rank holds all of it.
    Replicate,
    /// Split along this dimension, in equal parts.
    Shard(u32),
    /// Every rank holds a summand; the value is their sum.
    Partial,
}

/// One axis of the device mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// `data`, `tensor`, `pipeline`, …
    pub name: String,
    /// Ranks along it.
    pub size: u64,
}

/// The devices of a stage as a grid. One device is the mesh without axes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mesh {
    /// Outermost first.
    pub axes: Vec<Axis>,
}

impl Mesh {
    /// Number of ranks.
    pub fn ranks(&self) -> u64 {
        self.axes.iter().map(|a| a.size).product()
    }
}

/// Sizes of dimensions. Up to five are kept in place: planning copies types hundreds of thousands of times.
pub type Shape = SmallVec<[u64; 5]>;

/// Element type, logical (global) shape, and placement.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Logical shape, independent of the layout.
    pub shape: Shape,
    /// One entry per mesh axis; axes beyond the end replicate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement: Vec<Placement>,
}

impl Clone for TensorType {
    /// Like the derived one, which copies a shape number by number.
    fn clone(&self) -> TensorType {
        let placement = if self.placement.is_empty() { vec![] } else { self.placement.clone() };
        TensorType { dtype: self.dtype, shape: Shape::from_slice(&self.shape), placement }
    }
}

impl TensorType {
    /// A replicated tensor.
    pub fn new(dtype: DType, shape: impl AsRef<[u64]>) -> TensorType {
        TensorType { dtype, shape: Shape::from_slice(shape.as_ref()), placement: vec![] }
    }

    /// The same tensor placed as given; trailing replication is dropped, so that equal placements compare equal.
    pub fn placed(mut self, mut placement: Vec<Placement>) -> TensorType {
        while placement.last() == Some(&Placement::Replicate) {
            placement.pop();
        }
        self.placement = placement;
        self
    }

    /// Placement on the mesh axis with this index.
    pub fn on_axis(&self, axis: usize) -> Placement {
        self.placement.get(axis).copied().unwrap_or(Placement::Replicate)
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Elements of the logical tensor.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    /// The shape that one rank holds. Shards are equal: the compiler refuses sizes that do not divide.
    pub fn local_shape(&self, mesh: &Mesh) -> Shape {
        let mut shape = Shape::from_slice(&self.shape);
        for (axis, placement) in mesh.axes.iter().zip(&self.placement) {
            if let Placement::Shard(dim) = placement
                && let Some(size) = shape.get_mut(*dim as usize)
            {
                *size /= axis.size.max(1);
            }
        }
        shape
    }

    /// Bytes that one rank holds.
    pub fn local_bytes(&self, mesh: &Mesh) -> u64 {
        self.local_shape(mesh).iter().product::<u64>() * self.dtype.size()
    }
}

impl std::fmt::Display for TensorType {
    /// `f32[12, 64, 128]`, and the placement if it is not replicated.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.dtype.name(), self.shape)?;
        if !self.placement.is_empty() {
            write!(f, " {:?}", self.placement)?;
        }
        Ok(())
    }
}
