//! Where a model comes from: a checkpoint, or a folder in Hugging Face's layout.

use crate::checkpoint::{Checkpoint, locate};
use crate::exchange;
use crate::run::{codes, engine::Residents, find_stage};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_data::Tokenize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model on disk.
#[derive(Debug)]
pub struct Source {
    folder: PathBuf,
    config: Value,
    biases: bool,
    tokenizer: Arc<dyn Tokenize>,
    checkpoint: Option<Checkpoint>,
}

/// Why a path is no model.
fn missing(path: &Path) -> String {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "there is no such file or folder".into()
        }
        Err(error) => error.to_string(),
        Ok(_) => "there is neither a checkpoint nor a config.json".into(),
    }
}

impl Source {
    /// Opens a checkpoint (its folder, or that of a run), or a folder with `config.json`, `model.safetensors` and `tokenizer.json`.
    ///
    /// # Errors
    /// If there is no model, it is damaged, or its tokenizer cannot be used.
    pub fn open(path: &Path) -> Result<Source, Diagnostic> {
        let config = path.join("config.json");
        if config.is_file() && !path.join(crate::checkpoint::names::MANIFEST).is_file() {
            return Source::of_folder(path, &config);
        }
        match locate(path) {
            Ok(_) => Source::of_checkpoint(Checkpoint::open(path)?),
            Err(_) => Err(codes::model_not_usable(path, missing(path))),
        }
    }

    fn of_folder(folder: &Path, config: &Path) -> Result<Source, Diagnostic> {
        let text = std::fs::read_to_string(config);
        let text = text.map_err(|e| codes::model_not_usable(config, e.to_string()))?;
        let config = serde_json::from_str(&text)
            .map_err(|e| codes::model_not_usable(config, format!("it is not valid JSON: {e}")))?;
        let tokenizer = tokenizer_of(folder)?;
        Ok(Source { folder: folder.to_owned(), config, biases: true, tokenizer, checkpoint: None })
    }

    fn of_checkpoint(checkpoint: Checkpoint) -> Result<Source, Diagnostic> {
        let plan = checkpoint.plan()?;
        let exchange = &find_stage(&plan, &checkpoint.manifest.stage)?.model.exchange;
        Ok(Source {
            folder: checkpoint.folder.clone(),
            config: exchange.config.clone(),
            biases: exchange.tensors.iter().any(|tensor| tensor.ours.ends_with(".bias")),
            tokenizer: tokenizer_of(&checkpoint.folder)?,
            checkpoint: Some(checkpoint),
        })
    }

    /// The folder with the model's files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model as Hugging Face's configurations describe it.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// Whether linear layers and norms have biases, where the configuration does not say.
    pub fn biases(&self) -> bool {
        self.biases
    }

    /// How its text becomes tokens.
    pub fn tokenizer(&self) -> &Arc<dyn Tokenize> {
        &self.tokenizer
    }

    /// Tokens that end a text or a turn: the tokenizer's, and those that the model's configurations name.
    pub fn end_tokens(&self) -> Vec<u32> {
        let generation = std::fs::read_to_string(self.folder.join("generation_config.json"));
        let generation: Value =
            generation.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut all = vec![self.tokenizer.end_of_text()];
        for config in [&self.config, &generation] {
            let ids = match config.get("eos_token_id") {
                Some(Value::Array(ids)) => ids.clone(),
                Some(id) => vec![id.clone()],
                None => vec![],
            };
            let ids = ids.iter().filter_map(|id| u32::try_from(id.as_u64()?).ok());
            all.extend(ids.filter(|id| u64::from(*id) < self.tokenizer.vocab()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Loads the weights into the residents of a stage that was planned for this model.
    ///
    /// # Errors
    /// If a file is damaged, or the stage's model is another one.
    pub fn load(&self, stage: &Stage, residents: &mut dyn Residents) -> Result<(), Diagnostic> {
        match &self.checkpoint {
            Some(checkpoint) => checkpoint.restore_weights(stage, residents),
            None => exchange::import(stage, residents, &self.folder),
        }
    }
}

fn tokenizer_of(folder: &Path) -> Result<Arc<dyn Tokenize>, Diagnostic> {
    let name = folder.display().to_string();
    regimen_data::tokenizer::open(&name, folder, None).map_err(|fault| *fault)
}
