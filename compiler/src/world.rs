//! Everything that the compiler may know from outside, behind one trait: it does no IO itself.

use regimen_base::Diagnostic;
use regimen_base::data::{Dataset, DatasetFacts, Probe, Tokenizer, TokenizerFacts};
use std::collections::BTreeMap;

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// There is no such file.
    NotFound,
    /// It lies outside the experiment's folder, perhaps behind a link, and that is not allowed.
    Outside,
    /// It is larger than this many bytes.
    TooLarge(u64),
    /// It is not UTF-8 text.
    NotText,
    /// Something else, in the words of the operating system.
    Other(String),
}

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WorldError::NotFound => f.write_str("there is no such file"),
            WorldError::Outside => f.write_str("it lies outside the experiment's folder"),
            WorldError::TooLarge(limit) => write!(f, "it is larger than {limit} bytes"),
            WorldError::NotText => f.write_str("it is not UTF-8 text"),
            WorldError::Other(why) => f.write_str(why),
        }
    }
}

/// What is known of files.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts<T> {
    /// Read from the files.
    Known(T),
    /// Not at hand; the compiler assumes something and says so.
    Unknown {
        /// Why, as the end of a sentence: "the files have not been read yet".
        why: String,
        /// Whether files are not there, so that a run could not measure them either.
        missing: bool,
    },
}

/// The outside, as far as the compiler may see it. Paths are relative to the experiment's folder, use `/`,
/// and hold no `..` unless [`World::may_leave`].
pub trait World {
    /// The text of a file.
    ///
    /// # Errors
    /// If it cannot be read; links that lead outside are the implementation's to refuse.
    fn read(&self, path: &str) -> Result<String, WorldError>;

    /// Whether the user allows paths outside the experiment's folder.
    fn may_leave(&self) -> bool {
        false
    }

    /// What is known of a tokenizer; `train_on` is the dataset that it is trained on.
    ///
    /// # Errors
    /// If its files are there but wrong. Labels need not be set: the declaration is added.
    fn tokenizer_facts(
        &self,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<TokenizerFacts>, Vec<Diagnostic>>;

    /// What is known of a dataset under a tokenizer.
    ///
    /// # Errors
    /// If no file matches, or a file is wrong. Labels need not be set: the declaration is added.
    fn dataset_facts(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<DatasetFacts>, Vec<Diagnostic>>;

    /// What the chat template of a dataset of conversations makes of a small conversation.
    ///
    /// # Errors
    /// If there is no usable template, or it does not show which part of a conversation is whose.
    fn chat_probe(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<Probe>, Vec<Diagnostic>>;

    /// Looks at the first record of a dataset that no stage trains on.
    ///
    /// # Errors
    /// If it is not what the dataset declares. Labels need not be set: the declaration is added.
    fn first_record(&self, dataset: &Dataset) -> Result<(), Vec<Diagnostic>> {
        let _ = dataset;
        Ok(())
    }

    /// What `regimen calibrate` stored for hardware of this name, as TOML.
    fn calibration(&self, hardware: &str) -> Option<String>;
}

/// A world in memory, for tests and for text without files.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    /// Files by path.
    pub files: BTreeMap<String, String>,
    /// Facts of tokenizers by name of the declaration.
    pub tokenizers: BTreeMap<String, TokenizerFacts>,
    /// Facts of datasets by name of the declaration.
    pub datasets: BTreeMap<String, DatasetFacts>,
    /// Probes of chat templates by name of the dataset.
    pub probes: BTreeMap<String, Probe>,
    /// Calibrations by name of the hardware.
    pub calibrations: BTreeMap<String, String>,
}

impl MemoryWorld {
    /// A world with one file.
    pub fn with(path: &str, text: &str) -> MemoryWorld {
        MemoryWorld::default().and(path, text)
    }

    /// The same world with another file.
    pub fn and(mut self, path: &str, text: &str) -> MemoryWorld {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl World for MemoryWorld {
    fn read(&self, path: &str) -> Result<String, WorldError> {
        self.files.get(path).cloned().ok_or(WorldError::NotFound)
    }

    fn tokenizer_facts(
        &self,
        tokenizer: &Tokenizer,
        _: Option<&Dataset>,
    ) -> Result<Facts<TokenizerFacts>, Vec<Diagnostic>> {
        Ok(known(self.tokenizers.get(&tokenizer.name)))
    }

    fn dataset_facts(
        &self,
        dataset: &Dataset,
        _: &Tokenizer,
        _: Option<&Dataset>,
    ) -> Result<Facts<DatasetFacts>, Vec<Diagnostic>> {
        Ok(known(self.datasets.get(&dataset.name)))
    }

    fn chat_probe(
        &self,
        dataset: &Dataset,
        _: &Tokenizer,
        _: Option<&Dataset>,
    ) -> Result<Facts<Probe>, Vec<Diagnostic>> {
        Ok(known(self.probes.get(&dataset.name)))
    }

    fn calibration(&self, hardware: &str) -> Option<String> {
        self.calibrations.get(hardware).cloned()
    }
}

fn known<T: Clone>(found: Option<&T>) -> Facts<T> {
    found.cloned().map_or_else(
        || Facts::Unknown { why: "the data are not at hand".into(), missing: false },
        Facts::Known,
    )
}

/// Joins a path written in a file to that file's folder and resolves `.` and `..`; `None` if it leaves the
/// experiment's folder or is absolute, and that is not allowed.
pub fn join(folder: &str, path: &str, may_leave: bool) -> Option<String> {
    if path.contains('\0') {
        return None;
    }
    let absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
    if absolute {
        return may_leave.then(|| path.to_string());
    }
    let mut parts: Vec<&str> = vec![];
    for part in folder.split('/').chain(path.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if may_leave => parts.push(".."),
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() { ".".into() } else { parts.join("/") })
}

/// The folder of a file; empty for the experiment's own.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(join("", "data/a.txt", false).as_deref(), Some("data/a.txt"));
        assert_eq!(join("lib", "../data/a.txt", false).as_deref(), Some("data/a.txt"));
        assert_eq!(join("lib", "./x", false).as_deref(), Some("lib/x"));
        assert_eq!(join("", "../secret", false), None);
        assert_eq!(join("lib", "a/../../../secret", false), None);
        assert_eq!(join("", "/etc/passwd", false), None);
        assert_eq!(join("", "C:\\secret", false), None);
        assert_eq!(join("", "..\\secret", false), None);
        assert_eq!(join("", "a\0b", true), None);
        assert_eq!(join("", "../shared", true).as_deref(), Some("../shared"));
    }
}
