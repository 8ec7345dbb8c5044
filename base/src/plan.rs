//! The plan: everything that a run does, proved and fixed before it starts.
//!
//! A plan is JSON. Its hash is taken over its *content* ([`Plan::content`]), that is over what will be
//! computed, not over source text, names of files or how numbers were written. Two plans with the same
//! hash compute the same thing. What is there to be read by people ([`Report`]) is kept beside it.

use crate::data::{Dataset, DatasetFacts, Marks, Tokenizer, TokenizerFacts};
use crate::program::{Category, Program, Resident};
use crate::schedule::{Action, Feed};
use crate::tensor::Mesh;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Version of the plan format; a reader refuses others.
pub const FORMAT: u32 = 1;

/// A plan: what is computed, and what was said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// SHA-256 of the content, in hex.
    pub hash: String,
    /// What is computed.
    pub content: Content,
    /// What was predicted, for people: not part of the hash.
    pub reports: Vec<Report>,
    /// SHA-256 of the reports, in hex: predictions improve without changing what is computed, but not by hand.
    #[serde(default)]
    pub reports_hash: String,
}

/// The hashed part of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Name of the experiment.
    pub experiment: String,
    /// The stages in the order in which they run.
    pub stages: Vec<Stage>,
}

/// One stage, lowered to programs and a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Name of its declaration.
    pub name: String,
    /// `causal_lm`, …
    pub kind: String,
    /// The model it trains.
    pub model: Model,
    /// What it runs on.
    pub target: Target,
    /// The devices as a grid; plans are per class of rank.
    pub mesh: Mesh,
    /// How text becomes tokens.
    pub tokenizer: TokenizerPlan,
    /// The data it reads.
    pub datasets: Vec<DatasetPlan>,
    /// Streams of batches over the datasets.
    pub feeds: Vec<Feed>,
    /// Tensors that live as long as the stage.
    pub residents: Vec<Resident>,
    /// Programs by name.
    pub programs: BTreeMap<String, Program>,
    /// What the host does.
    pub schedule: Vec<Action>,
    /// Largest number of bytes alive at any moment of the stage: the maximum over its programs.
    pub peak_bytes: u64,
    /// The most that a GPU's caching allocator takes from the driver for it; 0 on a host, whose allocator keeps nothing back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reserved_bytes: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The model of a stage as the runtime needs to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Name of its declaration.
    pub name: String,
    /// `gpt`, …
    pub architecture: String,
    /// Number of parameters, tied ones counted once.
    pub parameters: u64,
    /// Tokens it can see.
    pub context: u64,
    /// Size of the embedding table.
    pub vocab: u64,
    /// How its checkpoint is written for other tools.
    pub exchange: Exchange,
    /// Weights that begin new where what the stage starts from has none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<String>,
}

/// Hugging Face's names for the weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// `config.json`, as JSON text with sorted keys.
    pub config: Value,
    /// What the other side takes where a configuration lacks an entry that changes what is computed; another model has other values.
    #[serde(default)]
    pub defaults: serde_json::Map<String, Value>,
    /// What a model with a head puts before the names of the model without one.
    #[serde(default)]
    pub prefix: String,
    /// One entry per weight; the first is the token embedding.
    pub tensors: Vec<ExchangeTensor>,
    /// What the names of other heads' tensors begin with: files may hold them, and they are not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spare: Vec<String>,
    /// Where padding has one id on the other side, whatever it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<FixedPadding>,
    /// The generator of a detector of replaced tokens, which is a model of its own there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Box<Exchange>>,
}

/// The other side counts positions from the id of padding, so that padding can have no other id there: it and the token of that id change
/// places when a model is written or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedPadding {
    /// The id there.
    pub id: u32,
    /// Our names of the weights with a row for each token.
    pub weights: Vec<String>,
}

/// One weight in both layouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeTensor {
    /// Name of the resident.
    pub ours: String,
    /// Name in the exchanged file.
    pub theirs: String,
    /// Whether a two-dimensional weight is stored transposed there.
    pub transposed: bool,
    /// Another resident whose numbers are added to these when the file is written; when it is read, they stay as they began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plus: Option<String>,
}

/// The device that a stage was planned for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name in the hardware catalogue.
    pub hardware: String,
    /// `cpu` or `cuda`.
    pub backend: Backend,
    /// Threads of libtorch; workspaces depend on it. Zero on a GPU.
    pub threads: u64,
    /// What the driver calls the GPU; nothing else may run the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Multiprocessors of the GPU; workspaces of its libraries depend on them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub multiprocessors: u64,
    /// Whether libraries must repeat bit for bit; the host's own kernels always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reproducible: bool,
}

/// The kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Backend {
    Cpu,
    Cuda,
}

/// A tokenizer in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenizerPlan {
    /// What it is.
    pub tokenizer: Tokenizer,
    /// The dataset that it is trained on, if it is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_on: Option<Dataset>,
    /// What is known of it.
    pub facts: TokenizerFacts,
    /// The special tokens that an encoder's samples are made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<SpecialTokens>,
}

/// Special tokens of an encoder's samples, the tokenizer's own or ids that it leaves free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialTokens {
    /// What stands for a hidden token.
    pub mask: u32,
    /// Beginning, end and padding.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub marks: Marks,
    /// Whether texts stand between beginning and end.
    pub around: bool,
}

/// A dataset in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetPlan {
    /// What it is.
    pub dataset: Dataset,
    /// What is known of it.
    pub facts: DatasetFacts,
}

/// What was predicted of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the stage.
    pub stage: String,
    /// Numbers that follow from the experiment, in the order in which they are shown.
    pub derived: Vec<Derived>,
    /// Memory at the peak of the stage.
    pub memory: Memory,
    /// FLOPs of the whole stage, counted from its operations.
    pub flops: f64,
    /// FLOPs of the whole stage by the usual formula, 6·N_matmul + 12·L·C·T per token.
    pub formula_flops: f64,
    /// Predicted seconds of the whole stage.
    pub seconds: f64,
    /// Predicted seconds of one optimizer step.
    pub step_seconds: f64,
    /// Whether the hardware profile was calibrated; if not, the time is from data sheets.
    pub calibrated: bool,
    /// Price of the stage in dollars, if the hardware has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dollars: Option<f64>,
    /// Energy in joules from the device's rated power, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joules: Option<f64>,
    /// What each budget allows and what is predicted.
    pub budgets: Vec<BudgetLine>,
}

/// A number that follows from the experiment: tokens per step, steps, warmup steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    /// What it is.
    pub name: String,
    /// Its value with unit, as shown.
    pub value: String,
    /// How it came about: `512 sequences × 1,024 tokens`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
}

/// Memory at the peak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The program that reaches it.
    pub program: String,
    /// The instruction that reaches it.
    pub instruction: String,
    /// Bytes of each category at that moment.
    pub breakdown: BTreeMap<Category, u64>,
    /// Largest tensors alive at that moment, largest first, twenty at most.
    pub largest: Vec<LargeTensor>,
    /// Peak of each program.
    pub programs: BTreeMap<String, u64>,
    /// Upper bound of what the device must hold, constants of the libraries included.
    pub upper_bound: u64,
}

/// A tensor alive at the peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LargeTensor {
    /// Its name.
    pub name: String,
    /// Its type as shown.
    pub ty: String,
    /// Its bytes.
    pub bytes: u64,
    /// What it counts as.
    pub category: Category,
    /// `file:line` of the declaration that it comes from.
    pub source: String,
}

/// A budget and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// `memory`, `compute`, `time`, `cost`.
    pub name: String,
    /// What is allowed, in the unit the author wrote.
    pub allowed: String,
    /// What is predicted, in the same unit.
    pub predicted: String,
    /// Predicted over allowed.
    pub ratio: f64,
    /// Whether it holds.
    pub holds: bool,
}

impl Plan {
    /// A plan around this content, with its hash.
    ///
    /// # Errors
    /// If the content holds a number that JSON cannot express.
    pub fn new(content: Content, reports: Vec<Report>) -> Result<Plan, serde_json::Error> {
        let hash = hash_of(&content)?;
        let reports_hash = hash_of(&reports)?;
        Ok(Plan { format: FORMAT, hash, content, reports, reports_hash })
    }

    /// The stage with this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.content.stages.iter().find(|s| s.name == name)
    }

    /// The plan as JSON, the same bytes on every machine.
    ///
    /// # Errors
    /// If the plan holds a number that JSON cannot express.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a plan and checks version, fields and hashes. Reports without a hash, as earlier versions wrote them, are dropped:
    /// nothing tells whether they are what was predicted.
    ///
    /// # Errors
    /// Says in one sentence what is wrong with the text.
    pub fn from_json(text: &str) -> Result<Plan, String> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let version: Version = serde_json::from_str(text).map_err(|e| format!("this is not a plan: {e}"))?;
        if version.format != FORMAT {
            return Err(format!(
                "the plan has format {}, this version of regimen reads format {FORMAT}",
                version.format
            ));
        }
        let damaged = |e: serde_json::Error| format!("the plan is damaged: {e}");
        let mut plan: Plan = serde_json::from_str(text).map_err(damaged)?;
        // Comparing texts is cheap; only a text that was laid out anew is compared field by field.
        if plan.to_json().map_err(damaged)? != text.trim_end() {
            let given = serde_json::from_str(text).map_err(damaged)?;
            if let Some(field) = unknown_field(&given, &serde_json::to_value(&plan).map_err(damaged)?) {
                return Err(format!("the plan was changed after it was made: no plan has a field `{field}`"));
            }
        }
        let hash = hash_of(&plan.content).map_err(damaged)?;
        if hash != plan.hash {
            return Err(format!(
                "the plan was changed after it was made: its content hashes to {hash}, it says {}",
                plan.hash
            ));
        }
        if plan.reports_hash.is_empty() {
            plan.reports.clear();
        }
        let hash = hash_of(&plan.reports).map_err(damaged)?;
        if plan.reports_hash.is_empty() {
            plan.reports_hash = hash;
        } else if hash != plan.reports_hash {
            return Err(format!(
                "the plan was changed after it was made: its reports hash to {hash}, it says {}",
                plan.reports_hash
            ));
        }
        Ok(plan)
    }
}

/// The path of a field that reading has ignored: one that is given and not written again.
fn unknown_field(given: &Value, known: &Value) -> Option<String> {
    let deeper = |name: String, inner: Option<String>| {
        inner.map(|inner| if inner.starts_with('[') { name + &inner } else { format!("{name}.{inner}") })
    };
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(name, value)| {
            match known.get(name) {
                Some(known) => deeper(name.clone(), unknown_field(value, known)),
                // What is absent may as well be said to be so.
                None => (!value.is_null()).then(|| name.clone()),
            }
        }),
        (Value::Array(given), Value::Array(known)) => (given.iter().zip(known).enumerate())
            .find_map(|(i, (given, known))| deeper(format!("[{i}]"), unknown_field(given, known))),
        _ => None,
    }
}

/// Hash of anything serialisable: SHA-256 over its JSON, in hex.
///
/// # Errors
/// If the value holds a number that JSON cannot express.
pub fn hash_of<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut hasher = HashWriter(Sha256::new());
    serde_json::to_writer(&mut hasher, value)?;
    Ok(hasher.0.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Feeds JSON into the hash without holding it in memory.
struct HashWriter(Sha256);

impl std::io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let content = Content { experiment: "e".into(), stages: vec![] };
        Plan::new(content, vec![Report { stage: "s".into(), flops: 1e9, ..Report::default() }]).unwrap()
    }

    #[test]
    fn a_plan_laid_out_anew_is_the_same() {
        let text = serde_json::to_string_pretty(&plan()).unwrap();
        assert_eq!(Plan::from_json(&text).unwrap(), plan());
    }

    #[test]
    fn fields_that_no_plan_has_are_refused_wherever_they_are() {
        let text = plan().to_json().unwrap();
        for (place, path) in [
            ("{\"format\"", "extra"),
            ("{\"experiment\"", "content.extra"),
            ("{\"stage\"", "reports[0].extra"),
            ("{\"program\"", "reports[0].memory.extra"),
        ] {
            let changed = text.replacen(place, &place.replace('{', "{\"extra\":1,"), 1);
            let why = Plan::from_json(&changed).unwrap_err();
            assert!(why.contains(&format!("`{path}`")), "{place}: {why}");
        }
    }

    #[test]
    fn reports_changed_by_hand_are_not_believed() {
        let text = plan().to_json().unwrap();
        let why = Plan::from_json(&text.replace("1000000000.0", "1.0")).unwrap_err();
        assert!(why.contains("its reports hash to"), "{why}");
        let mut without: Value = serde_json::from_str(&text).unwrap();
        without.as_object_mut().unwrap().remove("reports_hash");
        assert_eq!(Plan::from_json(&without.to_string()).unwrap().reports, []);
    }
}
