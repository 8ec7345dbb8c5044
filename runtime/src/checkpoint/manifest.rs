//! `manifest.json`: where a run stands, and what files belong to the checkpoint.

use super::digest::FileSum;
use regimen_base::plan::hash_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the checkpoint format; a reader refuses others.
pub const FORMAT: u32 = 1;

/// Everything about a checkpoint but its tensors. Random streams need no state: they are functions of
/// the step and the sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the stage.
    pub stage: String,
    /// Hash of the plan that wrote it.
    pub plan: String,
    /// Key of what decides the numbers; a resume demands the same one.
    pub numerics: String,
    /// The machine that it ran on: device, instruction set, threads.
    pub machine: String,
    /// Optimizer steps done.
    pub step: u64,
    /// For every training feed, the number of samples taken from its stream.
    pub streams: BTreeMap<String, u64>,
    /// State of each watched metric, by `evaluation.metric`.
    pub watched: BTreeMap<String, Watched>,
    /// The best checkpoint so far.
    pub best: Option<Best>,
    /// Whether early stopping has ended the training.
    pub stopped: bool,
    /// Whether the whole schedule is done.
    pub finished: bool,
    /// Lines of `metrics.jsonl` up to here.
    pub metrics_lines: u64,
    /// The checkpoint whose weights the run began with, if it began with another stage's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// All other files, by name.
    pub files: BTreeMap<String, FileSum>,
}

/// A checkpoint of another stage, as it was when its weights were loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Name of that stage.
    pub stage: String,
    /// `best` or `last`.
    pub which: String,
    /// Its step.
    pub step: u64,
    /// SHA-256 of its weights.
    pub weights: String,
}

/// How a watched metric has developed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Best value seen.
    pub best: f64,
    /// The value that the next one must beat by the smallest change to count as an improvement.
    pub reference: f64,
    /// Evaluations since the last improvement.
    pub since: u64,
}

/// The checkpoint with the best value of the watched metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its step.
    pub step: u64,
    /// The metric.
    pub metric: String,
    /// Its value.
    pub value: f64,
}

/// The manifest as it is stored: with a checksum of its own.
#[derive(Serialize, Deserialize)]
struct Sealed {
    manifest: Manifest,
    sha256: String,
}

#[derive(Deserialize)]
struct Version {
    manifest: VersionOnly,
}

#[derive(Deserialize)]
struct VersionOnly {
    format: u32,
}

impl Manifest {
    /// The text of `manifest.json`.
    ///
    /// # Errors
    /// If a number in it is not finite.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let sealed = Sealed { manifest: self.clone(), sha256: hash_of(self)? };
        let mut text = serde_json::to_string_pretty(&sealed)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads and verifies the text of `manifest.json`.
    ///
    /// # Errors
    /// Says in one sentence what is wrong with it.
    pub fn from_json(text: &str) -> Result<Manifest, String> {
        let broken = |e: serde_json::Error| format!("manifest.json is not valid: {e}");
        let version: Version = serde_json::from_str(text).map_err(broken)?;
        if version.manifest.format != FORMAT {
            let found = version.manifest.format;
            return Err(format!("it has format {found}, this version of regimen reads format {FORMAT}"));
        }
        let sealed: Sealed = serde_json::from_str(text).map_err(broken)?;
        if hash_of(&sealed.manifest).map_err(broken)? != sealed.sha256 {
            return Err("manifest.json does not match its own checksum".to_owned());
        }
        Ok(sealed.manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::testing::manifest;

    #[test]
    fn a_manifest_survives_writing_and_reading() {
        let mut before = manifest(200);
        let watched = Watched { best: 0.1 + 0.2, reference: 1e-300, since: 3 };
        before.watched.insert("validation.loss".into(), watched);
        let text = before.to_json().unwrap();
        assert_eq!(Manifest::from_json(&text).unwrap(), before);
    }

    #[test]
    fn any_changed_digit_is_noticed() {
        let text = manifest(200).to_json().unwrap();
        let changed = text.replace("\"step\": 200", "\"step\": 201");
        assert_ne!(changed, text);
        assert!(Manifest::from_json(&changed).unwrap_err().contains("checksum"));
    }

    #[test]
    fn a_later_format_is_refused_by_its_number() {
        let text = manifest(1).to_json().unwrap().replace("\"format\": 1", "\"format\": 2");
        assert!(Manifest::from_json(&text).unwrap_err().contains("format 2"));
    }
}
