//! Plans of models that are used and not trained: text is generated, or texts are predicted. Memory is as exact as for a training, and a
//! plan that does not fit its machine is refused.

use super::memory::describe;
use crate::arch::declare::declaration;
use crate::codes;
use crate::experiment::Stage;
use crate::front::{Options, load};
use crate::graph::{Graph, ShapeError};
use crate::ops::cross_entropy::cross_entropy;
use crate::passes;
use crate::stages::generation::{self, Texts};
use crate::stages::residents::Residents;
use crate::stages::{compute_dtype, traits};
use crate::world::MemoryWorld;
use regimen_base::Diagnostic;
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Report, Stage as StagePlan};
use regimen_base::program::{Program, Resident};
use regimen_base::tensor::{DType, Mesh, TensorType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name of the program that predicts texts: `tokens` and `labels` `[B, T]`, `divisor`; its output is the summed loss over the divisor.
pub const LOSS: &str = "loss";

/// What is used, and where.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The model as Hugging Face's configurations describe it.
    pub config: &'a Value,
    /// Whether linear layers and norms have biases, where the configuration does not say.
    pub biases: bool,
    /// What is known of its tokenizer.
    pub tokenizer: &'a TokenizerFacts,
    /// Threads of the machine's CPU.
    pub threads: u64,
    /// Bytes that may be used; the catalogue's if it is not known.
    pub memory: Option<u64>,
}

/// What it is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Generating texts.
    Generate(Texts),
    /// Predicting `batch` windows of `length` tokens at once.
    Loss {
        /// Windows at once.
        batch: u64,
        /// Tokens of a window.
        length: u64,
    },
}

impl Use {
    fn kind(self) -> &'static str {
        match self {
            Use::Generate(_) => "generate",
            Use::Loss { .. } => "evaluate",
        }
    }
}

/// The subject as a checked stage: its model, device and precision are those of any experiment, and so are the rules for them.
///
/// # Errors
/// If the model is none that predicts the next token, or breaks a rule.
pub fn stage(subject: &Subject) -> Result<Stage, Vec<Diagnostic>> {
    let Subject { config, biases, tokenizer, threads, memory } = *subject;
    if tells_classes(config) {
        let why = "it tells classes (`architectures` names a model for sequence classification)";
        return Err(vec![codes::e0603::not_usable(why)]);
    }
    let model =
        declaration("model", "words", config, biases).map_err(|why| vec![codes::e0603::not_usable(&why)])?;
    let memory = memory.map_or(String::new(), |bytes| format!(", memory = {bytes} bytes"));
    let text = format!(
        "experiment inference {{ seed = 0 }}
hardware device : cpu {{ threads = {threads}{memory} }}
tokenizer words : hf {{ path = \"tokenizer.json\" }}
data none : text {{ files = \"none.txt\" }}
{model}stage inference : causal_lm {{
  on = device, model = model, data = none, sequence = 1 tokens, batch = 1 sequences, duration = 1 steps, precision = f32
  optimizer = sgd {{ lr = 1 }}
}}
"
    );
    let mut world = MemoryWorld::with("config.json", &text);
    world.tokenizers.insert("words".into(), tokenizer.clone());
    let (front, diagnostics) = load(&world, "config.json", &Options::default());
    let stage = front.experiments.into_iter().flat_map(|experiment| experiment.stages).next();
    // The text is nobody's: what is wrong with the model is said without pointing into it.
    stage.ok_or_else(|| {
        diagnostics
            .into_iter()
            .filter(Diagnostic::is_error)
            .map(|d| Diagnostic { labels: vec![], ..d })
            .collect()
    })
}

/// Whether the model has a head for classes, and none that predicts tokens.
fn tells_classes(config: &Value) -> bool {
    let classes = config.get("architectures").and_then(Value::as_array);
    let named =
        |class: &Value| class.as_str().is_some_and(|name| name.ends_with("ForSequenceClassification"));
    classes.is_some_and(|classes| classes.iter().any(named))
}

/// Plans the use of a stage's model on the stage's device, in the stage's precision.
///
/// # Errors
/// If the model generates no text, its tensors do not fit each other, or the plan does not fit the device.
pub fn plan(stage: &Stage, what: Use) -> Result<StagePlan, Vec<Diagnostic>> {
    let failed = |error: ShapeError| vec![codes::e0601::shape(stage.model.span, &error)];
    let residents = Arc::new(residents(stage, what));
    let programs = programs(stage, &residents, what).map_err(failed)?;
    let mut memory = describe(&programs, &residents, &Mesh::default(), &|_| String::new());
    let peak_bytes = programs.values().map(|program| program.peak_bytes).max().unwrap_or(0);
    memory.upper_bound = peak_bytes + stage.hardware.context_bytes;
    let report = Report { stage: stage.name.clone(), memory, ..Report::default() };
    if report.memory.upper_bound > stage.hardware.memory {
        let (doing, help) = match what {
            Use::Generate(_) => ("generating text", "give a shorter `--context`"),
            Use::Loss { .. } => ("predicting texts", "give a smaller `--batch` or a shorter `--context`"),
        };
        return Err(vec![codes::e0702::use_does_not_fit(stage, &report, doing, help)]);
    }
    Ok(StagePlan {
        kind: what.kind().to_owned(),
        residents: residents.as_ref().clone(),
        programs: programs.into_iter().map(|(name, p)| (name, Arc::unwrap_or_clone(p))).collect(),
        peak_bytes,
        ..super::described(stage)
    })
}

fn residents(stage: &Stage, what: Use) -> Vec<Resident> {
    let compute = compute_dtype(stage.precision);
    let mut residents = Residents::default();
    residents.weights_only(&stage.model.tensors, compute);
    if let (Use::Generate(texts), Some(sizes)) = (what, stage.model.spec.cache()) {
        residents.cache(sizes, texts.batch, texts.length, compute);
    }
    residents.finish()
}

fn programs(
    stage: &Stage,
    residents: &Arc<Vec<Resident>>,
    what: Use,
) -> Result<BTreeMap<String, Arc<Program>>, ShapeError> {
    let new =
        || Graph::new(residents.clone(), Mesh::default(), traits(stage), compute_dtype(stage.precision));
    let programs = match what {
        Use::Generate(texts) => generation::programs(new, stage.model.spec.as_ref(), texts)?.to_vec(),
        Use::Loss { batch, length } => vec![loss(new(), stage, batch, length)?],
    };
    Ok(programs.into_iter().map(|program| (program.name.clone(), Arc::new(program))).collect())
}

fn loss(mut g: Graph, stage: &Stage, batch: u64, length: u64) -> Result<Program, ShapeError> {
    let windows = TensorType::new(DType::I64, [batch, length]);
    let tokens = g.input("tokens", windows.clone());
    let hidden = stage.model.spec.forward(&mut g, tokens.into())?;
    let logits = stage.model.spec.head(&mut g, hidden)?;
    let labels = g.input("labels", windows);
    let divisor = g.input("divisor", TensorType::new(DType::F32, []));
    let loss = cross_entropy(&mut g, "loss", logits, labels, divisor)?;
    g.outputs.push(loss);
    Ok(passes::finish(g, LOSS))
}
