//! Runs single operations through the executor, with every byte watched: a test that calls [`Op::run`] also
//! proves that the operation's workspace is 0, at the peak and afterwards.

#![allow(dead_code)]

pub mod catalogue;

use regimen_base::Diagnostic;
use regimen_base::program::{
    Attr, Attrs, Category, Input, Instruction, Program, Storage, Tensor as Planned, TensorId,
};
use regimen_base::tensor::{DType, TensorType};
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::{library, ops};
use std::sync::{Mutex, MutexGuard};
use tch::{Kind, Tensor};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Starts the library. The counters are the process's: tests of one file take turns.
pub fn start(threads: usize) -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    library::start(threads).unwrap();
    guard
}

/// One operation with its operands and the types of its results.
#[derive(Debug)]
pub struct Op {
    pub name: &'static str,
    pub attrs: Attrs,
    pub inputs: Vec<Tensor>,
    pub outputs: Vec<TensorType>,
    pub in_place: Vec<(u32, u32)>,
}

impl Op {
    pub fn new(name: &'static str, inputs: &[&Tensor], outputs: &[TensorType]) -> Op {
        let inputs = inputs.iter().map(|t| library::alias(t).unwrap()).collect();
        Op { name, attrs: Attrs::new(), inputs, outputs: outputs.to_vec(), in_place: vec![] }
    }

    pub fn float(self, name: &str, value: f64) -> Op {
        self.attr(name, Attr::Float(value))
    }

    pub fn int(self, name: &str, value: i64) -> Op {
        self.attr(name, Attr::Int(value))
    }

    pub fn flag(self, name: &str, value: bool) -> Op {
        self.attr(name, Attr::Bool(value))
    }

    pub fn floats(self, name: &str, value: &[f64]) -> Op {
        self.attr(name, Attr::Floats(value.to_vec()))
    }

    pub fn ints(self, name: &str, value: &[i64]) -> Op {
        self.attr(name, Attr::Ints(value.to_vec()))
    }

    pub fn over(mut self, output: u32, input: u32) -> Op {
        self.in_place.push((output, input));
        self
    }

    fn attr(mut self, name: &str, value: Attr) -> Op {
        self.attrs.insert(name.to_owned().into(), value);
        self
    }

    /// A program of this one instruction. Operands count as foreign: they were allocated by the test.
    pub fn program(&self) -> Program {
        let views = ops::lookup(self.name).unwrap().views;
        let n = self.inputs.len();
        let planned = |name: String, ty: TensorType, storage: Storage| Planned {
            name: name.into(),
            ty,
            storage,
            category: Category::Activations,
        };
        let mut tensors: Vec<Planned> =
            (0..n).map(|i| planned(format!("in{i}"), type_of(&self.inputs[i]), Storage::Input)).collect();
        let mut fresh = 0;
        for (i, ty) in self.outputs.iter().enumerate() {
            let shared = self.in_place.iter().any(|(output, _)| *output as usize == i);
            if !views && !shared {
                fresh += ty.local_bytes(&Default::default());
            }
            tensors.push(planned(format!("out{i}"), ty.clone(), Storage::Fresh));
        }
        let id = |i: usize| TensorId(u32::try_from(i).unwrap());
        let inputs = (0..n).map(|i| Input { tensor: id(i), source: format!("in{i}") }).collect();
        let outputs: Vec<TensorId> = (n..tensors.len()).map(id).collect();
        let instruction = Instruction {
            op: self.name.to_owned().into(),
            name: format!("test.{}", self.name).into(),
            attrs: self.attrs.clone(),
            inputs: (0..n).map(id).collect(),
            outputs: outputs.clone().into(),
            in_place: self.in_place.clone().into(),
            frees: (0..n).map(id).collect(),
            workspace: 0,
            live: fresh,
            peak: fresh,
            flops: 0,
            bytes: 0,
        };
        Program {
            name: "test".to_owned(),
            tensors,
            inputs,
            instructions: vec![instruction],
            outputs,
            start_bytes: 0,
            peak_bytes: fresh,
            peak_at: 0,
            flops: 0,
            bytes: 0,
        }
    }

    /// Runs it and checks its memory.
    pub fn run(&self) -> Result<Vec<Tensor>, Diagnostic> {
        let mut executable = Executable::new(self.program())?;
        let inputs = self.inputs.iter().map(|t| library::alias(t).unwrap()).collect();
        let mut watch = Watch::memory(library::memory().current);
        executable.run(&[], inputs, &mut watch)
    }

    /// Runs it and returns its results.
    pub fn ok(&self) -> Vec<Tensor> {
        self.run().unwrap_or_else(|d| panic!("{}: {}", self.name, d.title))
    }

    /// Runs an operation with one result.
    pub fn one(&self) -> Tensor {
        self.ok().swap_remove(0)
    }
}

pub fn type_of(t: &Tensor) -> TensorType {
    let dtype = match t.kind() {
        Kind::Float => DType::F32,
        Kind::Double => DType::F64,
        Kind::BFloat16 => DType::Bf16,
        Kind::Int64 => DType::I64,
        other => panic!("{other:?}"),
    };
    TensorType::new(dtype, t.size().into_iter().map(|n| u64::try_from(n).unwrap()).collect::<Vec<u64>>())
}

pub fn ty(dtype: DType, shape: &[i64]) -> TensorType {
    TensorType::new(dtype, shape.iter().map(|&n| u64::try_from(n).unwrap()).collect::<Vec<u64>>())
}

/// The type of losses and statistics.
pub fn stat(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

pub fn normal(shape: &[i64], dtype: DType) -> Tensor {
    Tensor::randn(shape, (library::kind(DType::F64), tch::Device::Cpu)).to_kind(library::kind(dtype))
}

pub fn integers(high: i64, shape: &[i64]) -> Tensor {
    Tensor::randint(high, shape, (Kind::Int64, tch::Device::Cpu))
}

pub fn scalar(value: f64, dtype: DType) -> Tensor {
    library::full(&TensorType::new(dtype, vec![]), value).unwrap()
}

pub fn number(value: i64) -> Tensor {
    Tensor::from_slice(&[value]).reshape([] as [i64; 0])
}

/// ‖a − b‖ / ‖b‖ in f64, with an absolute floor for references that are zero in theory.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    let difference = (&a - &b).norm().double_value(&[]);
    let norm = b.norm().double_value(&[]);
    let floor = 1e-10 * (b.numel() as f64).sqrt();
    if norm < floor { difference } else { difference / norm }
}

/// Whether all bits agree.
pub fn same_bits(a: &Tensor, b: &Tensor) -> bool {
    let bytes = |t: &Tensor| {
        let t = t.contiguous();
        let mut data = vec![0u8; t.numel() * t.kind().elt_size_in_bytes()];
        t.f_copy_data_u8(&mut data, t.numel()).unwrap();
        data
    };
    a.size() == b.size() && a.kind() == b.kind() && bytes(a) == bytes(b)
}
