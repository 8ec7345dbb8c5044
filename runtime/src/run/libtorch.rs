//! The engine on libtorch: residents as tensors, programs as executables.

use super::caches::Caches;
use super::codes;
use super::engine::{Engine, Fill, HostSlice, Residents};
use super::measure::ResidentMemory;
use super::times::Times;
use crate::checkpoint::convert::to_f64;
use crate::execute::{Executable, Watch};
use crate::library;
use regimen_base::Diagnostic;
use regimen_base::plan::{Backend, Stage, Target};
use regimen_base::program::{Program, ResidentId};
use regimen_base::tensor::TensorType;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tch::Tensor;

/// What is observed while programs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Observe {
    /// The peak at the end of the stage.
    #[default]
    Peak,
    /// The bytes alive after every instruction; the first that differs ends the run. Slower.
    EveryInstruction,
    /// The time of every instruction.
    Times,
}

/// A stage on libtorch. Its residents are allocated once, filled with zeros, caches when a program reads them; nothing else is
/// allocated but what programs say.
#[derive(Debug)]
pub struct Libtorch {
    residents: Vec<Tensor>,
    caches: Caches,
    types: Vec<TensorType>,
    programs: BTreeMap<String, Executable>,
    watch: Watch,
    times: Times,
    foreign_bytes: i64,
    resident: ResidentMemory,
    /// The peak where single instructions are watched, which resets the allocator's own.
    watched_peak: u64,
    machine: String,
}

impl Libtorch {
    /// Prepares a stage.
    ///
    /// # Errors
    /// If the device is not there, memory does not suffice, or a program holds an unknown operation.
    pub fn new(stage: &Stage, observe: Observe) -> Result<Libtorch, Diagnostic> {
        start(stage)?;
        let foreign_bytes = library::memory().current;
        library::reset_peak();
        let resident = ResidentMemory::start();
        let caches = Caches::of(stage);
        let residents: Result<Vec<Tensor>, Diagnostic> =
            stage.residents.iter().map(|r| library::full(&caches.at_first(r), 0.0)).collect();
        let programs: Result<BTreeMap<String, Executable>, Diagnostic> = stage
            .programs
            .iter()
            .map(|(name, program)| Ok((name.clone(), Executable::new(program.clone())?)))
            .collect();
        Ok(Libtorch {
            residents: residents?,
            caches,
            types: stage.residents.iter().map(|r| r.ty.clone()).collect(),
            programs: programs?,
            watch: match observe {
                Observe::Peak | Observe::Times => Watch::default(),
                Observe::EveryInstruction => Watch::memory(foreign_bytes),
            },
            times: Times::new(observe),
            foreign_bytes,
            resident,
            watched_peak: 0,
            machine: machine(&stage.target),
        })
    }

    fn tensor(&self, resident: ResidentId) -> Result<(&Tensor, usize), Diagnostic> {
        let found = self.residents.get(resident.index()).zip(self.types.get(resident.index()));
        let (tensor, ty) = found.ok_or_else(|| {
            codes::plan_not_runnable("?", format!("there is no resident {}", resident.index()))
        })?;
        Ok((tensor, bytes_of(ty)))
    }
}

fn start(stage: &Stage) -> Result<(), Diagnostic> {
    if stage.target.backend != Backend::Cpu {
        return Err(codes::plan_not_runnable(&stage.name, "it is for a GPU, this version runs on CPUs"));
    }
    library::start(usize::try_from(stage.target.threads).unwrap_or(usize::MAX))
}

fn machine(target: &Target) -> String {
    format!("cpu, {}, {} threads", library::instruction_set(), target.threads)
}

fn bytes_of(ty: &TensorType) -> usize {
    usize::try_from(ty.elements() * ty.dtype.size()).unwrap_or(usize::MAX)
}

impl Residents for Libtorch {
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic> {
        let (tensor, length) = self.tensor(resident)?;
        Ok(Cow::Borrowed(memory_of(tensor, length)))
    }

    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic> {
        let (tensor, length) = self.tensor(resident)?;
        fill(memory_of_mut(&mut tensor.shallow_clone(), length))
    }
}

impl Engine for Libtorch {
    fn run(&mut self, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<Vec<f64>>, Diagnostic> {
        self.caches.hold(program, &mut self.residents, &|ty| library::full(ty, 0.0))?;
        let executable = self
            .programs
            .get_mut(program)
            .ok_or_else(|| codes::plan_not_runnable("?", format!("there is no program `{program}`")))?;
        let mut tensors = executable.allocate_inputs()?;
        for (index, tensor) in tensors.iter_mut().enumerate() {
            fill_input(executable.program(), index, tensor, inputs)?;
        }
        let watch = self.times.watch(program, executable).unwrap_or(&mut self.watch);
        let outputs = executable.run(&self.residents, tensors, watch)?;
        if self.watch.memory {
            // Every instruction was found equal to the plan, so the peak is the plan's.
            self.watched_peak = self.watched_peak.max(executable.program().peak_bytes);
        }
        Ok(read_outputs(executable.program(), &outputs))
    }

    fn release_caches(&mut self) {
        self.caches.release(&mut self.residents);
    }

    fn measured_peak(&self) -> Option<u64> {
        if self.watch.memory {
            return Some(self.watched_peak);
        }
        u64::try_from(library::memory().peak - self.foreign_bytes).ok()
    }

    fn resident_growth(&self) -> Option<u64> {
        self.resident.growth()
    }

    fn machine(&self) -> String {
        self.machine.clone()
    }

    fn seconds(&self, program: &str) -> Option<Vec<f64>> {
        self.times.seconds(program)
    }
}

/// Copies what the host has for an input into its tensor.
fn fill_input(
    program: &Program,
    index: usize,
    tensor: &mut Tensor,
    inputs: &[(&str, HostSlice)],
) -> Result<(), Diagnostic> {
    let refuse = |what: String| codes::plan_not_runnable(&program.name, what);
    let Some(input) = program.inputs.get(index) else { return Ok(()) };
    let Some(planned) = program.tensors.get(input.tensor.index()) else { return Ok(()) };
    let given = inputs.iter().find(|(source, _)| *source == input.source).map(|(_, numbers)| numbers);
    let out = memory_of_mut(tensor, bytes_of(&planned.ty));
    use regimen_base::tensor::DType;
    match (given, planned.ty.dtype) {
        (Some(HostSlice::I64(numbers)), DType::I64) if numbers.len() * 8 == out.len() => {
            out.chunks_exact_mut(8).zip(*numbers).for_each(|(to, n)| to.copy_from_slice(&n.to_ne_bytes()));
        }
        (Some(HostSlice::F32(numbers)), DType::F32) if numbers.len() * 4 == out.len() => {
            out.chunks_exact_mut(4).zip(*numbers).for_each(|(to, n)| to.copy_from_slice(&n.to_ne_bytes()));
        }
        (Some(_), _) => return Err(refuse(format!("input `{}` has another size or type", input.source))),
        (None, _) => return Err(refuse(format!("nothing fills its input `{}`", input.source))),
    }
    Ok(())
}

fn read_outputs(program: &Program, outputs: &[Tensor]) -> Vec<Vec<f64>> {
    let planned = program.outputs.iter().filter_map(|id| program.tensors.get(id.index()));
    planned
        .zip(outputs)
        .map(|(planned, tensor)| to_f64(planned.ty.dtype, memory_of(tensor, bytes_of(&planned.ty))))
        .collect()
}

/// The memory of a contiguous tensor on the host.
fn memory_of(tensor: &Tensor, length: usize) -> &[u8] {
    let pointer = tensor.data_ptr().cast::<u8>().cast_const();
    if pointer.is_null() || length == 0 || !tensor.is_contiguous() {
        return &[];
    }
    // SAFETY: the tensor is contiguous, on the host, was allocated with `length` bytes for its plan's type, and
    // lives as long as the borrow; programs run only under an exclusive borrow of the engine.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// The same to be written.
fn memory_of_mut(tensor: &mut Tensor, length: usize) -> &mut [u8] {
    let pointer = tensor.data_ptr().cast::<u8>();
    if pointer.is_null() || length == 0 || !tensor.is_contiguous() {
        return &mut [];
    }
    // SAFETY: as above, and the borrow of the tensor is exclusive.
    unsafe { std::slice::from_raw_parts_mut(pointer, length) }
}
