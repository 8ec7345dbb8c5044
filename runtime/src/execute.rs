//! Executes the instruction list of one program, and nothing else.
//!
//! An [`Executable`] is prepared once: every operation looked up, every result's type and storage known. A run walks the list: it
//! allocates an instruction's results (or shares an operand's storage where the plan says so), calls the operation, and
//! drops what the plan frees. So the bytes alive at any moment are those of the plan, and [`Watch`] can check it after every
//! instruction.

use crate::codes::{self, At};
use crate::cuda::{self, Cuda, Graph, Marks};
use crate::library::{self, Layout, Memory};
use crate::ops::{self, Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;
use regimen_base::program::{Instruction, Program, Storage};
use regimen_base::tensor::{Mesh, TensorType};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tch::Tensor;

/// A program, ready to run again and again.
#[derive(Debug)]
pub struct Executable {
    program: Program,
    steps: Vec<Step>,
    inputs: Vec<Layout>,
    slots: Vec<Option<Tensor>>,
    results: Vec<Tensor>,
    place: Place,
}

/// Where a program runs.
#[derive(Clone, Debug)]
pub enum Place {
    /// On the host, as one rank of a mesh: tensors have the shapes that a rank holds.
    Host(Mesh),
    /// On a GPU.
    Gpu(Rc<Cuda>),
}

impl Place {
    fn layout(&self, ty: &TensorType) -> Layout {
        match self {
            Place::Host(mesh) => Layout::local(ty, mesh),
            Place::Gpu(_) => Layout::new(ty).on_gpu(),
        }
    }

    fn operation(&self, name: &str) -> Option<&'static Lower> {
        match self {
            Place::Host(_) => ops::lookup(name),
            Place::Gpu(_) => cuda::ops::lookup(name),
        }
    }

    fn cuda(&self) -> Option<&Cuda> {
        match self {
            Place::Host(_) => None,
            Place::Gpu(cuda) => Some(cuda),
        }
    }

    /// A new tensor of zeros.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn zeros(&self, ty: &TensorType) -> Result<Tensor, Diagnostic> {
        match self {
            Place::Host(_) => library::full(ty, 0.0),
            Place::Gpu(cuda) => cuda.zeros(ty),
        }
    }

    /// What the allocator says.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn memory(&self) -> Result<Memory, Diagnostic> {
        match self {
            Place::Host(_) => Ok(library::memory()),
            Place::Gpu(cuda) => cuda.memory().map_err(|why| codes::library_failed("count memory", &why)),
        }
    }

    /// The peak becomes what is alive now.
    ///
    /// # Errors
    /// If the allocator does not answer.
    pub fn reset_peak(&self) -> Result<(), Diagnostic> {
        match self {
            Place::Host(_) => library::reset_peak(),
            Place::Gpu(_) => {
                shim::cuda_reset_peak().map_err(|why| codes::library_failed("count memory", &why))?;
            }
        }
        Ok(())
    }
}

/// What is observed while a program runs. The default observes nothing and costs nothing.
#[derive(Debug, Default)]
pub struct Watch {
    /// Compares the allocator's counters with the plan after every instruction.
    pub memory: bool,
    /// Bytes in the process that do not belong to the plan, as counted before residents and inputs were allocated.
    pub foreign_bytes: i64,
    /// Time spent in each instruction, summed over runs; empty unless [`Watch::timed`] made it.
    pub times: Vec<Duration>,
}

impl Watch {
    /// Checks memory.
    pub fn memory(foreign_bytes: i64) -> Watch {
        Watch { memory: true, foreign_bytes, times: vec![] }
    }

    /// Measures the time of every instruction.
    pub fn timed(executable: &Executable) -> Watch {
        Watch { times: vec![Duration::ZERO; executable.steps.len()], ..Watch::default() }
    }
}

/// An instruction with everything about it that does not change between runs.
#[derive(Debug)]
struct Step {
    lower: &'static Lower,
    results: Vec<Make>,
}

/// Where a result's bytes come from.
#[derive(Debug)]
enum Make {
    Allocate(Layout),
    Share(usize),
}

impl Executable {
    /// Looks up every operation and checks that every index of the program is in range.
    ///
    /// # Errors
    /// If an operation is unknown, or the program refers to tensors that it does not have.
    pub fn new(program: Program) -> Result<Executable, Diagnostic> {
        Executable::on(Place::Host(Mesh::default()), program)
    }

    /// The same for any place.
    ///
    /// # Errors
    /// As for [`Executable::new`].
    pub fn on(place: Place, program: Program) -> Result<Executable, Diagnostic> {
        let steps: Result<Vec<Step>, Diagnostic> =
            program.instructions.iter().map(|instruction| prepare(&program, &place, instruction)).collect();
        let mut inputs = vec![];
        for input in &program.inputs {
            let Some(tensor) = program.tensors.get(input.tensor.index()) else {
                return Err(codes::malformed_instruction(
                    &input.source,
                    "input",
                    "names a tensor that does not exist",
                ));
            };
            inputs.push(place.layout(&tensor.ty));
        }
        let slots = std::iter::repeat_with(|| None).take(program.tensors.len()).collect();
        Ok(Executable { steps: steps?, inputs, slots, results: vec![], program, place })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// New uninitialised tensors for the program's inputs, in their order; the host fills them and hands them to
    /// [`Executable::run`].
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn allocate_inputs(&self) -> Result<Vec<Tensor>, Diagnostic> {
        let one = |layout: &Layout| {
            layout.allocate().map_err(|why| {
                codes::library_failed(&format!("allocate an input of {:?}", layout.sizes()), &why)
            })
        };
        self.inputs.iter().map(one).collect()
    }

    /// New inputs with numbers that any program takes: lists of ids that differ and are less than `ids`, and ones.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn example_inputs(&self, ids: u64) -> Result<Vec<Tensor>, Diagnostic> {
        let failed = |why: tch::TchError| codes::library_failed("fill an input", &why.to_string());
        let mut inputs = self.allocate_inputs()?;
        for input in &mut inputs {
            if input.kind() == tch::Kind::Int64 && input.dim() > 1 {
                let list: Vec<i64> = (0..input.numel() as u64)
                    .map(|i| i64::try_from(i.wrapping_mul(2_654_435_761) % ids.max(1)).unwrap_or(0))
                    .collect();
                let list =
                    Tensor::f_from_slice(&list).and_then(|list| list.f_view_as(input)).map_err(failed)?;
                input.f_copy_(&list).map_err(failed)?;
            } else {
                let _ = input.f_fill_(1.0).map_err(failed)?;
            }
        }
        Ok(inputs)
    }

    /// Runs the program once over the stage's residents and returns the tensors that it lists as outputs.
    ///
    /// # Errors
    /// If an instruction fails, or memory differs from the plan while that is watched.
    pub fn run(
        &mut self,
        residents: &[Tensor],
        inputs: Vec<Tensor>,
        watch: &mut Watch,
    ) -> Result<Vec<Tensor>, Diagnostic> {
        let _no_grad = tch::no_grad_guard();
        let outcome =
            self.bind(residents, inputs).and_then(|()| self.walk(watch)).and_then(|()| self.take_outputs());
        self.results.clear();
        self.slots.iter_mut().for_each(|slot| *slot = None);
        outcome
    }

    /// The program as a GPU runs it in a training, as one graph that can be replayed. Nothing on a host. The program must have run
    /// before, and takes example inputs with ids less than `ids`.
    ///
    /// # Errors
    /// As for [`Executable::run`], or if the driver fails.
    pub fn recorded(&mut self, residents: &[Tensor], ids: u64) -> Result<Option<Recorded>, Diagnostic> {
        let Place::Gpu(cuda) = self.place.clone() else { return Ok(None) };
        let inputs = self.example_inputs(ids)?;
        let graph = Graph::record(&cuda, || self.run(residents, inputs, &mut Watch::default()).map(|_| ()))?;
        let marks = Marks::new(2).map_err(|why| unmeasured(&why))?;
        let mut recorded = Recorded { cuda, graph, marks, times: 1 };
        let once = recorded.replay()?;
        recorded.times = ((BUSY.as_secs_f64() / once).ceil() as usize).clamp(1, 1_000);
        Ok(Some(recorded))
    }

    /// Fills the slots of residents and inputs.
    fn bind(&mut self, residents: &[Tensor], inputs: Vec<Tensor>) -> Result<(), Diagnostic> {
        if inputs.len() != self.program.inputs.len() {
            let why = format!("takes {} inputs, got {}", self.program.inputs.len(), inputs.len());
            return Err(codes::malformed_instruction(&self.program.name, "program", &why));
        }
        for (tensor, slot) in self.program.tensors.iter().zip(&mut self.slots) {
            if let Storage::Resident(id) = tensor.storage {
                let Some(resident) = residents.get(id.index()) else {
                    return Err(codes::malformed_instruction(
                        &tensor.name,
                        "resident",
                        "does not exist in this stage",
                    ));
                };
                *slot = Some(library::alias(resident)?);
            }
        }
        for (input, tensor) in self.program.inputs.iter().zip(inputs) {
            if let Some(slot) = self.slots.get_mut(input.tensor.index()) {
                *slot = Some(tensor);
            }
        }
        Ok(())
    }

    fn walk(&mut self, watch: &mut Watch) -> Result<(), Diagnostic> {
        if watch.memory {
            let measured = self.place.memory()?.current - watch.foreign_bytes;
            compare(&self.program, None, "alive before", self.program.start_bytes, measured)?;
        }
        let timed = !watch.times.is_empty();
        let marks = match (timed, self.place.cuda()) {
            (true, Some(_)) => Some(Marks::new(self.steps.len() + 1).map_err(|why| unmeasured(&why))?),
            _ => None,
        };
        if let (Some(_), Some(cuda)) = (&marks, self.place.cuda()) {
            Marks::lead(cuda).map_err(|why| unmeasured(&why))?;
        }
        for index in 0..self.steps.len() {
            if let (Some(marks), Some(cuda)) = (&marks, self.place.cuda()) {
                marks.set(index, cuda).map_err(|why| unmeasured(&why))?;
            }
            let began = if timed && marks.is_none() { Some(Instant::now()) } else { None };
            if watch.memory {
                self.place.reset_peak()?;
            }
            self.step(index)?;
            if let (Some(began), Some(time)) = (began, watch.times.get_mut(index)) {
                *time += began.elapsed();
            }
            if watch.memory {
                self.check_memory(index, watch.foreign_bytes)?;
            }
        }
        if let (Some(marks), Some(cuda)) = (&marks, self.place.cuda()) {
            marks.set(self.steps.len(), cuda).map_err(|why| unmeasured(&why))?;
            let spans = marks.spans().map_err(|why| unmeasured(&why))?;
            watch.times.iter_mut().zip(spans).for_each(|(time, span)| *time += span);
        }
        Ok(())
    }

    /// Runs one instruction: results, the operation, frees.
    fn step(&mut self, index: usize) -> Result<(), Diagnostic> {
        let (Some(step), Some(instruction)) = (self.steps.get(index), self.program.instructions.get(index))
        else {
            return Ok(());
        };
        self.results.clear();
        for make in &step.results {
            let made = match make {
                Make::Allocate(layout) => layout.allocate(),
                Make::Share(input) => match self.slots.get(*input) {
                    Some(Some(tensor)) => shim::alias(tensor),
                    _ => Err("writes over an operand that was freed".to_owned()),
                },
            };
            let made =
                made.map_err(|why| codes::instruction_failed(&instruction.name, &instruction.op, &why))?;
            self.results.push(made);
        }
        let cuda = self.place.cuda();
        (step.lower.lower)(&mut Call::new(instruction, &self.slots, &mut self.results, cuda))?;
        if self.results.len() != instruction.outputs.len() {
            let why = format!(
                "lists {} results, the operation has {}",
                instruction.outputs.len(),
                self.results.len()
            );
            return Err(codes::malformed_instruction(&instruction.name, &instruction.op, &why));
        }
        for (id, tensor) in instruction.outputs.iter().zip(self.results.drain(..)) {
            if let Some(slot) = self.slots.get_mut(id.index()) {
                *slot = Some(tensor);
            }
        }
        for id in &instruction.frees {
            if let Some(slot) = self.slots.get_mut(id.index()) {
                *slot = None;
            }
        }
        Ok(())
    }

    fn check_memory(&self, index: usize, foreign_bytes: i64) -> Result<(), Diagnostic> {
        let Some(instruction) = self.program.instructions.get(index) else { return Ok(()) };
        let at = At { index, name: &instruction.name, op: &instruction.op };
        let memory = self.place.memory()?;
        compare(&self.program, Some(at), "at the peak of", instruction.peak, memory.peak - foreign_bytes)?;
        compare(&self.program, Some(at), "alive after", instruction.live, memory.current - foreign_bytes)
    }

    fn take_outputs(&mut self) -> Result<Vec<Tensor>, Diagnostic> {
        let taken = self.program.outputs.iter().map(|id| {
            let slot = self.slots.get(id.index()).and_then(Option::as_ref);
            let name = self.program.tensors.get(id.index()).map_or("?", |tensor| &*tensor.name);
            slot.ok_or_else(|| {
                codes::malformed_instruction(name, "output", "is not alive at the end of the program")
            })
            .and_then(library::alias)
        });
        taken.collect()
    }
}

/// How long a recorded program keeps a GPU busy. Its clock follows the power that it took in the last tens of milliseconds.
const BUSY: Duration = Duration::from_millis(40);

/// A program as a GPU's graph.
#[derive(Debug)]
pub struct Recorded {
    graph: Graph,
    marks: Marks,
    times: usize,
    /// Dropped last: the graph is made of its kernels.
    cuda: Rc<Cuda>,
}

impl Recorded {
    /// Replays the program for some tens of milliseconds, which leaves the GPU's clock where a training has it; the mean seconds of one
    /// replay.
    ///
    /// # Errors
    /// If the driver fails.
    pub fn replay(&self) -> Result<f64, Diagnostic> {
        let all = || (0..self.times).try_for_each(|_| self.graph.replay(&self.cuda));
        let span = self.marks.around(&self.cuda, all).map_err(|why| unmeasured(&why))?;
        Ok(span.unwrap_or_default().as_secs_f64() / self.times as f64)
    }
}

fn unmeasured(why: &str) -> Diagnostic {
    codes::library_failed("measure times", why)
}

fn compare(
    program: &Program,
    at: Option<At>,
    what: &str,
    planned: u64,
    measured: i64,
) -> Result<(), Diagnostic> {
    if i64::try_from(planned) == Ok(measured) {
        return Ok(());
    }
    Err(codes::memory_differs(&program.name, at, what, planned, measured))
}

fn prepare(program: &Program, place: &Place, instruction: &Instruction) -> Result<Step, Diagnostic> {
    let Some(lower) = place.operation(&instruction.op) else {
        return Err(codes::unknown_operation(&instruction.name, &instruction.op));
    };
    let malformed = |why: &str| codes::malformed_instruction(&instruction.name, &instruction.op, why);
    let known =
        |ids: &[regimen_base::program::TensorId]| ids.iter().all(|id| id.index() < program.tensors.len());
    if ![&instruction.inputs, &instruction.outputs, &instruction.frees].into_iter().all(|ids| known(ids)) {
        return Err(malformed("refers to a tensor that does not exist"));
    }
    let mut results = vec![];
    for (index, id) in instruction.outputs.iter().enumerate().filter(|_| !lower.views) {
        let shared = instruction.in_place.iter().find(|(output, _)| *output as usize == index);
        results.push(match (shared, program.tensors.get(id.index())) {
            (Some((_, input)), _) => match instruction.inputs.get(*input as usize) {
                Some(input) => Make::Share(input.index()),
                None => return Err(malformed("writes over an operand that it does not have")),
            },
            (None, Some(tensor)) => Make::Allocate(place.layout(&tensor.ty)),
            (None, None) => return Err(malformed("refers to a tensor that does not exist")),
        });
    }
    Ok(Step { lower, results })
}
