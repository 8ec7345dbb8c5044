//! The datasets that an experiment declares, for those who work on data without training on them.

use crate::eval::Evaluator;
use crate::front::Front;
use crate::program::ROOT;
use crate::world::{Facts, MemoryWorld, World, WorldError};
use regimen_base::Diagnostic;
use regimen_base::data::{Dataset, DatasetFacts, Probe, Tokenizer, TokenizerFacts};

/// A declared dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// As plans know it.
    pub dataset: Dataset,
    /// Whether the experiment's own file declares it, and not an import.
    pub own: bool,
    /// Whether a stage trains on it.
    pub trained_on: bool,
}

/// All datasets without mistakes, in the order of their declarations.
pub fn datasets(front: &Front) -> Vec<Declared> {
    let world = Anywhere(MemoryWorld::default());
    let eval = Evaluator::new(front.program(), front.base(), &world);
    let stages = || front.experiments.iter().flat_map(|e| &e.stages);
    let declared = front.program().of_kind("data");
    declared
        .filter_map(|(id, object)| {
            let dataset = eval.dataset(id).ok()?;
            let trained_on = stages().any(|stage| stage.data.name == dataset.name);
            Some(Declared { dataset, own: object.scope == ROOT, trained_on })
        })
        .collect()
}

/// All tokenizers without mistakes, in the order of their declarations, each with the dataset that it is trained on.
pub fn tokenizers(front: &Front) -> Vec<(Tokenizer, Option<Dataset>)> {
    let world = Anywhere(MemoryWorld::default());
    let eval = Evaluator::new(front.program(), front.base(), &world);
    let declared = front.program().of_kind("tokenizer");
    declared.filter_map(|(id, _)| eval.tokenizer(id).ok()).collect()
}

/// A world in which paths may lead anywhere: whether they may was asked when the experiment was loaded.
struct Anywhere(MemoryWorld);

impl World for Anywhere {
    fn read(&self, path: &str) -> Result<String, WorldError> {
        self.0.read(path)
    }

    fn may_leave(&self) -> bool {
        true
    }

    fn tokenizer_facts(
        &self,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<TokenizerFacts>, Vec<Diagnostic>> {
        self.0.tokenizer_facts(tokenizer, train_on)
    }

    fn dataset_facts(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<DatasetFacts>, Vec<Diagnostic>> {
        self.0.dataset_facts(dataset, tokenizer, train_on)
    }

    fn chat_probe(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<Probe>, Vec<Diagnostic>> {
        self.0.chat_probe(dataset, tokenizer, train_on)
    }

    fn calibration(&self, hardware: &str) -> Option<String> {
        self.0.calibration(hardware)
    }
}
