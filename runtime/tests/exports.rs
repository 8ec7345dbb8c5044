//! What is exported gives transformers the same numbers.
//!
//! Weights here are functions of their names, so that every machine exports the same bytes; `tests/golden/exports` holds the checksum of
//! those bytes and what transformers computes with them. `cargo xtask exports` makes these files again, and compares trained models as well.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do
#![allow(clippy::result_large_err)] // closures that the engine calls return its errors

#[allow(dead_code)]
mod trainer;

use regimen_base::SourceMap;
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Content, Plan, Stage as Planned};
use regimen_base::program::{Program, ResidentId, Role};
use regimen_base::schedule::Reads;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::experiment::{Experiment, Stage};
use regimen_compiler::graph::{Graph, Value};
use regimen_compiler::ops::constant::constant;
use regimen_compiler::planning;
use regimen_data::tokenizer::{Bytes, Tokenize};
use regimen_runtime::checkpoint::{Checkpoint, Manifest, Snapshot, Store, names};
use regimen_runtime::exchange::{Form, export};
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::run::{Libtorch, Observe, Residents};
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};
use trainer::Trainer;
use trainer::golden::{largest_difference, program, read, tensor};
use trainer::stages::encoders as models;
use trainer::stages::{gpt, llama, stage as causal};

const CONTEXT: u64 = 7;
/// The bytes, the end of a text, the mask and the marks, and two rows that no token has.
const VOCAB: u64 = 263;
const SIZES: [u64; 4] = [2, 2, 12, 19];
/// The id of padding, and the one that RoBERTa's must have in transformers.
const PADDING: (i64, i64) = (258, 1);

/// A model that is exported, and the program whose numbers are compared.
struct Family {
    name: &'static str,
    stage: Stage,
    form: Form,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Logits of every token.
    Tokens,
    /// Those of the generator.
    Generator,
    /// Scores of every token.
    Scores,
    /// Logits of a sample's classes.
    Classes,
    /// Logits of every token, with what comes of a pair of texts beside.
    Pairs,
}

fn deberta(buckets: Option<u64>, shared_keys: bool) -> Deberta {
    let mut model = models::deberta(SIZES, CONTEXT, VOCAB);
    (model.blocks.buckets, model.blocks.shared_keys) = (buckets, shared_keys);
    model
}

fn electra() -> regimen_compiler::arch::electra::Electra {
    models::electra([1, 2, 8, 11], SIZES, 10, CONTEXT, VOCAB)
}

fn families() -> Vec<Family> {
    let plain = Form::default();
    let generator = Form { generator: true, ..plain };
    let family = |name, stage, part| Family { name, stage, form: plain, part };
    let detector = || models::detection_stage(electra(), 2, 2);
    let deberta_detector =
        || models::detection_stage(models::deberta_detector(deberta(Some(4), true), 1), 2, 2);
    let of_generator = |name, stage| Family { name, stage, form: generator, part: Part::Generator };
    let small_llama = || llama([2, 4, 2, 16, 19], CONTEXT, VOCAB);
    let classify = |name, stage| Family { name, stage, form: plain, part: Part::Classes };
    let mut all = vec![
        family("gpt2", causal(gpt(2, 2, 12, CONTEXT, VOCAB), 2, 2), Part::Tokens),
        family("llama", causal(small_llama(), 2, 2), Part::Tokens),
        family("bert", models::masked_stage(models::bert(SIZES, CONTEXT, VOCAB), 2, 2), Part::Tokens),
        family("bert_pairs", models::pair_stage(models::bert(SIZES, CONTEXT, VOCAB), 2, 2), Part::Pairs),
        family("roberta", models::masked_stage(models::roberta(SIZES, CONTEXT, VOCAB), 2, 2), Part::Tokens),
        family("electra", detector(), Part::Scores),
        of_generator("electra_generator", detector()),
        family("deberta_v2", models::masked_stage(deberta(None, false), 2, 2), Part::Tokens),
        family("deberta_v3", models::masked_stage(deberta(Some(4), true), 2, 2), Part::Tokens),
        of_generator("deberta_v3_generator", deberta_detector()),
        classify("gpt2_classes", models::classify_stage(gpt(2, 2, 12, CONTEXT, VOCAB), 3, 2, 2)),
        classify("llama_classes", models::classify_stage(small_llama(), 3, 2, 2)),
        classify("bert_classes", models::classify_stage(models::bert(SIZES, CONTEXT, VOCAB), 3, 2, 2)),
        classify("roberta_classes", models::classify_stage(models::roberta(SIZES, CONTEXT, VOCAB), 3, 2, 2)),
        classify("gpt2_scalar", models::scalar_stage(gpt(2, 2, 12, CONTEXT, VOCAB), 2, 2)),
        classify("bert_scalar", models::scalar_stage(models::bert(SIZES, CONTEXT, VOCAB), 2, 2)),
        classify("electra_classes", models::classify_stage(electra(), 3, 2, 2)),
        classify("deberta_classes", models::classify_stage(deberta(Some(4), true), 3, 2, 2)),
    ];
    for family in &mut all {
        family.stage.tokenizer_facts =
            TokenizerFacts { vocab: 257, end_of_text: 256, ..family.stage.tokenizer_facts.clone() };
    }
    all
}

impl Family {
    /// Numbers of these tokens `[B, T]`; `lengths` `[B]` says how many of each sample are no padding, which only classifiers see.
    fn numbers(&self, trainer: &Trainer, tokens: &Tensor, lengths: &Tensor) -> Vec<(&'static str, Tensor)> {
        let spec = &self.stage.model.spec;
        let rows = tokens.size()[0];
        if let Some(classifier) = spec.classifier() {
            let last = classifier.reads() == Reads::Last;
            let program = trainer.lowered.programs["evaluate"].as_ref().clone();
            let places = Tensor::arange(CONTEXT as i64, (Kind::Int64, tch::Device::Cpu));
            let segments = places.less_tensor(&lengths.unsqueeze(1)).to_kind(Kind::Int64);
            let read = if last { lengths - 1 } else { lengths.zeros_like() };
            let read = Tensor::arange(rows, (Kind::Int64, tch::Device::Cpu)) * CONTEXT as i64 + read;
            let logits = run(program, trainer, &|source, to| match source {
                "tokens" => to.copy_(tokens),
                "segments" => to.copy_(&segments),
                "rows" => to.copy_(&read),
                "labels" => drop(to.fill_(0)),
                _ => drop(to.fill_(1.0)),
            });
            return vec![("logits", logits[0].shallow_clone())];
        }
        let build = |g: &mut Graph, tokens: Value| match (self.part, spec.detector()) {
            (Part::Generator, Some(detector)) => detector.generator(g, tokens.into()).expect("fits"),
            (Part::Scores, Some(detector)) => detector.discriminator(g, tokens.into()).expect("fits"),
            _ => {
                let hidden = spec.forward(g, tokens.into()).expect("fits");
                spec.head(g, hidden).expect("fits")
            }
        };
        let all = program(&self.stage, &trainer.lowered, rows as u64, build);
        let numbers = run(all, trainer, &|_, to| to.copy_(tokens))[0].shallow_clone();
        if self.part != Part::Pairs {
            return vec![(
                "logits",
                if self.part == Part::Scores { numbers.squeeze_dim(2) } else { numbers },
            )];
        }
        let pairs = program(&self.stage, &trainer.lowered, rows as u64, |g, tokens| {
            let hidden = spec.forward(g, tokens.into()).expect("fits");
            let firsts = (0..rows).map(|row| row * CONTEXT as i64).collect();
            let firsts = constant(g, "firsts", firsts).expect("numbers");
            spec.follows(g, hidden, firsts).expect("fits")
        });
        let follows = run(pairs, trainer, &|_, to| to.copy_(tokens))[0].shallow_clone();
        vec![("prediction_logits", numbers), ("seq_relationship_logits", follows)]
    }

    /// Exports the trainer's weights into a folder in `root`, with tokens and our numbers of them beside, in the ids of the export.
    fn write(&self, trainer: &Trainer, root: &Path) -> PathBuf {
        let stage = planned(self.stage.clone());
        let mut engine = Libtorch::new(&stage, Observe::Peak).expect("allocates");
        let weights = stage.residents.iter().zip(&trainer.residents).enumerate();
        for (index, (_, values)) in weights.filter(|(_, (r, _))| r.role == Role::Weight) {
            let values = Vec::<f32>::try_from(values.reshape([-1])).expect("f32");
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let copy = &mut |out: &mut [u8]| {
                out.copy_from_slice(&bytes);
                Ok(())
            };
            engine.fill(ResidentId(index as u32), copy).expect("fits");
        }
        let folder = root.join(self.name);
        export(&saved(&stage, &engine, &root.join("checkpoints").join(self.name)), &folder, self.form)
            .expect("exports");
        let (mut tokens, lengths) = samples();
        let fills = match self.stage.model.spec.classifier().map(|head| head.reads()) {
            Some(Reads::First) => PADDING.0,
            // transformers finds the last token by the id of padding, which is 1 in these models.
            Some(Reads::Last) => 1,
            // Running text has no padding.
            None => 99,
        };
        tokens = tokens.masked_fill(&tokens.eq(PADDING.0), fills);
        let mut numbers = self.numbers(trainer, &tokens, &lengths);
        let mut theirs = tokens.copy();
        if self.name.starts_with("roberta") {
            let (ours, fixed) = PADDING;
            theirs = theirs.masked_fill(&tokens.eq(ours), fixed).masked_fill(&tokens.eq(fixed), ours);
            if let (Part::Tokens, Some((_, numbers))) = (self.part, numbers.first_mut()) {
                let mut columns: Vec<i64> = (0..VOCAB as i64).collect();
                columns.swap(ours as usize, fixed as usize);
                *numbers = numbers.index_select(2, &Tensor::from_slice(&columns));
            }
        }
        let all: Vec<_> = [("tokens", theirs), ("lengths", lengths)].into_iter().chain(numbers).collect();
        Tensor::write_safetensors(&all, folder.join("regimen.safetensors")).expect("writes");
        folder
    }
}

/// Runs a program over the trainer's residents. Other tests compare its memory with the plan; here more is alive than it knows.
fn run(program: Program, trainer: &Trainer, fill: &dyn Fn(&str, &mut Tensor)) -> Vec<Tensor> {
    let mut executable = Executable::new(program).expect("known operations");
    let mut inputs = executable.allocate_inputs().expect("allocates");
    for (input, tensor) in executable.program().inputs.iter().zip(&mut inputs) {
        fill(&input.source, tensor);
    }
    executable.run(&trainer.residents, inputs, &mut Watch::default()).expect("runs")
}

/// Two samples of seven tokens, of which the last of the second are padding. One token has the id that padding has for RoBERTa.
fn samples() -> (Tensor, Tensor) {
    let tokens: [i64; 14] = [72, 1, 257, 0, 255, 32, 256, 97, 98, 1, 257, 258, 258, 258];
    (Tensor::from_slice(&tokens).reshape([2, 7]), Tensor::from_slice(&[7i64, 4]))
}

/// The stage as the runtime has it.
fn planned(stage: Stage) -> Planned {
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    outcome.content.expect("plans").stages.remove(0)
}

/// A checkpoint of these residents.
fn saved(stage: &Planned, residents: &dyn Residents, folder: &Path) -> Checkpoint {
    let content = Content { experiment: "e".into(), stages: vec![stage.clone()] };
    let plan = Plan::new(content, vec![]).expect("plain numbers").to_json().expect("plain numbers");
    let config = "{\"eos_token\": \"<|endoftext|>\", \"tokenizer_class\": \"PreTrainedTokenizerFast\"}";
    let texts = [
        (names::PLAN, plan),
        (names::TOKENIZER, Bytes.to_json()),
        (names::TOKENIZER_CONFIG, config.to_owned()),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), text)).into_iter().collect();
    let manifest = Manifest {
        format: regimen_runtime::checkpoint::manifest::FORMAT,
        experiment: "e".into(),
        stage: stage.name.clone(),
        plan: String::new(),
        numerics: String::new(),
        machine: String::new(),
        step: 1,
        streams: BTreeMap::new(),
        watched: BTreeMap::new(),
        best: None,
        stopped: false,
        finished: true,
        metrics_lines: 0,
        parent: None,
        files: BTreeMap::new(),
    };
    let snapshot = Snapshot { stage, residents, manifest: &manifest, texts: &texts };
    Store::open(folder).expect("opens").save(&snapshot, 1).expect("saves");
    Checkpoint::open(folder).expect("reads")
}

/// A trainer whose weights follow from their names and places: gains near 1, all others near 0.
fn seeded(family: &Family) -> Trainer {
    let mut trainer = Trainer::new(&family.stage, 2);
    trainer.watched = false;
    for (resident, values) in trainer.lowered.residents.iter().zip(&trainer.residents) {
        if resident.role != Role::Weight {
            continue;
        }
        let seed =
            Sha256::digest(&*resident.name)[..8].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let gain = resident.name.contains("norm.weight") || resident.name.contains("ln");
        let mid = if gain && resident.ty.shape.len() == 1 { 1.0 } else { 0.0 };
        let numbers: Vec<f32> = (0..values.numel() as u64).map(|i| mid + near_zero(seed, i)).collect();
        values.shallow_clone().copy_(&Tensor::from_slice(&numbers).reshape(values.size()));
    }
    trainer
}

/// A multiple of 2⁻¹⁰ in [−¼, ¼), which every float type but bf16 holds exactly.
fn near_zero(seed: u64, index: u64) -> f32 {
    let mut z = seed.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) % 512) as f32 / 1024.0 - 0.25
}

/// A trainer after a few steps from its own start.
fn trained(family: &Family) -> Trainer {
    let mut trainer = Trainer::new(&family.stage, 2);
    trainer.watched = false;
    trainer.run("initialise", &|_, _| ());
    let (tokens, _) = samples();
    let outputs = family.stage.model.spec.classifier().map_or(1, |head| head.gives().outputs());
    let last_class = outputs.saturating_sub(1) as i64;
    for step in 0..5 {
        trainer.set("step", f64::from(step));
        trainer.run("micro_step", &|source, to| match source {
            "tokens" => to.copy_(&tokens),
            "labels" if to.dim() == 1 => to.copy_(&Tensor::from_slice(&[0i64, last_class])),
            "labels" => to.copy_(&(&tokens + 1).remainder(256)),
            "segments" => drop(to.fill_(1)),
            "types" => drop(to.fill_(0)),
            "follows" => to.copy_(&Tensor::from_slice(&[0i64, 1])),
            "rows" => to.copy_(&Tensor::from_slice(&[0i64, CONTEXT as i64])),
            "samples" => {
                to.copy_(&(Tensor::arange(2, (Kind::Int64, tch::Device::Cpu)) + 2 * i64::from(step)))
            }
            _ => drop(to.fill_(2.0)),
        });
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
    }
    trainer
}

fn sha256(file: &Path) -> String {
    let bytes = std::fs::read(file).expect("written");
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn exports_are_those_whose_numbers_transformers_computed() {
    let _turn = trainer::turn(2);
    let root = tempfile::tempdir().expect("a folder");
    for family in families() {
        let folder = family.write(&seeded(&family), root.path());
        let golden = read("exports", &format!("{}.safetensors", family.name));
        let (_, metadata) = SafeTensors::read_metadata(&golden).expect("safetensors");
        let told = metadata.metadata().as_ref().expect("checksums");
        for file in ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"] {
            assert_eq!(told[file], sha256(&folder.join(file)), "{}: {file}", family.name);
        }
        let golden = SafeTensors::deserialize(&golden).expect("safetensors");
        let ours = std::fs::read(folder.join("regimen.safetensors")).expect("written");
        let ours = SafeTensors::deserialize(&ours).expect("safetensors");
        for name in golden.names().into_iter().filter(|name| !["tokens", "lengths"].contains(name)) {
            let off = largest_difference(&tensor(&ours, name), &tensor(&golden, name));
            assert!(off < 2e-5, "{}: {name} differ by {off}", family.name);
        }
    }
}

/// Not a test by itself: writes what `cargo xtask exports` compares with transformers.
#[test]
#[ignore = "writes for cargo xtask exports"]
fn write_for_transformers() {
    let _turn = trainer::turn(2);
    let root = PathBuf::from(std::env::var_os("REGIMEN_EXPORTS").expect("a folder"));
    for family in families() {
        family.write(&seeded(&family), &root.join("seeded"));
        family.write(&trained(&family), &root.join("trained"));
    }
}
