//! libtorch as a whole: the counting allocator, threads, and tensors of the plan's types.

use crate::codes;
use crate::shim;
use regimen_base::Diagnostic;
use regimen_base::tensor::{DType, Mesh, TensorType};
use tch::{Kind, Tensor};

/// Prepares libtorch: installs the counting allocator and sets the number of threads.
///
/// The first call must come before the first tensor is made, or that one is not counted. Later calls only change the
/// number of threads.
///
/// # Errors
/// If `threads` is not between 1 and 1,024.
pub fn start(threads: usize) -> Result<(), Diagnostic> {
    shim::install_allocator();
    let Some(threads) = i32::try_from(threads).ok().filter(|n| (1..=1024).contains(n)) else {
        return Err(codes::library_failed(
            "start",
            &format!("{threads} threads were asked for; 1 to 1024 are possible"),
        ));
    };
    shim::set_threads(threads);
    Ok(())
}

/// Threads that one operation may use.
pub fn threads() -> usize {
    usize::try_from(shim::threads()).unwrap_or(1)
}

/// The instruction set that libtorch and the kernels use: `DEFAULT`, `AVX2` or `AVX512`. Results are the same to the
/// last bit only within one.
pub fn instruction_set() -> String {
    shim::instruction_set()
}

/// What the counting allocator says, in requested bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Alive now.
    pub current: i64,
    /// Alive at most since the last [`reset_peak`].
    pub peak: i64,
    /// Blocks asked for since the process started.
    pub allocations: i64,
}

/// Reads the allocator's counters.
pub fn memory() -> Memory {
    let (current, peak, allocations) = shim::counters();
    Memory { current, peak, allocations }
}

/// Starts a new measurement of the peak.
pub fn reset_peak() {
    shim::reset_peak();
}

/// libtorch's name of an element type.
pub fn kind(dtype: DType) -> Kind {
    match dtype {
        DType::F64 => Kind::Double,
        DType::F32 => Kind::Float,
        DType::Bf16 => Kind::BFloat16,
        DType::F16 => Kind::Half,
        DType::I64 => Kind::Int64,
        DType::I32 => Kind::Int,
        DType::U8 => Kind::Uint8,
        DType::Bool => Kind::Bool,
    }
}

/// libtorch's number of an element type (`c10::ScalarType`).
fn kind_number(dtype: DType) -> i32 {
    match dtype {
        DType::U8 => 0,
        DType::I32 => 3,
        DType::I64 => 4,
        DType::F16 => 5,
        DType::F32 => 6,
        DType::F64 => 7,
        DType::Bool => 11,
        DType::Bf16 => 15,
    }
}

/// A tensor type in libtorch's terms, ready to be allocated again and again.
#[derive(Clone, Debug)]
pub struct Layout {
    kind: i32,
    sizes: Vec<i64>,
    gpu: bool,
}

impl Layout {
    /// On one device a tensor's local shape is its logical shape.
    pub fn new(ty: &TensorType) -> Layout {
        Layout::local(ty, &Mesh::default())
    }

    /// What one rank of a mesh holds.
    pub fn local(ty: &TensorType, mesh: &Mesh) -> Layout {
        let sizes = ty.local_shape(mesh).iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect();
        Layout { kind: kind_number(ty.dtype), sizes, gpu: false }
    }

    /// The same on the GPU.
    pub fn on_gpu(self) -> Layout {
        Layout { gpu: true, ..self }
    }

    /// The shape.
    pub fn sizes(&self) -> &[i64] {
        &self.sizes
    }

    /// A new contiguous, uninitialised tensor.
    pub(crate) fn allocate(&self) -> Result<Tensor, String> {
        if self.gpu { shim::cuda_empty(self.kind, &self.sizes) } else { shim::empty(self.kind, &self.sizes) }
    }
}

/// A new contiguous, uninitialised tensor of the given type.
///
/// # Errors
/// If there is not enough memory.
pub fn empty(ty: &TensorType) -> Result<Tensor, Diagnostic> {
    Layout::new(ty).allocate().map_err(|why| codes::library_failed(&format!("allocate {ty}"), &why))
}

/// A new tensor filled with one value.
///
/// # Errors
/// If there is not enough memory, or the type holds no numbers that can be filled in (only zero fits all types).
pub fn full(ty: &TensorType, value: f64) -> Result<Tensor, Diagnostic> {
    let tensor = empty(ty)?;
    shim::fill(&tensor, value).map_err(|why| codes::library_failed(&format!("fill {ty}"), &why))?;
    Ok(tensor)
}

/// Another handle of the same tensor: no bytes are copied.
///
/// # Errors
/// If the library fails.
pub fn alias(tensor: &Tensor) -> Result<Tensor, Diagnostic> {
    shim::alias(tensor).map_err(|why| codes::library_failed("share a tensor", &why))
}

/// Philox4x32-10, the generator behind dropout and initialisation.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    shim::philox(counter, key)
}
