//! Runs the programs of a hand-built stage step by step, as the run loop does, with every byte checked.

pub mod configs;
pub mod golden;
#[path = "../../../compiler/tests/common/mod.rs"]
pub mod stages;

use regimen_base::program::Program;
use regimen_base::tensor::Mesh;
use regimen_compiler::experiment::Stage;
use regimen_compiler::stages::{Lowered, lower};
use regimen_runtime::execute::{Executable, Place, Watch};
use regimen_runtime::library;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use tch::Tensor;

/// The allocator counts the whole process: tests that check memory take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Waits for this test's turn and starts libtorch.
pub fn turn(threads: usize) -> MutexGuard<'static, ()> {
    let guard = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    library::start(threads).expect("starts");
    guard
}

/// A stage in memory.
pub struct Trainer {
    pub lowered: Lowered,
    pub residents: Vec<Tensor>,
    executables: BTreeMap<String, Executable>,
    /// Whether every byte is compared with the plan.
    pub watched: bool,
    foreign: i64,
    /// Largest number of bytes that the allocator saw, beyond those of others.
    pub peak: i64,
}

impl Trainer {
    /// Allocates the residents, all zero.
    pub fn new(stage: &Stage, micro_batch: u64) -> Trainer {
        Trainer::on(&Place::Host(Mesh::default()), stage, micro_batch)
    }

    /// The same anywhere.
    pub fn on(place: &Place, stage: &Stage, micro_batch: u64) -> Trainer {
        let lowered = lower(stage, 1, micro_batch).expect("lowers");
        let foreign = place.memory().expect("counts").current;
        let residents = lowered.residents.iter().map(|r| place.zeros(&r.ty).expect("allocates")).collect();
        let executables = lowered
            .programs
            .iter()
            .map(|(n, p)| (n.clone(), Executable::on(place.clone(), p.as_ref().clone()).expect("known")))
            .collect();
        Trainer { lowered, residents, executables, watched: true, foreign, peak: 0 }
    }

    /// The resident with this name.
    pub fn resident(&self, name: &str) -> &Tensor {
        let index = self.lowered.residents.iter().position(|r| *r.name == *name).expect("listed");
        &self.residents[index]
    }

    /// Sets a scalar.
    pub fn set(&self, name: &str, value: f64) {
        let _ = self.resident(name).shallow_clone().fill_(value);
    }

    /// Reads a scalar and sets it to zero.
    pub fn take(&self, name: &str) -> f64 {
        let value = self.resident(name).double_value(&[]);
        self.set(name, 0.0);
        value
    }

    /// Runs a program that is not one of the stage's, every byte checked against what it says of itself.
    pub fn run_other(&self, program: Program, fill: &dyn Fn(&str, &mut Tensor)) -> Vec<Tensor> {
        let mut executable = Executable::new(program).expect("known operations");
        let inputs = filled(&executable, fill);
        executable.run(&self.residents, inputs, &mut Watch::memory(self.foreign)).expect("runs as planned")
    }

    /// Runs a program, every byte checked against the plan.
    pub fn run(&mut self, program: &str, fill: &dyn Fn(&str, &mut Tensor)) -> Vec<Tensor> {
        let executable = self.executables.get_mut(program).expect("a program of the stage");
        let inputs = filled(executable, fill);
        let mut watch = if self.watched { Watch::memory(self.foreign) } else { Watch::default() };
        let outputs = executable.run(&self.residents, inputs, &mut watch).expect("runs as planned");
        self.peak = self.peak.max(executable.program().peak_bytes as i64);
        outputs
    }

    /// One optimizer step over a batch `[rows, T + 1]` of tokens; samples are numbered from `step · rows`.
    pub fn step(&mut self, batch: &Tensor, step: i64, learning_rate: f64) -> f64 {
        self.accumulate(batch, step);
        self.set("learning_rate", learning_rate);
        self.run("update", &|_, _| ());
        self.take("loss_sum")
    }

    /// Forward and backward over a batch, in micro-batches.
    pub fn accumulate(&mut self, batch: &Tensor, step: i64) {
        self.set("step", step as f64);
        let (rows, length) = (batch.size()[0], batch.size()[1] - 1);
        let micro = self.lowered.micro_batch as i64;
        for first in (0..rows).step_by(micro as usize) {
            let part = batch.narrow(0, first, micro);
            self.run("micro_step", &|source, tensor| match source {
                "tokens" => tensor.copy_(&part.narrow(1, 0, length)),
                "labels" => tensor.copy_(&part.narrow(1, 1, length)),
                "divisor" => drop(tensor.fill_((rows * length) as f64)),
                "samples" => {
                    for row in 0..micro {
                        let _ = tensor.get(row).fill_(step * rows + first + row);
                    }
                }
                other => panic!("unknown input {other}"),
            });
        }
    }
}

/// The inputs of a program, each filled by its source.
fn filled(executable: &Executable, fill: &dyn Fn(&str, &mut Tensor)) -> Vec<Tensor> {
    let mut inputs = executable.allocate_inputs().expect("allocates");
    for (input, tensor) in executable.program().inputs.iter().zip(&mut inputs) {
        fill(&input.source, tensor);
    }
    inputs
}

/// Runs a program that is not one of the stage's.
pub fn run_once(program: Program, residents: &[Tensor], tokens: &Tensor) -> Vec<Tensor> {
    let mut executable = Executable::new(program).expect("known operations");
    executable.run(residents, vec![tokens.copy()], &mut Watch::default()).expect("runs")
}

/// Token ids below `vocab` in which each follows from the one before, so that there is something to learn.
#[allow(dead_code, reason = "not every test file trains on tokens of its own")]
pub fn tokens(rows: i64, length: i64, vocab: i64, salt: i64) -> Tensor {
    let row = |r: i64| {
        (0..=length).scan((r * 7 + salt * 13) % vocab, move |id, _| {
            *id = (*id * 5 + 3) % vocab;
            Some(*id)
        })
    };
    let ids: Vec<i64> = (0..rows).flat_map(row).collect();
    Tensor::from_slice(&ids).reshape([rows, length + 1])
}
