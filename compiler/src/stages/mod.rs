//! Stage kinds: from a checked stage to programs over resident tensors and a host schedule, one file each.

pub mod causal_lm;
pub mod classify;
pub mod generation;
pub mod masked_lm;
pub mod next_sentence;
pub mod replaced_token_detection;
pub mod residents;
pub mod reward_model;
pub mod supervised;
pub mod training;

use crate::experiment::{Objective, Precision, Stage};
use crate::graph::{Graph, ShapeError, Traits};
use crate::passes::fuse::Fusions;
use regimen_base::plan::Backend;
use regimen_base::program::{Program, Resident};
use regimen_base::schedule::{Action, Feed};
use regimen_base::tensor::{DType, Mesh};
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stage as programs and a schedule, for one micro-batch size.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Samples of one micro-batch.
    pub micro_batch: u64,
    /// Micro-batches of one optimizer step.
    pub accumulate: u64,
    /// Tensors that live as long as the stage.
    pub residents: Arc<Vec<Resident>>,
    /// Programs by name.
    pub programs: BTreeMap<String, Arc<Program>>,
    /// Streams of batches.
    pub feeds: Vec<Feed>,
    /// What the host does.
    pub schedule: Vec<Action>,
    /// How often each program runs over the whole stage.
    pub runs: BTreeMap<String, u64>,
    /// Bytes that a GPU's allocator reserves for it, once somebody asked.
    pub reserved: OnceCell<u64>,
}

impl Lowered {
    /// Largest number of bytes alive at any moment.
    pub fn peak_bytes(&self) -> u64 {
        self.programs.values().map(|p| p.peak_bytes).max().unwrap_or(0)
    }
}

/// What of a stage does not depend on the micro-batch: it is built once, however many sizes are tried.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Tensors that live as long as the stage.
    pub residents: Arc<Vec<Resident>>,
    /// Programs over them alone.
    pub programs: Vec<Arc<Program>>,
}

/// The program that decides whether a micro-batch fits.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Samples of one micro-batch, which divides the batch.
    pub micro_batch: u64,
    /// Forward and backward of one micro-batch.
    pub micro_step: Program,
}

/// How a kind of stage becomes programs. What most kinds do is written here: one loss, whose labels are tokens.
trait Lowering {
    /// Tensors that live as long as the stage.
    fn residents(&self, stage: &Stage) -> Vec<Resident> {
        training::residents(stage, &["loss_sum", "eval_loss_sum"]).finish()
    }

    /// Programs that do not depend on the micro-batch.
    fn fixed(
        &self,
        stage: &Stage,
        seed: u64,
        residents: &Arc<Vec<Resident>>,
    ) -> Result<Vec<Program>, ShapeError> {
        training::fixed(stage, seed, residents)
    }

    /// Forward and backward of one micro-batch.
    fn micro_step(&self, graph: Graph, stage: &Stage, micro_batch: u64) -> Result<Program, ShapeError> {
        training::micro_step(graph, stage, micro_batch)
    }

    /// The stage around its micro-step.
    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError>;
}

/// The kind of stage that trains for an objective.
fn kind(objective: &Objective) -> Box<dyn Lowering + '_> {
    match objective {
        Objective::CausalLm { .. } => Box::new(causal_lm::CausalLm),
        Objective::Classify { .. } => Box::new(classify::Classify),
        Objective::RewardModel { center } => Box::new(reward_model::RewardModel { center: *center }),
        Objective::Supervised { packing } => Box::new(supervised::Supervised { packing: *packing }),
        Objective::MaskedLm(masking) => Box::new(masked_lm::MaskedLm { masking }),
        Objective::NextSentence(masking) => Box::new(next_sentence::NextSentence { masking }),
        Objective::ReplacedTokenDetection { masking, weight } => {
            Box::new(replaced_token_detection::Parts { masking, weight: *weight })
        }
    }
}

/// What is [`fixed`], and the micro-step of this size.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn begin(stage: &Stage, seed: u64, micro_batch: u64) -> Result<(Fixed, Probed), ShapeError> {
    let residents = residents(stage);
    let probed = probe(stage, seed, micro_batch, &residents)?;
    Ok((fixed(stage, seed, &residents)?, probed))
}

/// What does not depend on the micro-batch, over the stage's [`residents`].
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn fixed(stage: &Stage, seed: u64, residents: &Arc<Vec<Resident>>) -> Result<Fixed, ShapeError> {
    let programs = kind(&stage.objective).fixed(stage, seed, residents)?;
    Ok(Fixed { residents: residents.clone(), programs: programs.into_iter().map(Arc::new).collect() })
}

/// The tensors that live as long as the stage; they do not depend on the micro-batch.
pub fn residents(stage: &Stage) -> Arc<Vec<Resident>> {
    Arc::new(kind(&stage.objective).residents(stage))
}

/// Lowers a stage for a micro-batch of this size, which divides the batch.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn lower(stage: &Stage, seed: u64, micro_batch: u64) -> Result<Lowered, ShapeError> {
    let (fixed, probed) = begin(stage, seed, micro_batch)?;
    lower_with(stage, seed, &fixed, probed)
}

/// The same, over what is [`fixed`].
///
/// # Errors
/// As for [`lower`].
pub fn lower_over(stage: &Stage, seed: u64, micro_batch: u64, fixed: &Fixed) -> Result<Lowered, ShapeError> {
    lower_with(stage, seed, fixed, probe(stage, seed, micro_batch, &fixed.residents)?)
}

/// The same, around the micro-step that [`probe`] made.
///
/// # Errors
/// As for [`lower`].
pub fn lower_with(stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
    kind(&stage.objective).lower(stage, seed, fixed, probed)
}

/// The micro-step of a stage for a micro-batch of this size.
///
/// # Errors
/// As for [`lower`].
pub fn probe(
    stage: &Stage,
    seed: u64,
    micro_batch: u64,
    residents: &Arc<Vec<Resident>>,
) -> Result<Probed, ShapeError> {
    let graph = new_graph(stage, residents, seed);
    let micro_step = kind(&stage.objective).micro_step(graph, stage, micro_batch)?;
    Ok(Probed { micro_batch, micro_step })
}

/// Key of a random stream: 64 bits that depend on the seed and on what the stream is for.
pub fn random_key(seed: u64, purpose: &[&str]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in purpose {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_le_bytes(bytes)
}

/// Element type of weights and activations.
pub fn compute_dtype(precision: Precision) -> DType {
    match precision {
        Precision::F64 => DType::F64,
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::Bf16,
    }
}

/// What graph building must know of a stage's device.
pub fn traits(stage: &Stage) -> Traits {
    match stage.hardware.backend {
        Backend::Cpu => Traits::cpu(stage.hardware.threads),
        Backend::Cuda => Traits {
            backend: Backend::Cuda,
            threads: 0,
            multiprocessors: stage.hardware.multiprocessors,
            reproducible: stage.reproducible,
            // The fused kernels compute in f32.
            fusions: if stage.precision == Precision::F64 { Fusions::NONE } else { stage.fuse },
        },
    }
}

/// An empty graph for a stage's program.
fn new_graph(stage: &Stage, residents: &Arc<Vec<Resident>>, seed: u64) -> Graph {
    let device = traits(stage);
    let mut graph = Graph::new(residents.clone(), Mesh::default(), device, compute_dtype(stage.precision));
    graph.key = random_key(seed, &[&stage.name, "dropout"]);
    graph
}
