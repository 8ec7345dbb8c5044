//! The experiment: every declaration resolved, typed and checked; the input of planning.
//!
//! An [`Experiment`] is built by the front end only ([`crate::resolve`]). Nothing in it is written in
//! source terms any more: units are gone (bytes, tokens, seconds, dollars as numbers), references are
//! followed, defaults are filled in. Spans are kept for messages that planning may still have to give.

use crate::arch::{ModelSpec, WeightSpec};
use crate::eval::available;
use crate::kinds::stage::texts_of_sample;
use crate::passes::fuse::Fusions;
use crate::stages::classify::marks;
use regimen_base::Span;
use regimen_base::data::{Dataset, DatasetFacts, SplitFacts, Tokenizer, TokenizerFacts};
use regimen_base::mixing::Available;
use regimen_base::plan::Backend;
use regimen_base::schedule::{CheckpointPolicy, LearningRate, Watch};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A whole experiment, or one member of a sweep.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name; a member of a sweep adds what distinguishes it.
    pub name: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// In the order in which they run.
    pub stages: Vec<Stage>,
}

/// A model as a stage uses it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of its declaration.
    pub name: String,
    /// Name of its architecture.
    pub architecture: &'static str,
    /// Its layers, weights and exchange format.
    pub spec: Arc<dyn ModelSpec>,
    /// Every weight, in the order of the forward pass; tied ones once.
    pub tensors: Arc<[WeightSpec]>,
    /// Number of parameters, tied ones counted once.
    pub parameters: u64,
    /// Initial weights from a folder in Hugging Face's layout, relative to the experiment.
    pub weights: Option<String>,
    /// Its declaration.
    pub span: Span,
}

/// A stage with everything it refers to.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Name of its declaration.
    pub name: String,
    /// `causal_lm`.
    pub kind: &'static str,
    /// What it trains for, as this kind has it.
    pub objective: Objective,
    /// What it trains.
    pub model: Model,
    /// Start from another stage's checkpoint.
    pub from: Option<Start>,
    /// How text becomes tokens.
    pub tokenizer: Tokenizer,
    /// The dataset that the tokenizer is trained on.
    pub tokenizer_data: Option<Dataset>,
    /// What is known of the tokenizer.
    pub tokenizer_facts: TokenizerFacts,
    /// What it trains on.
    pub data: Dataset,
    /// What is known of the data.
    pub data_facts: DatasetFacts,
    /// Tokens of a sample.
    pub sequence: u64,
    /// Samples of the global batch.
    pub batch: u64,
    /// Samples of one micro-batch.
    pub micro_batch: MicroBatch,
    /// Optimizer steps.
    pub steps: u64,
    /// What updates the weights.
    pub optimizer: Optimizer,
    /// Learning rate of each step.
    pub learning_rate: LearningRate,
    /// Precision of weights and activations.
    pub precision: Precision,
    /// What is computed twice to save memory.
    pub recompute: Recompute,
    /// Whether the vendor's fastest kernels may be used (`fast`) or only those that repeat bit for bit.
    pub reproducible: bool,
    /// Groups of operations that run as one, where the device has them.
    pub fuse: Fusions,
    /// Evaluations while it runs.
    pub evaluate: Option<Evaluate>,
    /// Checkpoints while it runs.
    pub checkpoint: CheckpointPolicy,
    /// A text generated before and after.
    pub sample: Option<Sample>,
    /// What it runs on.
    pub hardware: Hardware,
    /// What it must respect.
    pub budget: Option<Budget>,
    /// Its declaration.
    pub span: Span,
    /// Where the fields were written that planning may have to point at.
    pub spans: StageSpans,
}

/// A checkpoint that a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The stage that wrote it.
    pub stage: String,
    /// `best` or `last`.
    pub which: String,
    /// Whether that stage put the same kind of head on the model.
    pub headed: bool,
}

impl Stage {
    /// Samples of one pass over a part of its data.
    pub fn samples_of(&self, split: &SplitFacts) -> u64 {
        match self.objective {
            Objective::RewardModel { .. } => split.pairs(self.sequence, marks(self).around()),
            _ => self.available(split).iter().map(|found| found.samples).sum(),
        }
    }

    /// Rows of tokens that a sample takes.
    pub fn texts(&self) -> u64 {
        texts_of_sample(self.kind)
    }

    /// What it finds in every source of a part of its data.
    pub fn available(&self, split: &SplitFacts) -> Vec<Available> {
        self.objective.available(split, self.sequence)
    }
}

impl Objective {
    /// The same of every source of a mix.
    pub fn available(&self, split: &SplitFacts, sequence: u64) -> Vec<Available> {
        let packing = matches!(self, Objective::Supervised { packing: true });
        split.parts().iter().map(|part| available(part, sequence, packing)).collect()
    }

    /// Whether it trains on conversations and not on text.
    pub fn reads_conversations(&self) -> bool {
        matches!(self, Objective::Supervised { .. })
    }
}

/// What a stage trains for.
#[derive(Clone, Debug, PartialEq)]
pub enum Objective {
    /// Predicting the next token.
    CausalLm {
        /// Whether the documents of a sample do not see each other.
        documents: bool,
    },
    /// Predicting what an assistant says.
    Supervised {
        /// Whether a sample holds several conversations.
        packing: bool,
    },
    /// Predicting hidden tokens.
    MaskedLm(Masking),
    /// Predicting hidden tokens of pairs of texts, and whether the second follows the first.
    NextSentence(Masking),
    /// Telling which class a text belongs to.
    Classify {
        /// Dropout in the head.
        dropout: f64,
    },
    /// Telling by a number which of two answers is better.
    RewardModel {
        /// Weight of the squared sum of both rewards, which keeps their mean near zero; 0 for none.
        center: f64,
    },
    /// Telling which tokens a generator replaced.
    ReplacedTokenDetection {
        /// What is hidden from the generator.
        masking: Masking,
        /// Weight of the detection loss.
        weight: f64,
    },
}

/// Which tokens are hidden, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masking {
    /// Share of the tokens that are predicted.
    pub rate: f64,
    /// Share of those that become the mask.
    pub masked: f64,
    /// Share of those that become any token; the rest stays.
    pub random: f64,
    /// Whether words are chosen and not tokens.
    pub whole_words: bool,
    /// Whether the choice is the same in every epoch.
    pub fixed: bool,
}

/// Places of fields; the declaration's name if a default applies.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct StageSpans {
    pub batch: Span,
    pub micro_batch: Span,
    pub sequence: Span,
    pub precision: Span,
    pub recompute: Span,
    pub duration: Span,
}

/// Samples of one micro-batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MicroBatch {
    /// The largest divisor of the batch that fits the device and the budget.
    Auto,
    /// As written; divides the batch.
    Fixed(u64),
}

/// What updates the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    /// Which rule.
    pub rule: Rule,
    /// Decay of weights, on those that are not excluded.
    pub weight_decay: f64,
    /// Largest global norm of the gradient; 0 for no clipping.
    pub clip: f64,
    /// Whether biases and norms decay too (default: they do not).
    pub decay_all: bool,
}

/// An optimizer's update rule.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Rule {
    AdamW { beta1: f64, beta2: f64, eps: f64 },
    Sgd { momentum: f64 },
}

/// Precision of weights and activations; masters, moments and reductions are f32 in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Precision {
    F64,
    F32,
    Bf16,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Precision; 3] = [Precision::F64, Precision::F32, Precision::Bf16];

    /// The word in the language.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F64 => "f64",
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        }
    }

    /// The precision with this name.
    pub fn from_name(name: &str) -> Option<Precision> {
        Precision::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// What is computed twice to save memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recompute {
    /// Nothing.
    None,
    /// Every block's forward pass, from its input.
    Full,
}

/// Evaluations while a stage runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluate {
    /// Name of the split.
    pub split: String,
    /// The source of a mix whose split it is; without one, it is that of the whole data.
    pub source: Option<String>,
    /// Steps between two evaluations; there is one after the last step in any case.
    pub every: u64,
    /// Samples per evaluation; 0 for the whole split.
    pub samples: u64,
    /// What follows from it.
    pub watch: Watch,
}

/// A text generated before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Text to begin with.
    pub prompt: String,
    /// Tokens to generate.
    pub tokens: u64,
    /// 0 is greedy.
    pub temperature: f64,
}

/// A device, from the catalogue or a user's file, with what the experiment changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// Its name in the catalogue.
    pub name: String,
    /// CPU or GPU.
    pub backend: Backend,
    /// Devices in all.
    pub count: u64,
    /// Threads (CPU).
    pub threads: u64,
    /// What the driver calls the device, where it matters which it is.
    pub device: Option<String>,
    /// Why the runtime cannot compute on it, though plans can be made for it.
    pub plans_only: Option<String>,
    /// Multiprocessors of one device (GPU).
    pub multiprocessors: u64,
    /// Bytes of memory of one device.
    pub memory: u64,
    /// Bytes per second between a device and its memory.
    pub bandwidth: f64,
    /// FLOP/s of dense matrix products by precision: (f32, bf16); f64 counts as half of f32.
    pub flops_f32: f64,
    /// FLOP/s in bf16; `None` if the device has no such units.
    pub flops_bf16: Option<f64>,
    /// Watts of one device.
    pub watts: Option<f64>,
    /// Dollars per hour of one device.
    pub price: Option<f64>,
    /// Bytes outside the allocator: driver context and libraries.
    pub context_bytes: u64,
    /// What `regimen calibrate` measured; data-sheet values if never.
    pub efficiency: Efficiency,
}

/// Points (work of one operation, work done per second), by increasing work.
pub type Speeds = Vec<(f64, f64)>;

/// How a stage computes, as far as speed depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mode {
    /// Of weights and activations.
    pub precision: Precision,
    /// Whether a GPU's libraries must repeat bit for bit. A CPU's operations always do, and are measured as if they need not.
    pub reproducible: bool,
}

impl Mode {
    const REPRODUCIBLE: &str = "_reproducible";

    /// As calibrations call it: `bf16`, `bf16_reproducible`.
    pub fn name(self) -> String {
        format!("{}{}", self.precision.name(), if self.reproducible { Self::REPRODUCIBLE } else { "" })
    }

    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Mode> {
        let plain = name.strip_suffix(Self::REPRODUCIBLE);
        let precision = Precision::from_name(plain.unwrap_or(name))?;
        Some(Mode { precision, reproducible: plain.is_some() })
    }
}

/// One kind of instruction that was timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// What it had to do.
    pub sizes: Sizes,
    /// The same on logarithmic axes.
    pub place: [f64; 6],
    /// Seconds, without what every instruction costs.
    pub seconds: f64,
}

impl Measured {
    /// Something timed.
    pub fn new(sizes: Sizes, seconds: f64) -> Measured {
        Measured { sizes, place: sizes.place(), seconds }
    }
}

/// What the speed of an operation depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// FLOPs.
    pub flops: f64,
    /// Bytes read and written.
    pub bytes: f64,
    /// Last dimensions of the first result and of the first three operands; 1 where there is none. Of attention, the last is the
    /// context.
    pub widths: [f64; 4],
}

impl Sizes {
    /// The sizes on logarithmic axes, each stretched by how much it says about speed: distances there tell how alike two instructions
    /// are. The weights are those that predict best what two calibrations of H100s measured.
    pub fn place(&self) -> [f64; 6] {
        let axis = |size: f64, weight: f64| size.max(1.0).log2() * weight.sqrt();
        let [a, b, c, d] = self.widths.map(|width| axis(width, 0.6));
        [axis(self.flops, 1.0), axis(self.bytes, 1.0), a, b, c, d]
    }
}

/// By operation: its name, with those of its attributes that choose a kernel.
pub type Operations = BTreeMap<String, Vec<Measured>>;

/// How fast a device really is.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    /// Whether this was measured on the machine at hand.
    pub calibrated: bool,
    /// Seconds that every instruction costs, whatever it does.
    pub overhead: f64,
    /// What was measured.
    pub measured: BTreeMap<Mode, Operations>,
    /// For what was not measured: typical FLOP/s of products in f32.
    pub matmul: Speeds,
    /// For what was not measured: typical bytes/s.
    pub memory: Speeds,
    /// Where checkpoints are written.
    pub storage: Storage,
}

/// What a checkpoint costs until it is durable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storage {
    /// Seconds, however small it is.
    pub seconds: f64,
    /// Bytes per second, checksums included.
    pub bandwidth: f64,
}

impl Storage {
    /// A solid-state disk.
    pub const TYPICAL: Storage = Storage { seconds: 0.05, bandwidth: 400e6 };

    /// Seconds of a checkpoint of so many bytes.
    pub fn seconds(self, bytes: u64) -> f64 {
        self.seconds + bytes as f64 / self.bandwidth
    }
}

/// What a stage must respect.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// In the order of the schema, however they were written.
    pub limits: Vec<Limit>,
}

/// One limit.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What is limited.
    pub what: Limited,
    /// The largest value allowed, in base units (bytes per device, FLOP, seconds, dollars).
    pub at_most: f64,
    /// The value as written: number and unit, to show the prediction in the same unit.
    pub written: String,
    /// The unit as written and its size in base units: ("GiB", 1073741824.0).
    pub unit: (String, f64),
    /// Where it was written.
    pub span: Span,
}

/// What a budget can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Limited {
    Memory,
    Compute,
    Time,
    Cost,
}
