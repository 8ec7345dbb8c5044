//! Generation with caches: the same logits as the whole forward pass, transformers' greedy tokens, and exactly the planned memory.

// Helpers of tests fail by panicking, as tests do.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::result_large_err)]

mod common;
#[allow(dead_code)]
mod trainer;

use common::{Op, same_bits};
use regimen_base::data::{Certainty, TokenizerFacts};
use regimen_base::plan::Stage as Planned;
use regimen_base::program::Program;
use regimen_base::tensor::{DType, Mesh, TensorType};
use regimen_compiler::arch::rope::Scaling;
use regimen_compiler::experiment::{Precision, Stage};
use regimen_compiler::graph::Graph;
use regimen_compiler::planning::inference::{Device, Subject, Use, plan, stage};
use regimen_compiler::stages::generation::{DECODE, PREFILL, Texts};
use regimen_data::tokenizer::Bytes;
use regimen_runtime::exchange;
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::generate::{Ending, Generator, Programs, Request, Sampling, Stops};
use regimen_runtime::inference::{Memory, Texts as Corpus, Windows, perplexity};
use regimen_runtime::library;
use regimen_runtime::run::{Counting, Engine, Libtorch, Observe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::{Kind, Tensor};
use trainer::stages::{gpt, llama};

const PROGRAMS: Programs<'static> = Programs { prefill: PREFILL, decode: DECODE };

/// Decoders of both families: odd sizes, groups of heads, stretched positions.
fn decoders(context: u64) -> Vec<(&'static str, Stage)> {
    let stretched = |scaling| {
        let mut model = llama([1, 6, 2, 18, 31], context, 37);
        (model.head_size, model.rope.scaling) = (8, Some(scaling));
        model
    };
    let llama3 = Scaling::Llama3 { factor: 4.0, low: 1.0, high: 4.0, original: 16 };
    let mut odd = gpt(3, 3, 15, context, 41);
    (odd.mlp, odd.bias, odd.tied) = (37, false, false);
    let stage = |model| trainer::stages::stage(model, 1, 1);
    vec![
        ("gpt", stage(gpt(2, 2, 12, context, 29))),
        ("gpt without biases", trainer::stages::stage(odd, 1, 1)),
        ("llama", trainer::stages::stage(llama([2, 2, 2, 12, 29], context, 31), 1, 1)),
        ("llama with groups", trainer::stages::stage(llama([3, 6, 2, 24, 37], context, 29), 1, 1)),
        ("llama with one group", trainer::stages::stage(llama([2, 7, 1, 28, 37], context, 29), 1, 1)),
        ("llama, stretched", trainer::stages::stage(stretched(llama3), 1, 1)),
        (
            "llama, yarn",
            trainer::stages::stage(
                stretched(Scaling::Yarn { factor: 4.0, fast: 32.0, slow: 1.0, original: 8 }),
                1,
                1,
            ),
        ),
    ]
}

/// Residents with random weights and empty caches.
fn residents(planned: &Planned) -> Vec<Tensor> {
    tch::manual_seed(11);
    let one = |r: &regimen_base::program::Resident| {
        let tensor = library::full(&r.ty, 0.0).expect("allocates");
        if r.role == regimen_base::program::Role::Weight {
            tensor.shallow_clone().copy_(&(Tensor::randn_like(&tensor) * 0.3));
        }
        tensor
    };
    planned.residents.iter().map(one).collect()
}

/// Logits of all positions in one forward pass.
fn whole(stage: &Stage, planned: &Planned, residents: &[Tensor], tokens: &Tensor) -> Tensor {
    let precision = regimen_compiler::stages::compute_dtype(stage.precision);
    let device = regimen_compiler::stages::traits(stage);
    let mut g = Graph::new(Arc::new(planned.residents.clone()), Mesh::default(), device, precision);
    let shape: Vec<u64> = tokens.size().iter().map(|n| *n as u64).collect();
    let ids = g.input("tokens", TensorType::new(DType::I64, shape));
    let hidden = stage.model.spec.forward(&mut g, ids.into()).expect("fits");
    let logits = stage.model.spec.head(&mut g, hidden).expect("fits");
    g.outputs.push(logits);
    let program = regimen_compiler::passes::finish(g, "whole");
    trainer::run_once(program, residents, tokens).remove(0)
}

struct Extending<'a> {
    prefill: Executable,
    decode: Executable,
    residents: &'a [Tensor],
    /// Their bytes.
    bytes: i64,
}

impl Extending<'_> {
    /// Runs a program with every byte compared with the plan.
    fn run(&mut self, which: &str, inputs: &[&Tensor]) -> Tensor {
        let foreign = library::memory().current - self.bytes;
        let executable = if which == PREFILL { &mut self.prefill } else { &mut self.decode };
        let tensors = executable.allocate_inputs().expect("allocates");
        for (to, from) in tensors.iter().zip(inputs) {
            to.shallow_clone().copy_(&from.reshape(to.size()));
        }
        let mut watch = Watch::memory(foreign);
        executable.run(self.residents, tensors, &mut watch).expect("runs as planned").remove(0)
    }
}

fn integers(numbers: &[i64], shape: [i64; 2]) -> Tensor {
    Tensor::from_slice(numbers).reshape(shape)
}

/// Two texts of different lengths, prompts in chunks, then token by token.
fn extends_as_the_whole(name: &str, stage: &Stage, tolerance: f64) {
    let _turn = trainer::turn(2);
    let length = 150;
    let planned = plan(stage, Use::Generate(Texts { batch: 2, length })).expect("plans");
    let vocab = stage.model.spec.vocab() as i64;
    let ids: Vec<i64> = (0..2 * length as i64).map(|i| (i * i * 7 + i * 3) % vocab).collect();
    let tokens = integers(&ids, [2, length as i64]);
    let held = residents(&planned);
    let wanted = whole(stage, &planned, &held, &tokens);
    let executable = |name: &str| Executable::new(planned.programs[name].clone()).expect("known operations");
    let bytes: i64 = planned.residents.iter().map(|r| r.ty.local_bytes(&Mesh::default()) as i64).sum();
    let mut extending =
        Extending { prefill: executable(PREFILL), decode: executable(DECODE), residents: &held, bytes };
    let close = |found: &Tensor, sample: i64, place: i64| {
        let found = found.get(sample).to_kind(Kind::Double);
        let wanted = wanted.get(sample).get(place).to_kind(Kind::Double);
        let off = (found - wanted).abs().max().double_value(&[]);
        assert!(off < tolerance, "{name}, sample {sample} at {place}: off by {off}");
    };
    // The prompts have 70 and 101 tokens: chunks of 64, the last one padded with tokens that must not be seen.
    let prompts = [70, 101];
    for first in [0, 64] {
        let part = tokens.narrow(1, first, 64);
        let positions: Vec<i64> = (first..first + 64).collect();
        let positions = integers(&[positions.clone(), positions].concat(), [2, 64]);
        let last = prompts.map(|n: i64| (n - 1 - first).clamp(0, 63));
        let padded = part.copy();
        for (sample, n) in (0i64..).zip(prompts) {
            if n < first + 64 {
                let _ = padded.get(sample).narrow(0, n - first, first + 64 - n).fill_(vocab - 1);
            }
        }
        let logits = extending.run(PREFILL, &[&padded, &positions, &Tensor::from_slice(&last)]);
        for (sample, n) in (0i64..).zip(prompts) {
            if last[sample as usize] + first < n {
                close(&logits, sample, last[sample as usize] + first);
            }
        }
    }
    for step in 0..49 {
        let at = prompts.map(|n| n + step);
        let ids: Vec<i64> =
            (0i64..).zip(at).map(|(sample, place)| tokens.int64_value(&[sample, place])).collect();
        let logits = extending.run(DECODE, &[&integers(&ids, [2, 1]), &integers(&at, [2, 1])]);
        (0i64..).zip(at).for_each(|(sample, place)| close(&logits, sample, place));
    }
}

#[test]
fn prefill_and_decode_give_the_logits_of_the_whole_forward_pass() {
    for (name, stage) in decoders(150) {
        extends_as_the_whole(name, &stage, 2e-5);
    }
}

#[test]
fn in_double_precision_they_agree_to_its_last_digits() {
    for (name, stage) in decoders(150) {
        extends_as_the_whole(name, &Stage { precision: Precision::F64, ..stage }, 1e-11);
    }
}

#[test]
fn in_bf16_they_agree_to_its_rounding() {
    for (name, stage) in decoders(150) {
        extends_as_the_whole(name, &Stage { precision: Precision::Bf16, ..stage }, 0.25);
    }
}

#[test]
fn few_rows_are_multiplied_to_the_same_bits_as_many() {
    for (c, v) in [(64, 96), (70, 33), (7, 200), (576, 1537)] {
        // Others count the allocator's bytes, too.
        let _turns = (trainer::turn(2), common::start(2));
        let (x, w) = (common::normal(&[40, c], DType::F32), common::normal(&[v, c], DType::F32));
        let product = |rows: i64| {
            let x = x.narrow(0, 0, rows).contiguous();
            Op::new("linear", &[&x, &w], &[common::ty(DType::F32, &[rows, v])])
                .flag("transposed", false)
                .one()
        };
        let many = product(40);
        for rows in [1, 2, 3] {
            assert!(same_bits(&product(rows), &many.narrow(0, 0, rows).contiguous()), "{rows} × {c} × {v}");
        }
    }
}

fn golden(name: &str) -> (PathBuf, serde_json::Value, Stage) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/generation").join(name);
    let read = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(file)).expect("golden files")).expect("JSON")
    };
    let config = read("config.json");
    let tokenizer = TokenizerFacts {
        vocab: config["vocab_size"].as_u64().expect("a number"),
        end_of_text: 0,
        mask: None,
        marks: Default::default(),
        content: String::new(),
        certainty: Certainty::Measured,
    };
    let device =
        Device { hardware: "cpu", threads: Some(2), memory: Some(1 << 34), precision: Precision::F32 };
    let subject = Subject { config: &config, biases: true, tokenizer: &tokenizer, device };
    let stage = stage(&subject).expect("a decoder");
    let cases = read("greedy.json");
    (folder, cases, stage)
}

fn numbers(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a number") as u32).collect()
}

#[test]
fn greedy_tokens_are_those_of_transformers() {
    let _turn = trainer::turn(2);
    for name in ["gpt2", "gpt2_odd", "llama", "llama_grouped", "llama_one_group", "llama_yarn"] {
        let (folder, golden, stage) = golden(name);
        let planned = plan(&stage, Use::Generate(Texts { batch: 1, length: 147 })).expect("plans");
        let mut engine = Libtorch::new(&planned, Observe::EveryInstruction).expect("opens");
        exchange::import(&planned, &mut engine, &folder).expect("the same model");
        // Ids are all that matters here: any tokenizer that is larger than the model's table.
        let mut generator = Generator::new(&planned, PROGRAMS, &mut engine, &Bytes).expect("generates");
        let cases = golden["cases"].as_array().expect("a list");
        assert_eq!(cases.len(), 8);
        for case in cases {
            let prompt = numbers(&case["prompt"]);
            let repetition_penalty = case["repetition_penalty"].as_f64().expect("a number");
            let sampling = Sampling { repetition_penalty, ..Sampling::GREEDY };
            let stops = Stops::default();
            let request = Request { prompt: &prompt, tokens: 64, sampling, stops: &stops, key: 0 };
            let generated = generator.generate(&request, &mut |_| ()).expect("generates");
            let after = format!("{name} after {} tokens, penalty {repetition_penalty}", prompt.len());
            assert_eq!(generated.tokens, numbers(&case["tokens"]), "{after}");
            assert_eq!(generated.ending, Ending::Length);
        }
    }
}

#[test]
fn memory_is_exactly_as_planned_whatever_the_shape() {
    let _turn = trainer::turn(2);
    let foreign = library::memory().current;
    for length in [1, 2, 63, 64, 65, 150] {
        for (name, stage) in decoders(150) {
            for tokens in [1, 3] {
                let planned = plan(&stage, Use::Generate(Texts { batch: 1, length })).expect("plans");
                let cache: u64 = {
                    let sizes = stage.model.spec.cache().expect("a decoder");
                    2 * sizes.layers * length * sizes.heads * sizes.head_size * 4
                };
                let mut engine = Libtorch::new(&planned, Observe::Peak).expect("opens");
                let weights = library::memory().current - foreign;
                let mut counting = Counting::new(&mut engine);
                let mut generator = Generator::new(&planned, PROGRAMS, &mut counting, &Bytes).expect("ready");
                // Longer than the cache, where that is short.
                let prompt = [1, 2, 3, 4, 5];
                let stops = Stops::default();
                let sampling = Sampling::GREEDY;
                let request = Request { prompt: &prompt, tokens, sampling, stops: &stops, key: 0 };
                generator.generate(&request, &mut |_| ()).expect("generates");
                let held = library::memory().current - foreign;
                assert_eq!(held - weights, cache as i64, "{name}: the cache of {length} tokens");
                drop(generator);
                assert_eq!(library::memory().current - foreign, weights, "{name}: the cache is released");
                let memory = Memory::of(&planned, &counting);
                assert_eq!(
                    memory.measured,
                    Some(memory.planned),
                    "{name}, {length} tokens, {tokens} generated"
                );
                let flops = |p: &str| planned.programs.get(p).map_or(0, |p: &Program| p.flops);
                assert!(flops(DECODE) <= flops(PREFILL), "{name}: a token costs no more than a chunk");
            }
        }
    }
}

#[test]
fn the_cost_of_a_token_grows_with_the_cache_only_in_attention() {
    let (_, stage) = decoders(150).remove(3);
    let decode = |length| {
        let planned = plan(&stage, Use::Generate(Texts { batch: 1, length })).expect("plans");
        planned.programs[DECODE].flops
    };
    // Three layers, six heads of four dimensions: 2 · 2 FLOPs for each with every position.
    assert_eq!(decode(140) - decode(70), 70 * 4 * 3 * 6 * 4);
}

#[test]
fn perplexity_of_windows_is_that_of_their_logits() {
    let _turn = trainer::turn(2);
    for (name, stage) in decoders(24) {
        let (length, stride) = (9, 4);
        let planned = plan(&stage, Use::Loss { batch: 2, length }).expect("plans");
        let weights = residents(&planned);
        let mut engine = Libtorch::new(&planned, Observe::EveryInstruction).expect("opens");
        for (index, weight) in weights.iter().enumerate() {
            let id = regimen_base::program::ResidentId(index as u32);
            let bytes: Vec<u8> = Vec::<f32>::try_from(weight.flatten(0, -1))
                .expect("floats")
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect();
            use regimen_runtime::run::Residents as _;
            let fill = &mut |out: &mut [u8]| {
                out.copy_from_slice(&bytes);
                Ok(())
            };
            engine.fill(id, fill).expect("fills");
        }
        // Texts of bytes below the vocabulary: one window, several, and one without a prediction.
        let texts = [
            "\u{1}\u{7}\u{3}",
            "\u{2}\u{9}\u{4}\u{1}\u{c}\u{b}\u{5}\u{3}\u{2}\u{2}\u{8}\u{1}\u{6}\u{7}",
            "\u{1}",
        ];
        let mut corpus = Corpus::default();
        for text in &texts {
            assert_eq!(corpus.add(&Bytes, "a text", text).expect("encodes"), None);
        }
        let windows = Windows { length: length as usize, stride };
        let found = perplexity(&planned, &mut engine, &corpus, windows, &mut |_, _| ()).expect("predicts");
        // By hand: token i is predicted in the first window that holds it and the one before it.
        let (mut sum, mut tokens) = (0.0, 0);
        for text in texts {
            let ids: Vec<i64> = text.bytes().map(i64::from).collect();
            for place in 1..ids.len() {
                let window = (0..).find(|w| w * stride + length as usize >= place).expect("some");
                let seen = Tensor::from_slice(&ids[window * stride..place]).unsqueeze(0);
                let logits = whole(&stage, &planned, &weights, &seen).to_kind(Kind::Double);
                let last = logits.get(0).get(seen.size()[1] - 1).log_softmax(-1, Kind::Double);
                sum -= last.double_value(&[ids[place]]);
                tokens += 1;
            }
        }
        assert_eq!((found.tokens, found.bytes), (tokens, 18), "{name}");
        let wanted = sum / tokens as f64;
        assert!((found.loss - wanted).abs() < 1e-5, "{name}: {} for {wanted}", found.loss);
        assert_eq!(engine.measured_peak(), Some(planned.peak_bytes), "{name}");
    }
}
