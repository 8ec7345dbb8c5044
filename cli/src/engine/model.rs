//! A model that is used and not trained: opened, planned for this machine, loaded.

use crate::one;
use regimen_base::Diagnostic;
use regimen_base::plan::{Backend, Stage as Planned};
use regimen_cli::arguments::{Device as Asked, WeightType};
use regimen_cli::codes::e0818;
use regimen_compiler::experiment::Precision;
use regimen_compiler::experiment::Stage;
use regimen_compiler::hardware;
use regimen_compiler::planning::inference::{self, Device, Subject, Use};
use regimen_data::tokenizer::facts_of;
use regimen_runtime::inference::Source;
use regimen_runtime::run::{self, Engine, Observe, free_memory};
use std::path::Path;

/// A model on disk and what is known of it.
pub struct Model {
    pub source: Source,
    stage: Stage,
    check_memory: bool,
}

/// Of a CPU all cores and what is free now, if nobody says otherwise; of a GPU what the catalogue says.
fn device(asked: &Asked) -> Result<Device<'_>, Diagnostic> {
    let entry = hardware::built_in().find(|entry| entry.name == asked.hardware);
    let known = || hardware::built_in().map(|entry| entry.name.as_str());
    let entry = entry.ok_or_else(|| e0818::unknown(&asked.hardware, known()))?;
    let cpu = entry.backend == Backend::Cpu;
    if !cpu && asked.threads.is_some() {
        return Err(e0818::threads(&asked.hardware));
    }
    let all = cpu.then(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u64));
    Ok(Device {
        hardware: &asked.hardware,
        threads: asked.threads.or(all),
        memory: free_memory().filter(|_| cpu),
        precision: match asked.precision {
            WeightType::F32 => Precision::F32,
            WeightType::Bf16 => Precision::Bf16,
        },
    })
}

impl Model {
    /// Opens a checkpoint or a folder in Hugging Face's layout, for a device.
    pub fn open(path: &Path, asked: &Asked) -> Result<Model, Vec<Diagnostic>> {
        let device = device(asked).map_err(one)?;
        let source = Source::open(path).map_err(one)?;
        let facts = facts_of(source.tokenizer().as_ref());
        let stage = inference::stage(&Subject {
            config: source.config(),
            biases: source.biases(),
            tokenizer: &facts,
            device,
        })?;
        Ok(Model { source, stage, check_memory: asked.check_memory })
    }

    /// Tokens that the model can see.
    pub fn context(&self) -> u64 {
        self.stage.model.spec.context()
    }

    /// Plans a use of it.
    pub fn plan(&self, what: Use) -> Result<Planned, Vec<Diagnostic>> {
        inference::plan(&self.stage, what)
    }

    /// An engine with the model's weights.
    pub fn load(&self, stage: &Planned) -> Result<Box<dyn Engine>, Vec<Diagnostic>> {
        let observe = if self.check_memory { Observe::EveryInstruction } else { Observe::Peak };
        let mut engine = run::open(stage, observe).map_err(one)?;
        self.source.load(stage, engine.as_mut()).map_err(one)?;
        Ok(engine)
    }
}
