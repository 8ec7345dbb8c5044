//! Matrix products by cuBLASLt, with what may follow them in the same kernel.

use super::algorithms::{Algorithm, Algorithms, Key};
use super::device::{Cuda, address, text};
use cudarc::cublaslt::{result as lt, sys};
use cudarc::driver::result as driver;
use std::ffi::c_void;
use tch::{Kind, Tensor};

/// Temporary memory of every product. It is allocated once, outside libtorch's allocator, and counts among the
/// library's constants in the hardware catalogue.
const WORKSPACE: usize = 32 << 20;

/// c = alpha·op(a)·op(b) + beta·c for matrices of rows, one after another if there are several.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// `[m, k]`, or `[k, m]` if `ta`.
    pub a: &'a Tensor,
    /// Whether `a` is stored transposed.
    pub ta: bool,
    /// `[k, n]`, or `[n, k]` if `tb`.
    pub b: &'a Tensor,
    /// Whether `b` is stored transposed.
    pub tb: bool,
    /// `[m, n]`, of the same type or f32.
    pub c: &'a Tensor,
    /// Rows of c, columns of c, terms of each sum.
    pub size: [i64; 3],
    /// Number of products.
    pub batch: i64,
    /// Factor.
    pub alpha: f64,
    /// Whether c is added to.
    pub accumulate: bool,
    /// What follows.
    pub after: After<'a>,
}

/// What follows a product in the same kernel.
#[derive(Clone, Copy, Debug)]
pub enum After<'a> {
    /// Nothing.
    Nothing,
    /// A bias is added to every row.
    Bias(&'a Tensor),
    /// A bias is added, the sum is kept, and c is its GELU.
    BiasGelu {
        /// One row.
        bias: &'a Tensor,
        /// Like c.
        pre: &'a Tensor,
    },
    /// c is multiplied by the derivative of the GELU at `pre`.
    GeluGrad {
        /// Like c.
        pre: &'a Tensor,
    },
}

/// The library's handle, its temporary memory, and the algorithm of every kind of product met so far.
pub struct Products {
    handle: sys::cublasLtHandle_t,
    workspace: u64,
    algorithms: Algorithms,
}

impl Products {
    /// For a card of this name. With `repeatable`, the same algorithm computes the same product always.
    pub fn new(repeatable: bool, card: &str) -> Result<Products, String> {
        let handle = lt::create_handle().map_err(|e| format!("cuBLASLt does not start: {e}"))?;
        // SAFETY: freed with the value.
        let workspace = unsafe { driver::malloc_sync(WORKSPACE) }.map_err(text)?;
        Ok(Products { handle, workspace, algorithms: Algorithms::new(!repeatable, card) })
    }
}

impl Drop for Products {
    fn drop(&mut self) {
        // SAFETY: both were made by `new`; freeing waits for what uses them.
        unsafe {
            let _ = driver::free_sync(self.workspace);
            let _ = lt::destroy_handle(self.handle);
        }
    }
}

/// Memory for results that nobody wants, outside libtorch's allocator.
struct Spare(u64);

impl Spare {
    fn new(bytes: usize) -> Option<Spare> {
        // SAFETY: freed with the value.
        unsafe { driver::malloc_sync(bytes) }.ok().map(Spare)
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`; freeing waits for what uses it.
        let _ = unsafe { driver::free_sync(self.0) };
    }
}

impl Product<'_> {
    /// Computes it.
    ///
    /// # Errors
    /// If the library has no algorithm for it, or fails.
    pub fn run(self, cuda: &Cuda) -> Result<(), String> {
        if self.attempt(cuda)? {
            Ok(())
        } else {
            Err(format!("cuBLASLt has no product of sizes {:?}", self.size))
        }
    }

    /// Computes it if the library can; false if it has no algorithm for this, and nothing was done.
    ///
    /// # Errors
    /// If operands do not fit or the library fails.
    pub fn attempt(self, cuda: &Cuda) -> Result<bool, String> {
        self.check()?;
        let products = cuda.products();
        let described = Described::new(&self).map_err(|e| format!("cuBLASLt: {e}"))?;
        let key = self.key();
        let algorithm = match products.algorithms.known(&key) {
            Some(known) => known,
            None => self.choose(key, &described, cuda)?,
        };
        let Some(algorithm) = algorithm else { return Ok(false) };
        described.run(&self, address(self.c), cuda, &algorithm).map_err(|e| format!("cuBLASLt: {e}"))?;
        Ok(true)
    }

    fn choose(&self, key: Key, described: &Described, cuda: &Cuda) -> Result<Option<Algorithm>, String> {
        let products = cuda.products();
        let mut candidates = described.candidates(products.handle, products.algorithms.candidates());
        // Measuring must not add to what is there.
        let bytes = self.c.numel() * self.c.kind().elt_size_in_bytes();
        let spare = if self.accumulate && candidates.len() > 1 { Spare::new(bytes) } else { None };
        if self.accumulate && spare.is_none() {
            candidates.truncate(1);
        }
        let c = spare.as_ref().map_or(address(self.c), |spare| spare.0);
        products.algorithms.choose(key, &candidates, cuda, &|algorithm| {
            described.run(self, c, cuda, algorithm).map_err(|e| format!("cuBLASLt: {e}"))
        })
    }

    fn check(&self) -> Result<(), String> {
        let [m, n, k] = self.size;
        let fits = |t: &Tensor, rows: i64, columns: i64| {
            i64::try_from(t.numel()).is_ok_and(|has| has == rows * columns * self.batch) && t.is_contiguous()
        };
        if fits(self.a, m, k) && fits(self.b, k, n) && fits(self.c, m, n) && self.a.kind() == self.b.kind() {
            return Ok(());
        }
        Err(format!("a product of {:?} and {:?} into {:?}", self.a.size(), self.b.size(), self.c.size()))
    }

    fn key(&self) -> Key {
        let [m, n, k] = self.size;
        let after = match self.after {
            After::Nothing => 0,
            After::Bias(_) => 1,
            After::BiasGelu { .. } => 2,
            After::GeluGrad { .. } => 3,
        };
        let flags = [self.ta, self.tb, self.accumulate].map(i64::from);
        let kinds = [self.a.kind(), self.c.kind()].map(code);
        [m, n, k, self.batch, kinds[0], kinds[1], flags[0], flags[1], flags[2], after]
    }
}

/// The product as the library wants it: columns first, so that c's rows are its columns and a and b change places.
struct Described {
    operation: sys::cublasLtMatmulDesc_t,
    layouts: [sys::cublasLtMatrixLayout_t; 3],
    double: bool,
}

type Outcome<T> = Result<T, lt::CublasError>;

impl Described {
    fn new(product: &Product) -> Outcome<Described> {
        let [m, n, k] = product.size;
        let double = product.c.kind() == Kind::Double;
        let (compute, scale) = if double {
            (sys::cublasComputeType_t::CUBLAS_COMPUTE_64F, sys::cudaDataType::CUDA_R_64F)
        } else {
            (sys::cublasComputeType_t::CUBLAS_COMPUTE_32F, sys::cudaDataType::CUDA_R_32F)
        };
        let operation = lt::create_matmul_desc(compute, scale)?;
        let mut described = Described { operation, layouts: [std::ptr::null_mut(); 3], double };
        let shapes = [
            (product.b, if product.tb { (k, n) } else { (n, k) }),
            (product.a, if product.ta { (m, k) } else { (k, m) }),
            (product.c, (n, m)),
        ];
        for (place, (tensor, (rows, columns))) in described.layouts.iter_mut().zip(shapes) {
            *place = layout(tensor.kind(), rows, columns, product.batch)?;
        }
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        for (attribute, transposed) in [
            (Attribute::CUBLASLT_MATMUL_DESC_TRANSA, product.tb),
            (Attribute::CUBLASLT_MATMUL_DESC_TRANSB, product.ta),
        ] {
            // CUBLAS_OP_T is 1, CUBLAS_OP_N 0.
            described.set(attribute, &i32::from(transposed))?;
        }
        described.follow(&product.after, n)?;
        Ok(described)
    }

    fn follow(&self, after: &After, columns: i64) -> Outcome<()> {
        use sys::cublasLtEpilogue_t as Epilogue;
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        let (epilogue, bias, pre) = match after {
            After::Nothing => return Ok(()),
            After::Bias(bias) => (Epilogue::CUBLASLT_EPILOGUE_BIAS, Some(bias), None),
            After::BiasGelu { bias, pre } => {
                (Epilogue::CUBLASLT_EPILOGUE_GELU_AUX_BIAS, Some(bias), Some(pre))
            }
            After::GeluGrad { pre } => (Epilogue::CUBLASLT_EPILOGUE_DGELU, None, Some(pre)),
        };
        self.set(Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &(epilogue as u32))?;
        if let Some(bias) = bias {
            self.set(Attribute::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &address(bias))?;
        }
        if let Some(pre) = pre {
            self.set(Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, &address(pre))?;
            self.set(Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, &columns)?;
        }
        Ok(())
    }

    fn set<T>(&self, attribute: sys::cublasLtMatmulDescAttributes_t, value: &T) -> Outcome<()> {
        let pointer = std::ptr::from_ref(value).cast::<c_void>();
        // SAFETY: the description lives as long as self, and the library copies the value.
        unsafe { lt::set_matmul_desc_attribute(self.operation, attribute, pointer, size_of::<T>()) }
    }

    /// What the library has for it, what it thinks fastest first; always the same list.
    fn candidates(&self, handle: sys::cublasLtHandle_t, most: usize) -> Vec<Algorithm> {
        let Ok(preference) = lt::create_matmul_pref() else { return vec![] };
        let [a, b, c] = self.layouts;
        let mut found = Vec::with_capacity(most);
        let mut count = 0;
        // SAFETY: everything was made by the library and lives; the preference is destroyed once, here. The library writes at
        // most as many results as there is room for, and says how many.
        unsafe {
            let bytes = std::ptr::from_ref(&WORKSPACE).cast::<c_void>();
            use sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES as MOST;
            let set = lt::set_matmul_pref_attribute(preference, MOST, bytes, size_of::<usize>());
            let room = i32::try_from(most).unwrap_or(1);
            let asked = sys::cublasLtMatmulAlgoGetHeuristic(
                handle,
                self.operation,
                a,
                b,
                c,
                c,
                preference,
                room,
                found.as_mut_ptr(),
                &mut count,
            );
            if set.is_ok() && asked.result().is_ok() {
                found.set_len(usize::try_from(count).unwrap_or(0).min(most));
            }
            let _ = lt::destroy_matmul_pref(preference);
        }
        found.into_iter().filter(usable).map(|found| found.algo).collect()
    }

    /// Computes the product into `to`.
    fn run(&self, product: &Product, to: u64, cuda: &Cuda, algorithm: &Algorithm) -> Outcome<()> {
        let beta = f64::from(u8::from(product.accumulate));
        let wide = [product.alpha, beta];
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the library takes factors in the type that it computes in"
        )]
        let narrow = [product.alpha as f32, beta as f32];
        let factor = |i: usize| -> *const c_void {
            if self.double { (&raw const wide[i]).cast() } else { (&raw const narrow[i]).cast() }
        };
        let [a, b, c] = self.layouts;
        let pointer = |tensor: &Tensor| tensor.data_ptr().cast_const();
        let products = cuda.products();
        // SAFETY: `check` compared the sizes of all operands with the layouts; `to` has the size of c.
        unsafe {
            lt::matmul(
                products.handle,
                self.operation,
                factor(0),
                factor(1),
                pointer(product.b),
                a,
                pointer(product.a),
                b,
                to as *const c_void,
                c,
                to as *mut c_void,
                c,
                algorithm,
                products.workspace as *mut c_void,
                WORKSPACE,
                cuda.stream().cast(),
            )
        }
    }
}

impl Drop for Described {
    fn drop(&mut self) {
        // SAFETY: made by the library, destroyed once.
        unsafe {
            for layout in self.layouts.into_iter().filter(|layout| !layout.is_null()) {
                let _ = lt::destroy_matrix_layout(layout);
            }
            let _ = lt::destroy_matmul_desc(self.operation);
        }
    }
}

fn usable(found: &sys::cublasLtMatmulHeuristicResult_t) -> bool {
    found.state == sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS
}

/// Columns first; matrices of a batch lie one after another.
fn layout(kind: Kind, rows: i64, columns: i64, batch: i64) -> Outcome<sys::cublasLtMatrixLayout_t> {
    let data = match kind {
        Kind::Double => sys::cudaDataType::CUDA_R_64F,
        Kind::BFloat16 => sys::cudaDataType::CUDA_R_16BF,
        _ => sys::cudaDataType::CUDA_R_32F,
    };
    let made = lt::create_matrix_layout(data, rows.cast_unsigned(), columns.cast_unsigned(), rows.max(1))?;
    if batch > 1 {
        use sys::cublasLtMatrixLayoutAttribute_t as Attribute;
        let count = i32::try_from(batch).unwrap_or(i32::MAX);
        let step = rows * columns;
        // SAFETY: just made; the library copies the values.
        unsafe {
            let count = std::ptr::from_ref(&count).cast::<c_void>();
            lt::set_matrix_layout_attribute(made, Attribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count, 4)?;
            let step = std::ptr::from_ref(&step).cast::<c_void>();
            lt::set_matrix_layout_attribute(
                made,
                Attribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                step,
                8,
            )?;
        }
    }
    Ok(made)
}

/// A number for each type that products know.
fn code(kind: Kind) -> i64 {
    match kind {
        Kind::Double => 2,
        Kind::BFloat16 => 1,
        _ => 0,
    }
}
