//! SmolLM2-135M-Instruct against transformers: greedy tokens of 20 prompts, and the loss of a text. The model is no part of a clone, so these
//! tests are ignored; with it (`cargo xtask model`), `cargo test --release -p regimen-runtime --test smollm2 -- --ignored` runs them, and so
//! does `cargo xtask test`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

use regimen_base::data::Role;
use regimen_compiler::experiment::Precision;
use regimen_compiler::planning::inference::{Device, Subject, Use, plan, stage};
use regimen_compiler::stages::generation::{DECODE, PREFILL, Texts};
use regimen_data::chat::{Message, Template};
use regimen_data::tokenizer::facts_of;
use regimen_runtime::generate::{Generator, Programs, Request, Sampling, Stops};
use regimen_runtime::inference::{Memory, Source, Texts as Corpus, Windows, perplexity};
use regimen_runtime::run::{Counting, Engine, open};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The allocator counts the whole process: one test at a time.
static TURN: Mutex<()> = Mutex::new(());

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn golden() -> Value {
    let text = std::fs::read(at("tests/golden/smollm2/greedy.json")).expect("the golden file is there");
    serde_json::from_slice(&text).expect("JSON")
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a number") as u32).collect()
}

fn model() -> Source {
    Source::open(&at("examples/smollm2/hf")).expect("`cargo xtask model` fetches the model")
}

fn planned(source: &Source, what: Use) -> regimen_base::plan::Stage {
    let facts = facts_of(source.tokenizer().as_ref());
    let stage = stage(&Subject {
        config: source.config(),
        biases: source.biases(),
        tokenizer: &facts,
        device: Device {
            hardware: "cpu",
            threads: Some(2),
            memory: Some(1 << 33),
            precision: Precision::F32,
        },
    });
    plan(&stage.expect("a decoder"), what).expect("plans")
}

fn engine(source: &Source, stage: &regimen_base::plan::Stage) -> Box<dyn Engine> {
    let mut engine = open(stage, Default::default()).expect("opens");
    source.load(stage, engine.as_mut()).expect("loads");
    engine
}

#[test]
#[ignore = "needs SmolLM2, which `cargo xtask model` fetches"]
fn greedy_tokens_are_those_of_transformers() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (source, golden) = (model(), golden());
    let cases = golden["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 20);
    let stage = planned(&source, Use::Generate(Texts { batch: 1, length: 160 }));
    let mut engine = engine(&source, &stage);
    let mut counting = Counting::new(engine.as_mut());
    let tokenizer = source.tokenizer().as_ref();
    let template = Template::read(source.folder()).expect("an instructed model");
    let programs = Programs { prefill: PREFILL, decode: DECODE };
    let mut generator = Generator::new(&stage, programs, &mut counting, tokenizer).expect("generates");
    let stops = Stops { tokens: source.end_tokens(), texts: vec![] };
    for case in cases {
        let text = case["text"].as_str().expect("a text");
        let prompt = match case["chat"] == true {
            true => template.tokens(tokenizer, &[Message::new(Role::User, text)]).expect("renders"),
            false => tokenizer.encode(text).expect("encodes"),
        };
        assert_eq!(prompt, numbers(&case["prompt"]), "tokens of {text:?}");
        let request =
            Request { prompt: &prompt, tokens: 64, sampling: Sampling::GREEDY, stops: &stops, key: 0 };
        let generated = generator.generate(&request, &mut |_| ()).expect("generates");
        // transformers lists the token that ends the text.
        let wanted: Vec<u32> =
            numbers(&case["tokens"]).into_iter().take_while(|t| !stops.tokens.contains(t)).collect();
        assert_eq!(generated.tokens, wanted, "after {text:?}");
    }
    drop(generator);
    let memory = Memory::of(&stage, &counting);
    assert_eq!(memory.measured, Some(memory.planned));
}

#[test]
#[ignore = "needs SmolLM2, which `cargo xtask model` fetches"]
fn the_loss_of_a_text_is_that_of_transformers() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (source, golden) = (model(), golden());
    let tokens = golden["text_tokens"].as_u64().expect("a number");
    let mut corpus = Corpus::default();
    corpus
        .add(source.tokenizer().as_ref(), "the plays", golden["text"].as_str().expect("a text"))
        .expect("encodes");
    let stage = planned(&source, Use::Loss { batch: 1, length: tokens });
    let mut engine = engine(&source, &stage);
    let windows = Windows { length: tokens as usize, stride: tokens as usize };
    let found = perplexity(&stage, engine.as_mut(), &corpus, windows, &mut |_, _| ()).expect("predicts");
    assert_eq!(found.tokens, tokens - 1);
    let wanted = golden["loss"].as_f64().expect("a number");
    assert!((found.loss - wanted).abs() < 2e-5, "{} for {wanted}", found.loss);
    assert_eq!(engine.measured_peak(), Some(stage.peak_bytes));
}
