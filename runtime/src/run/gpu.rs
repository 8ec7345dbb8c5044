//! The engine on a GPU: the first run of a program walks its instructions, which is when memory is measured; later runs replay
//! the graph that the second recorded.
//!
//! A recorded program keeps the addresses that it used. They belong to nobody between runs: nothing but residents outlives a
//! program, so the allocator's blocks are free for whichever program runs next, one at a time on one stream.

use super::caches::Caches;
use super::codes;
use super::engine::{Engine, Fill, HostSlice, Residents};
use super::libtorch::Observe;
use super::times::Times;
use crate::checkpoint::convert::to_f64;
use crate::codes::{another_gpu, gpu_too_full, library_failed, other_multiprocessors};
use crate::cuda::{Cuda, Graph, Staging, address};
use crate::execute::{Executable, Place, Watch};
use crate::library;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Program, ResidentId};
use regimen_base::tensor::{DType, TensorType};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use tch::Tensor;

/// A stage on a GPU.
#[derive(Debug)]
pub struct Gpu {
    residents: Vec<Tensor>,
    caches: Caches,
    types: Vec<TensorType>,
    programs: BTreeMap<String, Prepared>,
    watch: Watch,
    times: Times,
    foreign_bytes: i64,
    peak: i64,
    /// Dropped last: graphs are made of its kernels.
    cuda: Rc<Cuda>,
}

/// A program, its inputs' buffers on the host, and how far it is.
#[derive(Debug)]
struct Prepared {
    executable: Executable,
    staging: Vec<Staging>,
    state: State,
}

#[derive(Debug)]
enum State {
    Fresh,
    Walked,
    Recorded { graph: Graph, inputs: Vec<u64>, outputs: Vec<u64> },
}

impl Gpu {
    /// Opens the GPU and prepares a stage.
    ///
    /// # Errors
    /// If there is no GPU, it is not the plan's, its free memory does not suffice, or a program holds an unknown operation.
    pub fn new(stage: &Stage, observe: Observe) -> Result<Gpu, Diagnostic> {
        let cuda = Rc::new(Cuda::open(stage.target.reproducible)?);
        let card = cuda.card();
        if let Some(device) = stage.target.device.as_ref().filter(|device| **device != card.name) {
            return Err(another_gpu(&stage.target.hardware, device, &card.name));
        }
        let planned = stage.target.multiprocessors;
        if planned != 0 && planned != card.multiprocessors {
            return Err(other_multiprocessors(&stage.target.hardware, planned, card.multiprocessors));
        }
        // What an earlier stage of this process left in the allocator's cache is free too.
        let free = cuda.release().and_then(|()| cuda.free_bytes());
        let free = free.map_err(|why| library_failed("measure the GPU's memory", &why))?;
        let needed = stage.peak_bytes.max(stage.reserved_bytes);
        if needed > free {
            return Err(gpu_too_full(&stage.name, needed, free, card.total_bytes));
        }
        Gpu::on(cuda, stage, observe)
    }

    /// On a GPU that is open.
    ///
    /// # Errors
    /// If memory does not suffice, or a program holds an unknown operation.
    pub fn on(cuda: Rc<Cuda>, stage: &Stage, observe: Observe) -> Result<Gpu, Diagnostic> {
        library::start(1)?;
        let place = Place::Gpu(cuda.clone());
        cuda.release().map_err(|why| library_failed("prepare the GPU's memory", &why))?;
        let foreign_bytes = place.memory()?.current;
        let caches = Caches::of(stage);
        let mut residents = vec![];
        for resident in &stage.residents {
            residents.push(cuda.zeros(&caches.at_first(resident))?);
        }
        let mut programs = BTreeMap::new();
        for (name, program) in &stage.programs {
            programs.insert(name.clone(), Prepared::new(place.clone(), program)?);
        }
        let watch = match observe {
            Observe::Peak | Observe::Times => Watch::default(),
            Observe::EveryInstruction => Watch::memory(foreign_bytes),
        };
        let types = stage.residents.iter().map(|r| r.ty.clone()).collect();
        Ok(Gpu {
            cuda,
            residents,
            caches,
            types,
            programs,
            watch,
            times: Times::new(observe),
            foreign_bytes,
            peak: 0,
        })
    }

    /// The GPU.
    pub fn cuda(&self) -> &Cuda {
        &self.cuda
    }

    fn tensor(&self, resident: ResidentId) -> Result<(&Tensor, usize), Diagnostic> {
        let found = self.residents.get(resident.index()).zip(self.types.get(resident.index()));
        let (tensor, ty) = found.ok_or_else(|| {
            codes::plan_not_runnable("?", format!("there is no resident {}", resident.index()))
        })?;
        Ok((tensor, bytes_of(ty)))
    }
}

fn bytes_of(ty: &TensorType) -> usize {
    usize::try_from(ty.elements() * ty.dtype.size()).unwrap_or(usize::MAX)
}

impl Prepared {
    fn new(place: Place, program: &Program) -> Result<Prepared, Diagnostic> {
        let mut staging = vec![];
        for input in &program.inputs {
            let ty = program.tensors.get(input.tensor.index()).map(|tensor| &tensor.ty);
            let buffer = Staging::new(ty.map_or(0, bytes_of));
            staging.push(buffer.map_err(|why| library_failed("allocate pinned memory", &why))?);
        }
        Ok(Prepared { executable: Executable::on(place, program.clone())?, staging, state: State::Fresh })
    }

    /// Copies what the host has to the inputs' addresses.
    fn send(&mut self, cuda: &Cuda, to: &[u64], given: &[(&str, HostSlice)]) -> Result<(), Diagnostic> {
        let program = self.executable.program();
        for ((input, staging), to) in program.inputs.iter().zip(&mut self.staging).zip(to) {
            let refuse = |why: String| codes::plan_not_runnable(&program.name, why);
            let Some((_, numbers)) = given.iter().find(|(source, _)| *source == input.source) else {
                return Err(refuse(format!("nothing fills its input `{}`", input.source)));
            };
            let dtype = program.tensors.get(input.tensor.index()).map(|tensor| tensor.ty.dtype);
            let fill = |out: &mut [u8]| match (numbers, dtype) {
                (HostSlice::I64(numbers), Some(DType::I64)) => {
                    put(out, numbers.iter().map(|n| n.to_ne_bytes()))
                }
                (HostSlice::F32(numbers), Some(DType::F32)) => {
                    put(out, numbers.iter().map(|n| n.to_ne_bytes()))
                }
                _ => Err("of another type".to_owned()),
            };
            staging
                .send(cuda, *to, fill)
                .map_err(|why| refuse(format!("input `{}` cannot be filled: {why}", input.source)))?;
        }
        Ok(())
    }

    /// The first run: instruction by instruction.
    fn walk(
        &mut self,
        cuda: &Cuda,
        residents: &[Tensor],
        given: &[(&str, HostSlice)],
        watch: &mut Watch,
    ) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let inputs = self.executable.allocate_inputs()?;
        let addresses: Vec<u64> = inputs.iter().map(address).collect();
        self.send(cuda, &addresses, given)?;
        let outputs = self.executable.run(residents, inputs, watch)?;
        let addresses: Vec<u64> = outputs.iter().map(address).collect();
        read(cuda, self.executable.program(), &addresses)
    }

    /// The second: what the first did is recorded.
    fn record(&mut self, cuda: &Cuda, residents: &[Tensor]) -> Result<(), Diagnostic> {
        let tensors = self.executable.allocate_inputs()?;
        let inputs: Vec<u64> = tensors.iter().map(address).collect();
        let mut outputs = vec![];
        let executable = &mut self.executable;
        let graph = Graph::record(cuda, || {
            let made = executable.run(residents, tensors, &mut Watch::default())?;
            outputs = made.iter().map(address).collect();
            Ok(())
        })?;
        self.state = State::Recorded { graph, inputs, outputs };
        Ok(())
    }
}

fn put<const N: usize>(
    out: &mut [u8],
    numbers: impl ExactSizeIterator<Item = [u8; N]>,
) -> Result<(), String> {
    if out.len() != numbers.len() * N {
        return Err(format!("{} bytes for {}", numbers.len() * N, out.len()));
    }
    out.chunks_exact_mut(N).zip(numbers).for_each(|(to, bytes)| to.copy_from_slice(&bytes));
    Ok(())
}

/// The numbers of a program's outputs, and whether any id was out of range.
fn read(cuda: &Cuda, program: &Program, addresses: &[u64]) -> Result<Vec<Vec<f64>>, Diagnostic> {
    let failed = |why: String| library_failed(&format!("read the results of `{}`", program.name), &why);
    let mut results = vec![];
    for (id, from) in program.outputs.iter().zip(addresses) {
        let Some(tensor) = program.tensors.get(id.index()) else { continue };
        let mut bytes = vec![0; bytes_of(&tensor.ty)];
        cuda.read_at(*from, &mut bytes).map_err(failed)?;
        results.push(to_f64(tensor.ty.dtype, &bytes));
    }
    Ok(results)
}

impl Residents for Gpu {
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic> {
        let (tensor, length) = self.tensor(resident)?;
        let mut bytes = vec![0; length];
        self.cuda.read(tensor, &mut bytes).map_err(|why| library_failed("read the GPU's memory", &why))?;
        self.cuda.finish().map_err(|why| library_failed("run the programs on the GPU", &why))?;
        Ok(Cow::Owned(bytes))
    }

    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic> {
        let (tensor, length) = self.tensor(resident)?;
        let mut bytes = vec![0; length];
        fill(&mut bytes)?;
        self.cuda.write(tensor, &bytes).map_err(|why| library_failed("write the GPU's memory", &why))
    }
}

impl Engine for Gpu {
    fn run(&mut self, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<Vec<f64>>, Diagnostic> {
        self.caches.hold(program, &mut self.residents, &|ty| self.cuda.zeros(ty))?;
        let prepared = self
            .programs
            .get_mut(program)
            .ok_or_else(|| codes::plan_not_runnable("?", format!("there is no program `{program}`")))?;
        if matches!(prepared.state, State::Fresh) || self.watch.memory {
            let results = prepared.walk(&self.cuda, &self.residents, inputs, &mut self.watch)?;
            prepared.state = State::Walked;
            let peak = match self.watch.memory {
                true => i64::try_from(prepared.executable.program().peak_bytes).unwrap_or(i64::MAX),
                false => Place::Gpu(self.cuda.clone()).memory()?.peak - self.foreign_bytes,
            };
            self.peak = self.peak.max(peak);
            return Ok(results);
        }
        if let Some(watch) = self.times.watch(program, &prepared.executable) {
            return prepared.walk(&self.cuda, &self.residents, inputs, watch);
        }
        if matches!(prepared.state, State::Walked) {
            prepared.record(&self.cuda, &self.residents)?;
        }
        let State::Recorded { inputs: to, .. } = &prepared.state else { return Ok(vec![]) };
        let to = to.clone();
        prepared.send(&self.cuda, &to, inputs)?;
        let State::Recorded { graph, outputs, .. } = &prepared.state else { return Ok(vec![]) };
        graph.replay(&self.cuda).map_err(|why| library_failed(&format!("run `{program}`"), &why))?;
        read(&self.cuda, prepared.executable.program(), outputs)
    }

    fn release_caches(&mut self) {
        // What was recorded knows the caches by their addresses.
        for (name, prepared) in &mut self.programs {
            if self.caches.reads(name) && matches!(prepared.state, State::Recorded { .. }) {
                prepared.state = State::Walked;
            }
        }
        self.caches.release(&mut self.residents);
    }

    fn measured_peak(&self) -> Option<u64> {
        u64::try_from(self.peak).ok()
    }

    fn resident_growth(&self) -> Option<u64> {
        None
    }

    fn machine(&self) -> String {
        format!("cuda, {}", self.cuda.card().name)
    }

    fn seconds(&self, program: &str) -> Option<Vec<f64>> {
        self.times.seconds(program)
    }
}
