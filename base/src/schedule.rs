//! The host's side of a stage: a bounded tree of actions that runs programs, feeds them, reads metrics,
//! evaluates, checkpoints and stops.
//!
//! The tree always ends: every repetition has a fixed count. Wall-clock time may decide *when* a
//! checkpoint is written, never what is computed.

use crate::data::Marks;
use serde::{Deserialize, Serialize};

/// An action of the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Only when the stage starts, not when it resumes.
    Fresh {
        /// What to do then.
        body: Vec<Action>,
    },
    /// Runs a program, its inputs filled from a feed.
    Run {
        /// Name of the program.
        program: String,
        /// Name of the [`Feed`] that fills its inputs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        feed: Option<String>,
    },
    /// Copies the weights of another stage's checkpoint, or of a model folder, into the residents.
    Load {
        /// From where.
        from: WeightSource,
    },
    /// Repeats the body; the counter is 0 in the first round.
    Repeat {
        /// What is counted.
        counter: Counter,
        /// How often.
        times: u64,
        /// What is repeated.
        body: Vec<Action>,
    },
    /// Writes a number of the host into a scalar resident.
    Set {
        /// Name of the resident.
        resident: String,
        /// What is written.
        value: HostValue,
    },
    /// Does the body when `step + 1` is a multiple of `every`, and in the last round if `last`.
    Every {
        /// Period in steps.
        every: u64,
        /// Also after the last step.
        last: bool,
        /// What is done.
        body: Vec<Action>,
    },
    /// Reads scalar residents as metrics and sets those marked so back to zero.
    Report {
        /// What is read.
        metrics: Vec<Metric>,
    },
    /// Runs a program over a whole evaluation feed and reports the mean.
    Evaluate {
        /// Name of the evaluation: `validation`.
        name: String,
        /// Name of the program.
        program: String,
        /// Name of the feed.
        feed: String,
        /// Rounds; the feed has exactly as many.
        batches: u64,
        /// What is read at the end.
        metrics: Vec<Metric>,
        /// Number of classes, if the program's first output is the logits of a class for each sample: then accuracy and the mean F1 of
        /// all classes are counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        classes: Option<u64>,
        /// Whether the program's first output is the rewards of two texts for each sample, the better one first: then it is counted how often
        /// they are told apart.
        #[serde(default, skip_serializing_if = "is_false")]
        pairs: bool,
        /// Whether the best checkpoint follows this evaluation, and whether it may stop the stage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        watch: Option<Watch>,
    },
    /// Generates text from the current weights and shows it.
    Sample {
        /// Name of the program that takes tokens of the prompt into the cache.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefill: String,
        /// Name of the program that takes one token and gives the next.
        program: String,
        /// Text to begin with.
        prompt: String,
        /// Tokens to generate.
        tokens: u64,
        /// 0 is greedy.
        temperature: f64,
        /// Key of the random stream.
        key: i64,
    },
    /// Writes a checkpoint if the policy says that it is time.
    Checkpoint {
        /// When and how many.
        policy: CheckpointPolicy,
    },
    /// Writes the last checkpoint of the stage, whatever the time.
    Finish,
}

/// What a [`Action::Repeat`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// Optimizer steps: the position that a checkpoint stores.
    Step,
    /// Micro-batches inside one step.
    MicroBatch,
}

/// A number that the host computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostValue {
    /// The step counter.
    Step,
    /// The learning rate at this step.
    LearningRate(LearningRate),
}

/// Shape of a learning-rate schedule after its warmup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Stays at the peak.
    Constant,
    /// A straight line to the floor.
    Linear,
    /// Half a cosine to the floor.
    Cosine,
    /// Stays at the peak, then a straight line to the floor over the last `decay` steps.
    Wsd,
    /// `peak · sqrt(warmup / step)`, not below the floor.
    InverseSqrt,
}

/// A learning-rate schedule with everything resolved to steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningRate {
    /// Shape after the warmup.
    pub decay: Decay,
    /// Highest value.
    pub peak: f64,
    /// Lowest value after the warmup, absolute.
    pub floor: f64,
    /// Steps of linear warmup: step s gives `peak · (s + 1) / warmup`.
    pub warmup: u64,
    /// Steps of the final decay; only [`Decay::Wsd`] uses it.
    pub cooldown: u64,
    /// Steps of the whole stage.
    pub steps: u64,
}

impl LearningRate {
    /// The learning rate of a step, the first being 0.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let line = |from: u64, to: u64| {
            // The last step reaches the floor.
            let span = to.saturating_sub(from).saturating_sub(1).max(1) as f64;
            ((step - from.min(step)) as f64 / span).min(1.0)
        };
        let between = |share: f64| self.floor + (self.peak - self.floor) * share;
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Linear => between(1.0 - line(self.warmup, self.steps)),
            Decay::Cosine => {
                between(0.5 * (1.0 + (std::f64::consts::PI * line(self.warmup, self.steps)).cos()))
            }
            Decay::Wsd => {
                let start = self.steps.saturating_sub(self.cooldown);
                if step < start { self.peak } else { between(1.0 - line(start, self.steps)) }
            }
            Decay::InverseSqrt => {
                (self.peak * (self.warmup.max(1) as f64 / (step + 1) as f64).sqrt()).max(self.floor)
            }
        }
    }
}

/// A scalar resident read as a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name under which it is reported.
    pub name: String,
    /// The resident that holds it.
    pub resident: String,
    /// Whether it is set to zero after reading.
    pub reset: bool,
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Goal {
    Minimise,
    Maximise,
}

/// What follows from an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// The metric watched.
    pub metric: String,
    /// Which way is better.
    pub goal: Goal,
    /// Keep the checkpoint of the best value as `best`.
    pub keep_best: bool,
    /// Stop after this many evaluations without improvement; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Smallest change that counts as an improvement.
    pub min_delta: f64,
}

/// When checkpoints are written and how many are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointPolicy {
    /// How far apart.
    pub every: Period,
    /// How many of the newest are kept, besides `best` and `last`.
    pub keep: u64,
}

/// Distance between two events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Period {
    Steps(u64),
    Seconds(f64),
}

/// Where initial weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightSource {
    /// A checkpoint of another stage of the same experiment: (stage, `best` or `last`).
    Stage(String, String),
    /// A folder in Hugging Face's layout, relative to the experiment.
    Folder(String),
}

/// A stream of batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    /// `train`, `validation`.
    pub name: String,
    /// Name of the dataset in the stage's data plan.
    pub dataset: String,
    /// `train`, `validation`, or another declared split.
    pub split: String,
    /// Of a mix, the sources that samples are drawn from; empty where the dataset is no mix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mix: Vec<Drawn>,
    /// Tokens of a sample.
    pub sequence: u64,
    /// Samples of the global batch.
    pub batch: u64,
    /// Samples of one micro-batch on one rank.
    pub micro_batch: u64,
    /// Key of the shuffle; without one, samples come in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shuffle: Option<i64>,
    /// What is hidden from the model, which then predicts it; without it, the label of a token is the one after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masking: Option<Masking>,
    /// How records become samples, of a labelled dataset: each is one, and its class is the one label of the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
    /// How conversations lie in samples; without it, samples are windows of running text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowLayout>,
    /// Of running text whose documents do not see each other, where they end; without it, a sample is one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<DocumentBorders>,
    /// How pairs of texts are made of running text; without it, a sample is one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairForm>,
    /// How preferences become samples of two texts, the chosen one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
}

impl Feed {
    /// Rows of tokens that a sample takes.
    pub fn texts(&self) -> u64 {
        if self.compared.is_some() { 2 } else { 1 }
    }
}

/// How preferences become samples of two texts, each the prompt with one of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Tokens around each text, and the one that fills it up.
    pub marks: Marks,
    /// The token that stands for the whole text; of the last one, the last that is not the token of padding, wherever that stands.
    pub reads: Reads,
    /// Whether records say by how much an answer is better.
    #[serde(default, skip_serializing_if = "is_false")]
    pub margins: bool,
}

fn is_false(b: &bool) -> bool {
    !*b
}

/// A source of a mix that samples are drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its name.
    pub source: String,
    /// Of as many samples as the weights of all sources are together, so many are of this one.
    pub weight: u64,
}

/// Where the documents of running text end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentBorders {
    /// Id of the last token of each.
    pub end_of_text: u32,
}

/// How samples of two texts are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairForm {
    /// Id of the token before the first text.
    pub begin: u32,
    /// Id of the token after each.
    pub end: u32,
    /// Id of the token that fills samples up.
    pub padding: u32,
    /// Id of the token between documents.
    pub end_of_text: u32,
    /// Whether every epoch has the same pairs.
    pub fixed: bool,
    /// Key of the random stream.
    pub key: i64,
}

/// How labelled records become samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Records {
    /// Tokens around each text, and the one that fills samples up.
    pub marks: Marks,
    /// The token that stands for the whole sample.
    pub reads: Reads,
}

/// A token that stands for a whole sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// The first.
    First,
    /// The last that is no padding.
    Last,
}

/// How conversations lie in samples ([`crate::packing`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLayout {
    /// Whether a sample holds as many as fit, or one.
    pub packing: bool,
}

/// How tokens are hidden and become labels (Devlin et al., arXiv 1810.04805).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Masking {
    /// Share of the tokens that are predicted.
    pub rate: f64,
    /// Share of those that become the mask.
    pub masked: f64,
    /// Share of those that become any token of the vocabulary; the rest stays as it is.
    pub random: f64,
    /// Whether words are chosen, with all of their tokens.
    pub whole_words: bool,
    /// Whether a token is hidden in every epoch or in none; if not, each epoch chooses anew.
    pub fixed: bool,
    /// Id of the mask.
    pub mask: u32,
    /// Random tokens have ids below it.
    pub vocab: u64,
    /// Tokens that are never hidden.
    pub spared: Vec<u32>,
    /// Key of the random stream.
    pub key: i64,
}
