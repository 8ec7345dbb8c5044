//! The functions of `runtime/shim`, made safe.
//!
//! Tensors cross as pointers to C++ tensors: those inside [`tch::Tensor`]; a null pointer stands for an operand that
//! is absent. Every function checks types, shapes and ids itself and returns null or a message, so calling it with any tensors
//! is safe. An operand must not be written by another thread meanwhile; the executor runs one instruction at a time.

use std::ffi::{CStr, c_char, c_void};
use tch::Tensor;

/// A C++ tensor, or null.
type Ptr = *mut c_void;

/// Null, or text that `rgm_free_message` takes back.
type Message = *mut c_char;

/// A list of tensors as the shim takes it; null if empty.
#[derive(Debug)]
pub struct Tensors<'a> {
    pointers: Vec<Ptr>,
    tensors: std::marker::PhantomData<&'a Tensor>,
}

impl<'a> Tensors<'a> {
    pub fn new(tensors: impl IntoIterator<Item = &'a Tensor>) -> Tensors<'a> {
        Tensors { pointers: tensors.into_iter().map(pointer).collect(), tensors: std::marker::PhantomData }
    }
}

/// How an argument crosses the C boundary.
trait Raw {
    type Raw;
    fn raw(self) -> Self::Raw;
}

impl Raw for &Tensor {
    type Raw = Ptr;
    fn raw(self) -> Ptr {
        pointer(self)
    }
}

impl Raw for Option<&Tensor> {
    type Raw = Ptr;
    fn raw(self) -> Ptr {
        self.map_or(std::ptr::null_mut(), pointer)
    }
}

impl Raw for &Tensors<'_> {
    type Raw = *const Ptr;
    fn raw(self) -> *const Ptr {
        if self.pointers.is_empty() { std::ptr::null() } else { self.pointers.as_ptr() }
    }
}

impl Raw for &[f64] {
    type Raw = *const f64;
    fn raw(self) -> *const f64 {
        self.as_ptr()
    }
}

impl Raw for &[i64] {
    type Raw = *const i64;
    fn raw(self) -> *const i64 {
        self.as_ptr()
    }
}

macro_rules! plain {
    ($($ty:ty)*) => { $(impl Raw for $ty {
        type Raw = $ty;
        fn raw(self) -> $ty {
            self
        }
    })* };
}
plain!(bool f64 i64);

/// Declares C functions that return a message, and a safe function for each.
macro_rules! shim {
    ($(fn $name:ident = $symbol:ident($($arg:ident: $ty:ty),* $(,)?);)*) => {
        unsafe extern "C" {
            $(fn $symbol($($arg: <$ty as Raw>::Raw),*) -> Message;)*
        }
        $(
            #[allow(clippy::too_many_arguments)]
            pub fn $name($($arg: $ty),*) -> Result<(), String> {
                // SAFETY: pointers come from live tensors, and the shim checks everything else.
                check(unsafe { $symbol($(Raw::raw($arg)),*) })
            }
        )*
    };
}

shim! {
    fn copy = rgm_copy(to: &Tensor, from: &Tensor);
    fn fill = rgm_fill(y: &Tensor, value: f64);
    fn add = rgm_add(y: &Tensor, a: &Tensor, b: &Tensor);
    fn multiply = rgm_multiply(y: &Tensor, a: &Tensor, b: &Tensor);
    fn scale = rgm_scale(y: &Tensor, a: &Tensor, factor: f64);
    fn gelu = rgm_gelu(y: &Tensor, x: &Tensor);
    fn gelu_grad = rgm_gelu_grad(dx: &Tensor, dy: &Tensor, x: &Tensor);
    fn gelu_erf = rgm_gelu_erf(y: &Tensor, x: &Tensor);
    fn gelu_erf_grad = rgm_gelu_erf_grad(dx: &Tensor, dy: &Tensor, x: &Tensor);
    fn accumulate = rgm_accumulate(acc: &Tensor, x: &Tensor);
    fn embedding = rgm_embedding(y: &Tensor, weight: &Tensor, ids: &Tensor);
    fn embedding_grad_accumulate = rgm_embedding_grad_accumulate(acc: &Tensor, dy: &Tensor, ids: &Tensor);
    fn sum_leading = rgm_sum_leading(y: &Tensor, x: &Tensor, accumulate: bool);
    fn select_row = rgm_select_row(y: &Tensor, x: &Tensor, index: &Tensor);

    fn layer_norm = rgm_layer_norm(
        y: &Tensor, mean: &Tensor, rstd: &Tensor, x: &Tensor, gain: &Tensor, bias: Option<&Tensor>, eps: f64,
        rms: bool,
    );
    fn layer_norm_grad = rgm_layer_norm_grad(
        dx: &Tensor, dgain: &Tensor, dbias: Option<&Tensor>, dy: &Tensor, x: &Tensor, mean: &Tensor, rstd: &Tensor,
        gain: &Tensor, rms: bool,
    );
    fn swiglu = rgm_swiglu(y: &Tensor, gate: &Tensor, up: &Tensor);
    fn swiglu_grad = rgm_swiglu_grad(dgate: &Tensor, dup: &Tensor, dy: &Tensor, gate: &Tensor, up: &Tensor);
    fn rotary_table_of = rgm_rotary_table(
        table: &Tensor, positions: Option<&Tensor>, frequencies: &[f64], n: i64, factor: f64,
    );
    fn rotary = rgm_rotary(y: &Tensor, x: &Tensor, table: &Tensor, inverse: bool);
    fn repeat_heads = rgm_repeat_heads(y: &Tensor, x: &Tensor, times: i64);
    fn sum_heads = rgm_sum_heads(y: &Tensor, x: &Tensor, times: i64);
    fn softmax = rgm_softmax(p: &Tensor, x: &Tensor, causal: bool, scale: f64);
    fn segment_softmax = rgm_segment_softmax(p: &Tensor, x: &Tensor, segments: &Tensor, causal: bool, scale: f64);
    fn softmax_grad = rgm_softmax_grad(dx: &Tensor, dp: &Tensor, p: &Tensor, scale: f64);
    fn cross_entropy = rgm_cross_entropy(
        loss: &Tensor, lse: &Tensor, logits: &Tensor, labels: &Tensor, divisor: &Tensor,
    );
    fn cross_entropy_grad = rgm_cross_entropy_grad(
        dlogits: &Tensor, dloss: &Tensor, logits: &Tensor, labels: &Tensor, divisor: &Tensor, lse: &Tensor,
    );
    fn dropout = rgm_dropout(
        y: &Tensor, x: &Tensor, samples: &Tensor, step: &Tensor, rate: f64, key: i64, site: i64,
    );
    fn constant_of = rgm_constant(y: &Tensor, values: &[i64], n: i64);
    fn relative_scores = rgm_relative_scores(y: &Tensor, content: &Tensor, c2p: &Tensor, p2c: &Tensor, rows: &Tensor);
    fn relative_scores_grad = rgm_relative_scores_grad(dc2p: &Tensor, dp2c: &Tensor, dy: &Tensor, rows: &Tensor);
    fn replace_tokens = rgm_replace_tokens(
        replaced: &Tensor, targets: &Tensor, logits: &Tensor, tokens: &Tensor, labels: &Tensor, samples: &Tensor,
        step: &Tensor, key: i64, site: i64,
    );
    fn init_normal = rgm_init_normal(y: &Tensor, mean: f64, std: f64, key: i64, site: i64);

    fn linear = rgm_linear(y: &Tensor, x: &Tensor, w: &Tensor, bias: Option<&Tensor>, transposed: bool);
    fn linear_grad_weight = rgm_linear_grad_weight(
        dw: &Tensor, dy: &Tensor, x: &Tensor, transposed: bool, accumulate: bool,
    );
    fn batch_matmul = rgm_batch_matmul(y: &Tensor, a: &Tensor, b: &Tensor, ta: bool, tb: bool, alpha: f64);
    fn attention = rgm_attention(
        o: &Tensor, lse: &Tensor, q: &Tensor, k: &Tensor, v: &Tensor, segments: Option<&Tensor>, causal: bool, scale: f64,
    );
    fn attention_grad = rgm_attention_grad(
        dq: &Tensor, dk: &Tensor, dv: &Tensor, d_o: &Tensor, q: &Tensor, k: &Tensor, v: &Tensor, o: &Tensor,
        lse: &Tensor, segments: Option<&Tensor>, causal: bool, scale: f64,
    );
    fn cache_write = rgm_cache_write(cache: &Tensor, x: &Tensor, positions: &Tensor);
    fn cached_attention = rgm_cached_attention(
        o: &Tensor, q: &Tensor, keys: &Tensor, values: &Tensor, positions: &Tensor, scale: f64,
    );
    fn global_norm_of = rgm_global_norm(norm: &Tensor, gradients: &Tensors, n: i64);
    fn adamw_of = rgm_adamw(
        lr: &Tensor, step: &Tensor, norm: &Tensor, n: i64, params: &Tensors, grads: &Tensors, m: &Tensors,
        v: &Tensors, copies: &Tensors, beta1: f64, beta2: f64, eps: f64, weight_decay: f64, clip: f64,
    );
    fn sgd_of = rgm_sgd(
        lr: &Tensor, norm: &Tensor, n: i64, params: &Tensors, grads: &Tensors, buffers: &Tensors, copies: &Tensors,
        momentum: f64, weight_decay: f64, clip: f64,
    );
}

unsafe extern "C" {
    fn rgm_free_message(message: Message);
    fn rgm_install_allocator();
    fn rgm_current_bytes() -> i64;
    fn rgm_peak_bytes() -> i64;
    fn rgm_allocations() -> i64;
    fn rgm_reset_peak();
    fn rgm_set_threads(threads: i32);
    fn rgm_threads() -> i32;
    fn rgm_instruction_set() -> Message;
    fn rgm_philox(words: *mut u32, counter: *const u32, key: *const u32);
    fn rgm_empty(result: *mut Ptr, kind: i32, sizes: *const i64, rank: i32) -> Message;
    fn rgm_alias(result: *mut Ptr, t: Ptr) -> Message;
}

/// Puts the counting allocator under libtorch for the rest of the process.
pub fn install_allocator() {
    // SAFETY: the allocator lives as long as the process; a second call changes nothing.
    unsafe { rgm_install_allocator() }
}

/// Requested bytes alive now, at most since the last reset, and the number of allocations so far.
pub fn counters() -> (i64, i64, i64) {
    // SAFETY: reads atomic numbers.
    unsafe { (rgm_current_bytes(), rgm_peak_bytes(), rgm_allocations()) }
}

/// The peak becomes what is alive now.
pub fn reset_peak() {
    // SAFETY: writes an atomic number.
    unsafe { rgm_reset_peak() }
}

/// Sets the number of threads of one operation.
pub fn set_threads(threads: i32) {
    // SAFETY: sets a number.
    unsafe { rgm_set_threads(threads) }
}

/// The number of threads of one operation.
pub fn threads() -> i32 {
    // SAFETY: reads a number.
    unsafe { rgm_threads() }
}

/// `DEFAULT`, `AVX2` or `AVX512`.
pub fn instruction_set() -> String {
    // SAFETY: returns null or a message.
    check(unsafe { rgm_instruction_set() }).err().unwrap_or_default()
}

/// One call of Philox4x32-10.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut words = [0; 4];
    // SAFETY: reads four and two words, writes four.
    unsafe { rgm_philox(words.as_mut_ptr(), counter.as_ptr(), key.as_ptr()) };
    words
}

/// A new uninitialised tensor; `kind` is libtorch's number of the element type.
pub fn empty(kind: i32, sizes: &[i64]) -> Result<Tensor, String> {
    let rank = i32::try_from(sizes.len()).map_err(|e| e.to_string())?;
    // SAFETY: `sizes` holds `rank` numbers.
    made(|result| unsafe { rgm_empty(result, kind, sizes.as_ptr(), rank) })
}

/// Another handle of the same tensor.
pub fn alias(tensor: &Tensor) -> Result<Tensor, String> {
    // SAFETY: a live tensor.
    made(|result| unsafe { rgm_alias(result, pointer(tensor)) })
}

fn made(make: impl FnOnce(*mut Ptr) -> Message) -> Result<Tensor, String> {
    let mut result = std::ptr::null_mut();
    check(make(&mut result))?;
    Ok(owned(result))
}

/// A tensor that the shim made.
fn owned(made: Ptr) -> Tensor {
    // SAFETY: the shim made it with `new`, as tch's own functions do, and tch's destructor deletes it.
    unsafe { Tensor::from_ptr(made.cast()) }
}

fn pointer(tensor: &Tensor) -> Ptr {
    tensor.as_ptr().cast_mut().cast()
}

/// Null is success; a message is copied and freed.
fn check(message: Message) -> Result<(), String> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: not null, zero-terminated, and freed once, here.
    unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().trim().to_owned();
        rgm_free_message(message);
        Err(text)
    }
}

unsafe extern "C" {
    fn rgm_cuda_open() -> Message;
    fn rgm_cuda_start(stream: *mut *mut c_void, deterministic: bool) -> Message;
    fn rgm_cuda_memory(numbers: *mut i64) -> Message;
    fn rgm_cuda_reset_peak() -> Message;
    fn rgm_cuda_empty_cache() -> Message;
    fn rgm_cuda_empty(result: *mut Ptr, kind: i32, sizes: *const i64, rank: i32) -> Message;
    fn rgm_cuda_attention(
        o: *mut Ptr,
        lse: *mut Ptr,
        q: Ptr,
        k: Ptr,
        v: Ptr,
        flash: bool,
        causal: bool,
        scale: f64,
    ) -> Message;
    fn rgm_cuda_attention_grad(
        dq: *mut Ptr,
        dk: *mut Ptr,
        dv: *mut Ptr,
        d_o: Ptr,
        q: Ptr,
        k: Ptr,
        v: Ptr,
        o: Ptr,
        lse: Ptr,
        flash: bool,
        causal: bool,
        scale: f64,
    ) -> Message;
}

/// Opens libtorch's CUDA half; nothing else here with `cuda` in its name works before.
pub fn cuda_open() -> Result<(), String> {
    // SAFETY: opens libraries by name.
    check(unsafe { rgm_cuda_open() })
}

/// Initialises the first GPU and gives libtorch a stream of its own.
pub fn cuda_start(stream: &mut *mut c_void, deterministic: bool) -> Result<(), String> {
    // SAFETY: writes one pointer.
    check(unsafe { rgm_cuda_start(stream, deterministic) })
}

/// Requested now, requested at the peak, reserved now, reserved at the peak, allocations so far.
pub fn cuda_memory() -> Result<[i64; 5], String> {
    let mut numbers = [0; 5];
    // SAFETY: writes five numbers.
    check(unsafe { rgm_cuda_memory(numbers.as_mut_ptr()) })?;
    Ok(numbers)
}

/// The peaks become what is now.
pub fn cuda_reset_peak() -> Result<(), String> {
    // SAFETY: sets numbers of the allocator.
    check(unsafe { rgm_cuda_reset_peak() })
}

/// Gives what nobody uses back to the driver.
pub fn cuda_empty_cache() -> Result<(), String> {
    // SAFETY: blocks that are in use stay.
    check(unsafe { rgm_cuda_empty_cache() })
}

/// A new uninitialised tensor on the GPU.
pub fn cuda_empty(kind: i32, sizes: &[i64]) -> Result<Tensor, String> {
    let rank = i32::try_from(sizes.len()).map_err(|e| e.to_string())?;
    // SAFETY: `sizes` holds `rank` numbers.
    made(|result| unsafe { rgm_cuda_empty(result, kind, sizes.as_ptr(), rank) })
}

/// o and the log-sum-exp of attention over q, k, v.
pub fn cuda_attention(
    operands: [&Tensor; 3],
    flash: bool,
    causal: bool,
    scale: f64,
) -> Result<[Tensor; 2], String> {
    let [q, k, v] = operands.map(pointer);
    let mut results = [std::ptr::null_mut(); 2];
    let [o, lse] = results.each_mut();
    // SAFETY: live tensors; the library checks shapes and types.
    check(unsafe { rgm_cuda_attention(o, lse, q, k, v, flash, causal, scale) })?;
    Ok(results.map(owned))
}

/// Gradients of q, k and v, from do, q, k, v, o and the log-sum-exp.
pub fn cuda_attention_grad(
    operands: [&Tensor; 6],
    flash: bool,
    causal: bool,
    scale: f64,
) -> Result<[Tensor; 3], String> {
    let [d_o, q, k, v, o, lse] = operands.map(pointer);
    let mut results = [std::ptr::null_mut(); 3];
    let [dq, dk, dv] = results.each_mut();
    // SAFETY: live tensors; the library checks shapes and types.
    check(unsafe { rgm_cuda_attention_grad(dq, dk, dv, d_o, q, k, v, o, lse, flash, causal, scale) })?;
    Ok(results.map(owned))
}

/// Settings of AdamW; `clip` 0 means none.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    pub clip: f64,
}

/// Settings of SGD; `clip` 0 means none.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    pub momentum: f64,
    pub weight_decay: f64,
    pub clip: f64,
}

/// Cosines and sines of position · frequency, times `factor`; positions from 0 on if none are given.
pub fn rotary_table(
    table: &Tensor,
    positions: Option<&Tensor>,
    frequencies: &[f64],
    factor: f64,
) -> Result<(), String> {
    let n = i64::try_from(frequencies.len()).map_err(|e| e.to_string())?;
    rotary_table_of(table, positions, frequencies, n, factor)
}

/// Copies whole numbers into a vector.
pub fn constant(y: &Tensor, values: &[i64]) -> Result<(), String> {
    let n = i64::try_from(values.len()).map_err(|e| e.to_string())?;
    constant_of(y, values, n)
}

/// √Σ‖g‖².
pub fn global_norm(norm: &Tensor, gradients: &Tensors) -> Result<(), String> {
    global_norm_of(norm, gradients, length(gradients, &[], &[])?)
}

/// `groups`: parameters, gradients, first moments, second moments, copies (may be empty).
pub fn adamw(
    lr: &Tensor,
    step: &Tensor,
    norm: &Tensor,
    groups: &[Tensors; 5],
    s: AdamW,
) -> Result<(), String> {
    let [params, grads, m, v, copies] = groups;
    let n = length(params, &[grads, m, v], &[copies])?;
    adamw_of(lr, step, norm, n, params, grads, m, v, copies, s.beta1, s.beta2, s.eps, s.weight_decay, s.clip)
}

/// `groups`: parameters, gradients, momentum buffers (may be empty), copies (may be empty).
pub fn sgd(lr: &Tensor, norm: &Tensor, groups: &[Tensors; 4], s: Sgd) -> Result<(), String> {
    let [params, grads, buffers, copies] = groups;
    let n = length(params, &[grads], &[buffers, copies])?;
    sgd_of(lr, norm, n, params, grads, buffers, copies, s.momentum, s.weight_decay, s.clip)
}

/// The length of a list, which the others must share; the `optional` may be empty instead.
fn length(first: &Tensors, others: &[&Tensors], optional: &[&Tensors]) -> Result<i64, String> {
    let n = first.pointers.len();
    let differs = |list: &&&Tensors| list.pointers.len() != n;
    if others.iter().any(|list| differs(&list))
        || optional.iter().filter(|list| !list.pointers.is_empty()).any(|list| differs(&list))
    {
        return Err("lists of different lengths".to_owned());
    }
    i64::try_from(n).map_err(|e| e.to_string())
}
