//! The GPU as a whole: opening it, its memory, copies from and to the host.

use super::kernels::Kernels;
use super::launch::Launch;
use super::products::Products;
use crate::codes;
use crate::library::{Layout, Memory};
use crate::shim;
use cudarc::driver::{result, sys};
use regimen_base::Diagnostic;
use regimen_base::tensor::TensorType;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tch::Tensor;

/// What the driver says of the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its name, such as `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// Compute capability, 90 for 9.0.
    pub capability: u32,
    /// Multiprocessors.
    pub multiprocessors: u64,
    /// Shared memory that a block may ask for, in bytes.
    pub shared_bytes: i64,
    /// All its memory, in bytes.
    pub total_bytes: u64,
    /// Memory that nobody uses, in bytes; measured when the GPU was opened, its context already there.
    pub free_bytes: u64,
}

/// An opened GPU. Everything runs on one stream, so nothing ever waits for anything else.
pub struct Cuda {
    card: Card,
    stream: sys::CUstream,
    kernels: Kernels,
    products: Products,
    /// Lists of pointers and lengths that kernels read, by content; they live as long as the GPU is open.
    tables: RefCell<BTreeMap<Vec<u64>, u64>>,
    /// Where kernels note an id that is out of range.
    bad: u64,
}

impl std::fmt::Debug for Cuda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cuda").field("card", &self.card).finish_non_exhaustive()
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // What still runs may read them.
        let _ = self.synchronize();
        self.kernels.unload();
        let tables = std::mem::take(&mut *self.tables.borrow_mut());
        for address in tables.into_values().chain([self.bad]) {
            // SAFETY: allocated by `constant`, freed once, here.
            let _ = unsafe { result::free_sync(address) };
        }
    }
}

/// The oldest driver that runs CUDA 13.
const OLDEST_DRIVER: i32 = 13_000;

/// What libtorch's CUDA libraries belong to; its own are of the same.
const CUDA_MAJOR: i32 = 13;

/// The first compute capability with bf16 and asynchronous copies: 8.0, Ampere.
const OLDEST_CAPABILITY: u32 = 80;

impl Cuda {
    /// Opens the first GPU. With `deterministic`, libtorch's operations repeat bit for bit or refuse.
    ///
    /// # Errors
    /// If the driver or a library is missing or too old, or there is no GPU.
    pub fn open(deterministic: bool) -> Result<Cuda, Diagnostic> {
        driver()?;
        shim::cuda_open().map_err(|why| codes::no_gpu("libtorch's CUDA libraries cannot be loaded", &why))?;
        libraries()?;
        let mut stream = std::ptr::null_mut();
        shim::cuda_start(&mut stream, deterministic)
            .map_err(|why| codes::no_gpu("libtorch does not start on the GPU", &why))?;
        use_context().map_err(|why| codes::no_gpu("the driver does not give this thread the GPU", &why))?;
        let card = card().map_err(|why| codes::no_gpu("the driver does not describe the GPU", &why))?;
        if card.capability < OLDEST_CAPABILITY {
            return Err(codes::old_gpu(&card.name, card.capability, OLDEST_CAPABILITY));
        }
        let failed = |why: String| codes::library_failed("prepare the GPU", &why);
        let bad = constant(&[0]).map_err(failed)?;
        Ok(Cuda {
            kernels: Kernels::new(card.capability),
            products: Products::new(deterministic, &card.name).map_err(failed)?,
            card,
            stream: stream.cast(),
            tables: RefCell::default(),
            bad,
        })
    }

    /// The GPU.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// A kernel of a file in `kernels/`, to be given its arguments and launched.
    pub fn kernel(&self, file: &'static str, name: impl Into<String>) -> Launch<'_> {
        Launch::new(self, file, name.into())
    }

    pub(super) fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    pub(super) fn products(&self) -> &Products {
        &self.products
    }

    pub(super) fn stream(&self) -> sys::CUstream {
        self.stream
    }

    /// Where kernels note ids out of range.
    pub(super) fn bad(&self) -> u64 {
        self.bad
    }

    /// Temporary memory of an operation: exactly what its `workspace` says.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn scratch(&self, bytes: i64) -> Result<Tensor, String> {
        // 0 is libtorch's number of u8.
        shim::cuda_empty(0, &[bytes])
    }

    /// A list on the GPU; the same content is the same list. Lists are made in a program's first run, before
    /// anything is recorded in a graph.
    pub(super) fn table(&self, words: Vec<u64>) -> Result<u64, String> {
        if let Some(known) = self.tables.borrow().get(&words) {
            return Ok(*known);
        }
        let address = constant(&words)?;
        self.tables.borrow_mut().insert(words, address);
        Ok(address)
    }

    /// Waits until everything is done, and reports an id out of range that any kernel met since the last time.
    ///
    /// # Errors
    /// If a kernel failed, or met such an id.
    pub fn finish(&self) -> Result<(), String> {
        let mut found = [0u64];
        self.synchronize()?;
        // SAFETY: eight bytes that this process allocated.
        unsafe { result::memcpy_dtoh_sync(&mut found, self.bad) }.map_err(text)?;
        if found[0] == 0 {
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { result::memcpy_htod_sync(self.bad, &[0u64]) }.map_err(text)?;
        Err(format!("the id at place {} of its list is outside 0..the number of rows", found[0] - 1))
    }

    /// Waits until everything is done.
    ///
    /// # Errors
    /// If a kernel failed.
    pub fn synchronize(&self) -> Result<(), String> {
        // SAFETY: the stream lives as long as libtorch.
        unsafe { result::stream::synchronize(self.stream) }.map_err(text)
    }

    /// A new tensor of zeros.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn zeros(&self, ty: &TensorType) -> Result<Tensor, Diagnostic> {
        let tensor = Layout::new(ty).on_gpu().allocate();
        let tensor = tensor.map_err(|why| codes::library_failed(&format!("allocate {ty}"), &why))?;
        self.clear(address(&tensor), tensor.numel() * tensor.kind().elt_size_in_bytes())
            .map_err(|why| codes::library_failed(&format!("fill {ty}"), &why))?;
        Ok(tensor)
    }

    /// Sets bytes of the GPU to zero.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn clear(&self, at: u64, bytes: usize) -> Result<(), String> {
        // SAFETY: the caller has the address and the length of a tensor that is alive.
        unsafe { result::memset_d8_async(at, 0, bytes, self.stream) }.map_err(text)
    }

    /// Copies bytes from an address of the GPU to the host, after everything before it.
    ///
    /// # Errors
    /// If the copy fails.
    pub fn read_at(&self, from: u64, bytes: &mut [u8]) -> Result<(), String> {
        // SAFETY: the caller read the address off a tensor of a recorded program, whose memory stays the allocator's.
        unsafe { result::memcpy_dtoh_async(bytes, from, self.stream) }.map_err(text)?;
        self.synchronize()
    }

    /// Copies bytes to a contiguous tensor, in the order of the stream.
    ///
    /// # Errors
    /// If lengths differ or the copy fails.
    pub fn write(&self, to: &Tensor, bytes: &[u8]) -> Result<(), String> {
        check_size(to, bytes.len())?;
        // SAFETY: the tensor is contiguous and has this many bytes. Memory that is not pinned is read before the call
        // returns.
        unsafe { result::memcpy_htod_async(address(to), bytes, self.stream) }.map_err(text)
    }

    /// Copies a contiguous tensor's bytes to the host, after everything before it.
    ///
    /// # Errors
    /// If lengths differ or the copy fails.
    pub fn read(&self, from: &Tensor, bytes: &mut [u8]) -> Result<(), String> {
        check_size(from, bytes.len())?;
        // SAFETY: the tensor is contiguous and has this many bytes.
        unsafe { result::memcpy_dtoh_async(bytes, address(from), self.stream) }.map_err(text)?;
        self.synchronize()
    }

    /// What the caching allocator says, in requested bytes.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn memory(&self) -> Result<Memory, String> {
        let numbers = shim::cuda_memory()?;
        Ok(Memory { current: numbers[0], peak: numbers[1], allocations: numbers[4] })
    }

    /// Gives memory that nobody uses back to the driver, so that a stage begins like the first of its process.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn release(&self) -> Result<(), String> {
        self.synchronize()?;
        shim::cuda_empty_cache()?;
        shim::cuda_reset_peak()
    }

    /// The most bytes that the allocator held of the GPU since the peak was reset.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn reserved_peak(&self) -> Result<i64, String> {
        Ok(shim::cuda_memory()?[3])
    }

    /// Memory of the GPU that nobody uses now, in bytes.
    ///
    /// # Errors
    /// If the driver does not answer.
    pub fn free_bytes(&self) -> Result<u64, String> {
        Ok(result::mem_get_info().map_err(text)?.0 as u64)
    }
}

/// The address of a tensor's first element.
pub fn address(tensor: &Tensor) -> u64 {
    tensor.data_ptr() as u64
}

/// What the driver reports, as text.
pub(super) fn text(error: result::DriverError) -> String {
    let name = error.error_name().map(|name| name.to_string_lossy().into_owned());
    let what = error.error_string().map(|what| what.to_string_lossy().into_owned());
    format!(
        "{} ({})",
        what.unwrap_or_else(|_| "the driver failed".into()),
        name.unwrap_or_else(|_| format!("{error:?}"))
    )
}

fn check_size(tensor: &Tensor, bytes: usize) -> Result<(), String> {
    let has = tensor.numel() * tensor.kind().elt_size_in_bytes();
    if has == bytes && tensor.is_contiguous() {
        return Ok(());
    }
    Err(format!("a tensor of {has} bytes and {bytes} bytes of the host"))
}

/// Eight-byte words on the GPU, outside libtorch's allocator: they belong to the library's constants, not to the plan.
fn constant(words: &[u64]) -> Result<u64, String> {
    // SAFETY: as many bytes as are written.
    unsafe {
        let address = result::malloc_sync(words.len().max(1) * 8).map_err(text)?;
        result::memcpy_htod_sync(address, words).map_err(text)?;
        Ok(address)
    }
}

/// Whether there is a driver, and one that is new enough.
fn driver() -> Result<(), Diagnostic> {
    // SAFETY: only opens a library by name.
    if !unsafe { sys::is_culib_present() } {
        return Err(codes::no_gpu("this machine has no NVIDIA driver", "libcuda.so.1 cannot be opened"));
    }
    result::init().map_err(|e| codes::no_gpu("the NVIDIA driver does not start", &text(e)))?;
    let mut version = 0;
    // SAFETY: writes one integer.
    unsafe { sys::cuDriverGetVersion(&mut version) }
        .result()
        .map_err(|e| codes::no_gpu("the NVIDIA driver does not say its version", &text(e)))?;
    if version < OLDEST_DRIVER {
        return Err(codes::old_driver(version, OLDEST_DRIVER));
    }
    match result::device::get_count() {
        Ok(0) => Err(codes::no_gpu("this machine has no GPU", "the driver counts none")),
        Ok(_) => Ok(()),
        Err(error) => Err(codes::no_gpu("this machine has no GPU", &text(error))),
    }
}

/// The two libraries that libtorch brings along and that are called directly.
fn libraries() -> Result<(), Diagnostic> {
    // SAFETY: only opens libraries by name.
    let found = unsafe {
        [
            ("libnvrtc.so.13", cudarc::nvrtc::sys::is_culib_present()),
            ("libcublasLt.so.13", cudarc::cublaslt::sys::is_culib_present()),
        ]
    };
    if let Some((name, _)) = found.iter().find(|(_, there)| !there) {
        return Err(codes::no_gpu("a CUDA library is missing", &format!("{name} cannot be opened")));
    }
    let (mut nvrtc, mut minor) = (0, 0);
    // SAFETY: one writes two integers, the other returns a number.
    let products = unsafe {
        let _ = cudarc::nvrtc::sys::nvrtcVersion(&mut nvrtc, &mut minor);
        i32::try_from(cudarc::cublaslt::sys::cublasLtGetVersion() / 10_000).unwrap_or(0)
    };
    match [("libnvrtc", nvrtc), ("libcublasLt", products)].into_iter().find(|(_, found)| *found != CUDA_MAJOR)
    {
        None => Ok(()),
        Some((name, found)) => Err(codes::no_gpu(
            "a CUDA library is of another version",
            &format!(
                "{name} is of CUDA {found}, libtorch's libraries are of CUDA {CUDA_MAJOR}; another one comes first where libraries are looked for"
            ),
        )),
    }
}

/// The calling thread works in the context that libtorch has made; libtorch itself enters it only when it first needs to.
fn use_context() -> Result<(), String> {
    let device = result::device::get(0).map_err(text)?;
    // SAFETY: the process keeps the context until it ends, as libtorch does.
    unsafe { result::primary_ctx::retain(device).and_then(|context| result::ctx::set_current(context)) }
        .map_err(text)
}

fn card() -> Result<Card, String> {
    let device = result::device::get(0).map_err(text)?;
    use sys::CUdevice_attribute as Attribute;
    let number = |attribute| {
        // SAFETY: a device that the driver just named.
        unsafe { result::device::get_attribute(device, attribute) }.map_err(text)
    };
    let major = number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    let multiprocessors = number(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
    let shared = number(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?;
    let (free, total) = result::mem_get_info().map_err(text)?;
    Ok(Card {
        shared_bytes: i64::from(shared),
        name: result::device::get_name(device).map_err(text)?,
        capability: u32::try_from(major * 10 + minor).unwrap_or(0),
        multiprocessors: u64::try_from(multiprocessors).unwrap_or(0),
        total_bytes: total as u64,
        free_bytes: free as u64,
    })
}
