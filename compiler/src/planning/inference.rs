//! Plans of models that are used and not trained: text is generated, or texts are predicted. Memory is as exact as for a training, and a
//! plan that does not fit its machine is refused.

use super::memory::describe;
use super::reserve::Allocator;
use crate::arch::declare::{Unusable, declaration};
use crate::codes;
use crate::experiment::{Precision, Stage};
use crate::front::{Options, load};
use crate::graph::{Graph, ShapeError};
use crate::ops::cross_entropy::cross_entropy;
use crate::passes;
use crate::stages::generation::{self, Texts};
use crate::stages::residents::Residents;
use crate::stages::{compute_dtype, traits};
use crate::world::MemoryWorld;
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Backend, Report, Stage as StagePlan};
use regimen_base::program::{Program, Resident};
use regimen_base::tensor::{DType, Mesh, TensorType};
use regimen_base::{Diagnostic, SourceMap};
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
    /// What it runs on.
    pub device: Device<'a>,
}

/// What a model runs on, and how.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Name in the catalogue of hardware.
    pub hardware: &'a str,
    /// Threads, of a CPU.
    pub threads: Option<u64>,
    /// Bytes that may be used; the catalogue's if it is not known.
    pub memory: Option<u64>,
    /// Precision of weights and caches.
    pub precision: Precision,
}

impl Device<'_> {
    /// The declaration of the hardware `device`.
    fn declaration(&self) -> String {
        let threads = self.threads.map(|threads| format!("threads = {threads}"));
        let memory = self.memory.map(|bytes| format!("memory = {bytes} bytes"));
        let fields: Vec<String> = threads.into_iter().chain(memory).collect();
        format!("hardware device : {} {{ {} }}", self.hardware, fields.join(", "))
    }
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
    let Subject { config, biases, tokenizer, device } = *subject;
    if reads_whole_texts(config) {
        let why = "it has a head for whole texts and predicts no tokens (`architectures` names a model for sequence classification)";
        return Err(vec![codes::e0603::not_usable(why)]);
    }
    let model = declaration("model", "words", config, biases).map_err(|why| {
        vec![match why {
            Unusable::Model(why) => codes::e0603::not_usable(&why),
            Unusable::Entry(why) => codes::e0603::wrong_entry(&why),
        }]
    })?;
    let (hardware, precision) = (device.declaration(), device.precision.name());
    let text = format!(
        "experiment inference {{ seed = 0 }}
{hardware}
tokenizer words : hf {{ path = \"tokenizer.json\" }}
data none : text {{ files = \"none.txt\" }}
{model}stage inference : causal_lm {{
  on = device, model = model, data = none, sequence = 1 tokens, batch = 1 sequences, duration = 1 steps, precision = {precision}
  optimizer = sgd {{ lr = 1 }}
}}
"
    );
    let mut world = MemoryWorld::with("config.json", &text);
    world.tokenizers.insert("words".into(), tokenizer.clone());
    let (front, diagnostics) = load(&world, "config.json", &Options::default());
    let sources = front.sources().clone();
    let stage = front.experiments.into_iter().flat_map(|experiment| experiment.stages).next();
    stage.ok_or_else(|| refused(&sources, diagnostics, config))
}

/// What is wrong with a text that nobody wrote: rules that the model breaks are told in the words of its configuration, all else
/// (the device) without pointing into the text.
fn refused(sources: &SourceMap, diagnostics: Vec<Diagnostic>, config: &Value) -> Vec<Diagnostic> {
    let of_model = |d: &Diagnostic| {
        let at = d.labels.iter().find(|label| label.primary).map(|label| label.span);
        let text = at.and_then(|at| sources.get(at.file)).map_or("", |source| source.text.as_str());
        let (begin, end) = (text.find("\nmodel model :"), text.find("\nstage inference"));
        let inside =
            |(begin, end): (usize, usize)| at.is_some_and(|at| (begin..end).contains(&at.range().start));
        begin.zip(end).is_some_and(inside)
    };
    let errors = diagnostics.into_iter().filter(Diagnostic::is_error);
    let (model, other): (Vec<_>, Vec<_>) = errors.partition(of_model);
    let kind = if config.get("model_type").and_then(Value::as_str) == Some("gpt2") { "gpt" } else { "llama" };
    let sizes = crate::arch::find(kind).map_or(&[][..], |architecture| architecture.config_sizes());
    let in_its_words = |rule: &Diagnostic| {
        let told = rule.title.replace("`model`", "the model").replace("`words`", "its tokenizer");
        sizes.iter().fold(told, |told, (field, key)| {
            told.replace(&format!("`{field}`"), &format!("`{key}`"))
                .replace(&format!("{field} ="), &format!("{key} ="))
        })
    };
    let rules: Vec<String> = model.iter().map(in_its_words).collect();
    let broken = (!rules.is_empty()).then(|| codes::e0603::impossible(&rules));
    broken.into_iter().chain(other.into_iter().map(|d| Diagnostic { labels: vec![], ..d })).collect()
}

/// Whether the model has a head for whole texts, and none that predicts tokens.
fn reads_whole_texts(config: &Value) -> bool {
    let classes = config.get("architectures").and_then(Value::as_array);
    let named =
        |class: &Value| class.as_str().is_some_and(|name| name.ends_with("ForSequenceClassification"));
    classes.is_some_and(|classes| classes.iter().any(named))
}

/// What a GPU's caching allocator takes from the driver: caches are held from the first program on, however many texts there are.
fn reserved(residents: &[Resident], programs: &[Program]) -> u64 {
    let mut memory = Allocator::default();
    for resident in residents {
        memory.hold(resident);
    }
    for program in programs {
        memory.run(program);
    }
    memory.reserved()
}

/// Plans the use of a stage's model on the stage's device, in the stage's precision.
///
/// # Errors
/// If the model generates no text, its tensors do not fit each other, or the plan does not fit the device.
pub fn plan(stage: &Stage, what: Use) -> Result<StagePlan, Vec<Diagnostic>> {
    let failed = |error: ShapeError| vec![codes::e0601::shape(stage.model.span, &error)];
    let residents = Arc::new(residents(stage, what));
    let programs = programs(stage, &residents, what).map_err(failed)?;
    let peak_bytes = programs.iter().map(|program| program.peak_bytes).max().unwrap_or(0);
    let reserved_bytes = match stage.hardware.backend {
        Backend::Cpu => 0,
        Backend::Cuda => reserved(&residents, &programs),
    };
    let programs: BTreeMap<String, Arc<Program>> =
        programs.into_iter().map(|program| (program.name.clone(), Arc::new(program))).collect();
    let mut memory = describe(&programs, &residents, &Mesh::default(), &|_| String::new());
    memory.upper_bound = peak_bytes.max(reserved_bytes) + stage.hardware.context_bytes;
    let report = Report { stage: stage.name.clone(), memory, ..Report::default() };
    if report.memory.upper_bound > stage.hardware.memory {
        let (doing, help) = match what {
            Use::Generate(_) => ("generating text", "give a shorter `--context`"),
            Use::Loss { .. } => ("predicting texts", "give a smaller `--batch` or a shorter `--context`"),
        };
        return Err(vec![codes::e0702::use_does_not_fit(stage, &report, doing, help)]);
    }
    let programs = programs.into_iter().map(|(name, p)| (name, Arc::unwrap_or_clone(p))).collect();
    let lacking = super::without_kernel(stage, &programs);
    if let Some(lacking) = lacking {
        // The stage is nobody's text.
        let help = Some("use it on a CPU: `--hardware cpu`".to_owned());
        return Err(vec![Diagnostic { labels: vec![], help, ..lacking }]);
    }
    Ok(StagePlan {
        kind: what.kind().to_owned(),
        residents: residents.as_ref().clone(),
        programs,
        peak_bytes,
        reserved_bytes,
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

/// In the order in which they first run.
fn programs(stage: &Stage, residents: &Arc<Vec<Resident>>, what: Use) -> Result<Vec<Program>, ShapeError> {
    let new =
        || Graph::new(residents.clone(), Mesh::default(), traits(stage), compute_dtype(stage.precision));
    Ok(match what {
        Use::Generate(texts) => generation::programs(new, stage.model.spec.as_ref(), texts)?.to_vec(),
        Use::Loss { batch, length } => vec![loss(new(), stage, batch, length)?],
    })
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
