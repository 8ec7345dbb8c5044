//! CUDA C++ compiled for the GPU that is present, once: results lie in the user's cache folder, named by their content.

use super::cache;
use super::device::text;
use cudarc::driver::{result, sys};
use cudarc::nvrtc::{result as nvrtc, sys as nvrtc_sys};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::path::PathBuf;

const COMMON: &str = include_str!("kernels/common.cuh");

/// Every file of kernels.
const FILES: [(&str, &str); 10] = [
    ("cache", include_str!("kernels/cache.cu")),
    ("elementwise", include_str!("kernels/elementwise.cu")),
    ("heads", include_str!("kernels/heads.cu")),
    ("losses", include_str!("kernels/losses.cu")),
    ("norms", include_str!("kernels/norms.cu")),
    ("optimizers", include_str!("kernels/optimizers.cu")),
    ("random", include_str!("kernels/random.cu")),
    ("relative", include_str!("kernels/relative.cu")),
    ("rows", include_str!("kernels/rows.cu")),
    ("sums", include_str!("kernels/sums.cu")),
];

/// Kernels of one compute capability, loaded when they are first asked for.
pub struct Kernels {
    capability: u32,
    /// Compiled, and not loaded yet.
    images: RefCell<BTreeMap<&'static str, Vec<u8>>>,
    modules: RefCell<BTreeMap<&'static str, sys::CUmodule>>,
    functions: RefCell<BTreeMap<String, sys::CUfunction>>,
}

impl Kernels {
    pub fn new(capability: u32) -> Kernels {
        Kernels {
            capability,
            images: RefCell::default(),
            modules: RefCell::default(),
            functions: RefCell::default(),
        }
    }

    /// A kernel of a file; names are unique over all files.
    pub fn function(&self, file: &'static str, name: &str) -> Result<sys::CUfunction, String> {
        if let Some(known) = self.functions.borrow().get(name) {
            return Ok(*known);
        }
        let module = self.module(file)?;
        let symbol = CString::new(name).map_err(|e| e.to_string())?;
        // SAFETY: the module was loaded, and functions are forgotten before it is unloaded.
        let function = unsafe { result::module::get_function(module, symbol) }
            .map_err(|e| format!("kernel `{name}` of {file}.cu: {}", text(e)))?;
        self.functions.borrow_mut().insert(name.to_owned(), function);
        Ok(function)
    }

    /// Unloads everything.
    pub fn unload(&self) {
        self.functions.borrow_mut().clear();
        for module in std::mem::take(&mut *self.modules.borrow_mut()).into_values() {
            // SAFETY: loaded once, and no function of it is known any more.
            let _ = unsafe { result::module::unload(module) };
        }
    }

    /// From the cache, or compiled and put there. What is missing is compiled at once, a thread for each file: a run needs nearly all.
    fn image(&self, file: &'static str) -> Result<Vec<u8>, String> {
        if let Some(image) = self.images.borrow_mut().remove(file) {
            return Ok(image);
        }
        let mut missing = vec![];
        for entry in FILES {
            let unit = Unit::new(entry, self.capability);
            match unit.kept() {
                Some(image) if entry.0 == file => return Ok(image),
                Some(_) => {}
                None => missing.push(unit),
            }
        }
        let compiled: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = missing.iter().map(|unit| scope.spawn(|| unit.compile())).collect();
            let crashed = || Err("the compiler crashed".to_owned());
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| crashed())).collect()
        });
        let mut images = self.images.borrow_mut();
        for (unit, image) in missing.iter().zip(compiled) {
            // Files that were loaded before are not asked for again.
            images.insert(unit.file, image?);
        }
        images.remove(file).ok_or_else(|| format!("there is no {file}.cu"))
    }

    fn module(&self, file: &'static str) -> Result<sys::CUmodule, String> {
        if let Some(known) = self.modules.borrow().get(file) {
            return Ok(*known);
        }
        let image = self.image(file)?;
        // SAFETY: an image that the compiler made; the driver checks it.
        let module = unsafe { result::module::load_data(image.as_ptr().cast::<c_void>()) }
            .map_err(|e| format!("{file}.cu cannot be loaded: {}", text(e)))?;
        self.modules.borrow_mut().insert(file, module);
        Ok(module)
    }
}

/// A file of kernels as it is compiled for a card.
struct Unit {
    file: &'static str,
    text: String,
    options: [String; 3],
    /// Where its image lies once it is compiled; a cache that cannot be written costs time only.
    place: Option<PathBuf>,
}

impl Unit {
    fn new((file, source): (&'static str, &str), capability: u32) -> Unit {
        let text = format!("{COMMON}\n#line 1 \"{file}.cu\"\n{source}");
        let options = [
            format!("--gpu-architecture=sm_{capability}"),
            "--std=c++17".into(),
            "--diag-suppress=177".into(),
        ];
        let place = cache::file(&format!("{file}-{}.cubin", key(&text, &options)));
        Unit { file, text, options, place }
    }

    fn kept(&self) -> Option<Vec<u8>> {
        self.place.as_deref().and_then(cache::read)
    }

    fn compile(&self) -> Result<Vec<u8>, String> {
        let image = compile(self.file, &self.text, &self.options)?;
        if let Some(place) = &self.place {
            cache::keep(place, &image);
        }
        Ok(image)
    }
}

fn key(text: &str, options: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    hash.update(options.join(" ").as_bytes());
    let (mut major, mut minor) = (0, 0);
    // SAFETY: writes two integers.
    let _ = unsafe { nvrtc_sys::nvrtcVersion(&mut major, &mut minor) };
    hash.update(format!("{major}.{minor}").as_bytes());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn compile(file: &str, text: &str, options: &[String]) -> Result<Vec<u8>, String> {
    let source = CString::new(text).map_err(|e| e.to_string())?;
    let name = CString::new(format!("{file}.cu")).map_err(|e| e.to_string())?;
    let program = nvrtc::create_program(&source, Some(&name)).map_err(|e| format!("{file}.cu: {e:?}"))?;
    // SAFETY: the program was just made, and is destroyed once, here.
    unsafe {
        let image = match nvrtc::compile_program(program, options) {
            Ok(()) => image_of(program),
            Err(error) => {
                let log = nvrtc::get_program_log(program).unwrap_or_default();
                let log: Vec<u8> = log.iter().map(|c| c.cast_unsigned()).collect();
                Err(format!("{error:?}\n{}", String::from_utf8_lossy(&log).trim_end_matches('\0')))
            }
        };
        let _ = nvrtc::destroy_program(program);
        image.map_err(|why| format!("{file}.cu does not compile: {why}"))
    }
}

/// # Safety
/// The program was compiled.
unsafe fn image_of(program: nvrtc_sys::nvrtcProgram) -> Result<Vec<u8>, String> {
    let mut size = 0;
    // SAFETY: writes a size, then as many bytes.
    unsafe {
        nvrtc_sys::nvrtcGetCUBINSize(program, &mut size).result().map_err(|e| format!("{e:?}"))?;
        let mut image = vec![0u8; size];
        nvrtc_sys::nvrtcGetCUBIN(program, image.as_mut_ptr().cast())
            .result()
            .map_err(|e| format!("{e:?}"))?;
        Ok(image)
    }
}
