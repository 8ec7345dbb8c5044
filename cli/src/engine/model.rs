//! A model that is used and not trained: opened, planned for this machine, loaded.

use crate::one;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage as Planned;
use regimen_compiler::experiment::Stage;
use regimen_compiler::planning::inference::{self, Subject, Use};
use regimen_data::tokenizer::facts_of;
use regimen_runtime::inference::Source;
use regimen_runtime::run::{self, Engine, Observe, free_memory};
use std::path::Path;

/// A model on disk and what is known of it.
pub struct Model {
    pub source: Source,
    stage: Stage,
}

impl Model {
    /// Opens a checkpoint or a folder in Hugging Face's layout, for so many threads or all of the machine's.
    pub fn open(path: &Path, threads: Option<u64>) -> Result<Model, Vec<Diagnostic>> {
        let source = Source::open(path).map_err(one)?;
        let facts = facts_of(source.tokenizer().as_ref());
        let all = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let stage = inference::stage(&Subject {
            config: source.config(),
            biases: source.biases(),
            tokenizer: &facts,
            threads: threads.unwrap_or(all),
            memory: free_memory(),
        })?;
        Ok(Model { source, stage })
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
    pub fn load(&self, stage: &Planned, check_memory: bool) -> Result<Box<dyn Engine>, Vec<Diagnostic>> {
        let observe = if check_memory { Observe::EveryInstruction } else { Observe::Peak };
        let mut engine = run::open(stage, observe).map_err(one)?;
        self.source.load(stage, engine.as_mut()).map_err(one)?;
        Ok(engine)
    }
}
