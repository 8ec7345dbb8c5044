//! Plans of models that are used and not trained.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod common;

use common::{gpt, llama};
use regimen_base::data::{Certainty, TokenizerFacts};
use regimen_base::program::{Program, Role};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::rope::Scaling;
use regimen_compiler::experiment::{MicroBatch, Precision, Sample, Stage};
use regimen_compiler::planning::inference::{Device, Subject, Use, plan, stage};
use regimen_compiler::stages::generation::{DECODE, PREFILL, Texts};
use regimen_compiler::stages::lower;
use serde_json::{Value, json};

fn tokenizer() -> TokenizerFacts {
    TokenizerFacts {
        vocab: 29,
        end_of_text: 0,
        mask: None,
        marks: Default::default(),
        content: String::new(),
        certainty: Certainty::Measured,
    }
}

fn used(config: &Value, biases: bool, memory: u64) -> Result<Stage, Vec<String>> {
    let tokenizer = tokenizer();
    let device =
        Device { hardware: "cpu", threads: Some(2), memory: Some(memory), precision: Precision::F32 };
    let subject = Subject { config, biases, tokenizer: &tokenizer, device };
    stage(&subject).map_err(|all| all.iter().map(|d| format!("{} {}", d.code, d.title)).collect())
}

#[test]
fn a_configuration_leads_back_to_the_model_that_wrote_it() {
    let same = |model: &dyn ModelSpec, biases| {
        let written = model.exchange();
        let read = used(&written.config, biases, 1 << 30).unwrap().model.spec;
        assert_eq!(read.exchange().config, written.config);
        assert_eq!(read.exchange().tensors, written.tensors);
        let shapes =
            |spec: &dyn ModelSpec| spec.weights().into_iter().map(|w| (w.name, w.shape)).collect::<Vec<_>>();
        assert_eq!(shapes(read.as_ref()), shapes(model));
    };
    same(&gpt(2, 3, 12, 40, 29), true);
    let mut plain = gpt(1, 1, 8, 7, 31);
    (plain.bias, plain.tied, plain.mlp, plain.norm_eps) = (false, false, 9, 1e-6);
    same(&plain, false);
    let mut model = llama([2, 6, 2, 24, 37], 64, 29);
    same(&model, true);
    (model.head_size, model.tied, model.norm_eps, model.rope.theta) = (10, true, 1e-5, 500_000.0);
    let stretched = [
        Scaling::Linear { factor: 2.5 },
        Scaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original: 32 },
        Scaling::Yarn { factor: 4.0, fast: 32.0, slow: 1.0, original: 16 },
    ];
    for scaling in stretched {
        model.rope.scaling = Some(scaling);
        same(&model, true);
    }
}

#[test]
fn what_no_declaration_may_say_is_refused_without_pointing_anywhere() {
    let wrong = |config: Value| used(&config, true, 1 << 30).unwrap_err();
    assert!(wrong(json!({"model_type": "bert"}))[0].starts_with("E0603"));
    let classes = wrong(json!({"model_type": "gpt2", "architectures": ["GPT2ForSequenceClassification"]}));
    assert!(classes[0].contains("it has a head for whole texts"), "{classes:?}");
    let heads = json!({"model_type": "gpt2", "n_embd": 10, "n_head": 3, "n_layer": 1, "n_positions": 8, "vocab_size": 29});
    // In the words of the configuration: nobody wrote a declaration.
    let told = wrong(heads).join("; ");
    assert!(told.starts_with("E0603") && !told.contains("E0401"), "{told}");
    let huge = json!({"model_type": "gpt2", "n_layer": u64::MAX});
    assert!(!wrong(huge).is_empty());
}

#[test]
fn the_cache_has_the_heads_of_keys_and_values_and_the_planned_length() {
    let model = llama([3, 6, 2, 24, 37], 200, 29);
    let stage = common::stage(model, 1, 1);
    let planned = plan(&stage, Use::Generate(Texts { batch: 4, length: 90 })).unwrap();
    let caches: Vec<_> = planned.residents.iter().filter(|r| r.role == Role::Cache).collect();
    assert_eq!(caches.len(), 6);
    assert!(caches.iter().all(|c| c.ty.shape[..] == [4, 90, 2, 4] && !c.saved));
    let shape = |program: &Program| {
        let id = program.inputs.iter().find(|i| i.source == "tokens").unwrap().tensor;
        program.tensors[id.index()].ty.shape.to_vec()
    };
    assert_eq!(shape(&planned.programs[PREFILL]), [4, 64]);
    assert_eq!(shape(&planned.programs[DECODE]), [4, 1]);
    assert!(planned.schedule.is_empty() && planned.residents.iter().all(|r| r.role != Role::Moment));
}

#[test]
fn a_training_carries_the_caches_of_its_samples_only_while_it_samples() {
    let plain = Stage { micro_batch: MicroBatch::Fixed(2), ..common::stage(gpt(2, 2, 12, 40, 29), 2, 2) };
    let sample = Some(Sample { prompt: "a".into(), tokens: 5, temperature: 1.0 });
    let sampling = Stage { sample, ..plain.clone() };
    let lowered = |stage: &Stage| lower(stage, 1, 2).unwrap();
    let (without, with) = (lowered(&plain), lowered(&sampling));
    assert!(!without.programs.contains_key(DECODE) && !without.programs.contains_key("score"));
    for name in ["initialise", "micro_step", "update", "evaluate"] {
        assert_eq!(with.programs[name], without.programs[name], "{name}");
    }
    let fixed: u64 = with
        .residents
        .iter()
        .filter(|r| r.role != Role::Cache)
        .map(|r| r.ty.elements() * r.ty.dtype.size())
        .sum();
    // Keys and values of two layers, 40 positions of 12 numbers, and the two inputs.
    assert_eq!(with.programs[DECODE].start_bytes, fixed + 2 * 2 * 40 * 12 * 4 + 16);
    // Before and after, and the prompt gives the first token.
    assert_eq!((with.runs[PREFILL], with.runs[DECODE]), (2, 8));
}

#[test]
fn a_plan_that_does_not_fit_is_refused() {
    // 64 MiB are the process itself.
    let stage = used(&gpt(2, 2, 64, 4096, 29).exchange().config, true, 68 << 20).unwrap();
    assert!(plan(&stage, Use::Generate(Texts { batch: 1, length: 64 })).is_ok());
    let refused = plan(&stage, Use::Generate(Texts { batch: 1, length: 4096 })).unwrap_err();
    assert_eq!(refused[0].code.0, "E0702");
    assert!(plan(&stage, Use::Loss { batch: 64, length: 4096 }).is_err());
}

#[test]
fn on_a_gpu_the_allocator_and_the_context_are_counted_too() {
    let model = llama([3, 6, 2, 24, 37], 200, 29);
    let tokenizer = tokenizer();
    let config = model.exchange().config;
    let plan_on = |hardware, precision| {
        let device = Device { hardware, threads: None, memory: None, precision };
        let used = stage(&Subject { config: &config, biases: true, tokenizer: &tokenizer, device }).unwrap();
        plan(&used, Use::Generate(Texts { batch: 1, length: 90 })).unwrap()
    };
    let (cpu, gpu) = (plan_on("cpu", Precision::F32), plan_on("h100_sxm", Precision::F32));
    assert_eq!((cpu.reserved_bytes, cpu.target.device.as_deref()), (0, None));
    assert!(gpu.reserved_bytes >= gpu.peak_bytes && gpu.reserved_bytes.is_multiple_of(2 << 20));
    assert!(gpu.target.multiprocessors > 0);
    let weights = |planned: &regimen_base::plan::Stage| {
        let bytes = planned.residents.iter().filter(|r| r.role == Role::Weight);
        bytes.map(|r| r.ty.elements() * r.ty.dtype.size()).sum::<u64>()
    };
    assert_eq!(weights(&gpu), 2 * weights(&plan_on("h100_sxm", Precision::Bf16)));
}
