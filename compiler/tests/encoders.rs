//! Sizes of encoders: published parameter counts, FLOPs as PyTorch counts them, and what a GPU plan refuses.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod common;

use common::encoders::{
    bert, classify_stage, deberta, detection_stage, electra, masked_stage, reward_stage, roberta,
};
use common::{gpt, llama, stage};
use regimen_base::SourceMap;
use regimen_base::data::{AnswerFacts, RecordFacts, Texts};
use regimen_base::plan::{Backend, Derived};
use regimen_compiler::arch::{ModelSpec, parameters};
use regimen_compiler::experiment::{Experiment, Stage, Start};
use regimen_compiler::planning;
use regimen_compiler::stages::{Lowered, lower};

const BASE: [u64; 4] = [12, 12, 768, 3072];

/// Weights of which names begin so.
fn part(model: &dyn ModelSpec, begins: &[&str]) -> u64 {
    let weights = model.weights();
    let counted = weights.iter().filter(|w| begins.iter().any(|b| w.name.starts_with(b)));
    counted.map(|w| w.shape.iter().product::<u64>()).sum()
}

#[test]
fn published_models_have_their_published_parameters() {
    // With the head that predicts tokens, its decoder tied; without pooler and next-sentence head.
    assert_eq!(parameters(&bert(BASE, 512, 30_522)), 109_514_298);
    assert_eq!(parameters(&roberta(BASE, 512, 50_265)), 124_697_433);
    // Version 3's encoder with the same head, without the enhanced decoder's table of positions.
    let mut v3 = deberta(BASE, 512, 128_100);
    v3.blocks.buckets = Some(256);
    assert_eq!(parameters(&v3), 184_551_780);
    // The discriminator with its detection head, embeddings included.
    let model = electra([12, 4, 256, 1024], BASE, 768, 512, 30_522);
    assert_eq!(part(&model, &["embed.", "block.", "detector."]), 109_483_009);
    // What a pair has beside it: projection, blocks and head of the generator.
    let generator =
        768 * 256 + 256 + 12 * (4 * 256 * 257 + 2 * 256 * 1024 + 1024 + 5 * 256) + (256 + 3) * 768 + 30_522;
    assert_eq!(part(&model, &["generator.", "head."]), generator);
}

fn lowered(stage: &Stage) -> Lowered {
    lower(stage, 1, stage.batch).expect("lowers")
}

/// Forward, and forward with backward, of a batch of three.
fn flops(stage: &Stage) -> (u64, u64) {
    let lowered = lowered(stage);
    (lowered.programs["evaluate"].flops, lowered.programs["micro_step"].flops)
}

/// FLOPs of the fused operation's gradient beyond those of its parts: it computes the scores again, 2·B·H·T²·D a layer.
fn scores_again(layers: u64, width: u64, context: u64) -> u64 {
    3 * layers * 2 * context * context * width
}

#[test]
fn flops_are_those_that_pytorch_counts() {
    let text = include_str!("../../tests/golden/flops.json");
    let golden: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let odd_bert = {
        let mut model = bert([3, 3, 15, 37], 11, 31);
        model.embeddings.segments = 3;
        model
    };
    let mut odd_deberta = deberta([3, 3, 15, 37], 7, 31);
    odd_deberta.blocks.shared_keys = false;
    let mut small_deberta = deberta([2, 2, 12, 48], 13, 29);
    small_deberta.blocks.buckets = Some(4);
    let mut odd_gpt = gpt(3, 3, 15, 11, 31);
    odd_gpt.mlp = 37;
    let mut grouped = llama([3, 6, 2, 18, 37], 11, 29);
    grouped.head_size = 10;
    let small_electra = electra([2, 1, 4, 16], [2, 2, 12, 48], 12, 9, 29);
    let odd_electra = electra([2, 2, 14, 9], [1, 3, 21, 37], 10, 11, 31);
    // With DeBERTa's attention, which is computed of its parts, nothing is computed again.
    let cases = [
        ("gpt2/odd", stage(odd_gpt, 3, 3), scores_again(3, 15, 11)),
        ("llama/grouped", stage(grouped, 3, 3), scores_again(3, 60, 11)),
        ("bert/small", masked_stage(bert([2, 2, 12, 48], 9, 29), 3, 3), scores_again(2, 12, 9)),
        ("bert/odd", masked_stage(odd_bert, 3, 3), scores_again(3, 15, 11)),
        ("roberta/small", masked_stage(roberta([2, 2, 12, 48], 9, 29), 3, 3), scores_again(2, 12, 9)),
        ("roberta/odd", masked_stage(roberta([1, 5, 35, 21], 13, 23), 3, 3), scores_again(1, 35, 13)),
        ("electra/small", detection_stage(small_electra, 3, 3), scores_again(2, 4 + 12, 9)),
        ("electra/odd", detection_stage(odd_electra, 3, 3), scores_again(1, 2 * 14 + 21, 11)),
        ("deberta/small", masked_stage(small_deberta, 3, 3), 0),
        ("deberta/odd", masked_stage(odd_deberta, 3, 3), 0),
    ];
    for (name, stage, again) in cases {
        let wanted = |key: &str| golden[name][key].as_u64().expect("a number");
        let (forward, both) = flops(&stage);
        assert_eq!(forward, wanted("forward"), "{name}, forward");
        assert_eq!(both, wanted("both") + again, "{name}, with backward");
    }
}

#[test]
fn encoders_plan_on_a_gpu() {
    let mut stage = detection_stage(electra([1, 1, 4, 16], [1, 2, 12, 48], 12, 9, 29), 3, 3);
    stage.hardware.backend = Backend::Cuda;
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    assert!(outcome.diagnostics.iter().all(|d| !d.is_error()), "{:?}", outcome.diagnostics);
    let kept = outcome.content.expect("a plan").stages[0].reserved_bytes;
    assert!(kept > 0);
    // Padding is a segment.
    let mut stage = classify_stage(gpt(1, 2, 12, 9, 29), 3, 3, 3);
    stage.hardware.backend = Backend::Cuda;
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    assert!(outcome.diagnostics.iter().all(|d| !d.is_error()), "{:?}", outcome.diagnostics);
}

#[test]
fn a_plan_says_how_records_fill_samples_and_warns_if_many_are_cut() {
    let mut stage = classify_stage(gpt(1, 2, 12, 8, 29), 3, 4, 4);
    let classes = vec![("a".into(), 2), ("b".into(), 1), ("c".into(), 1)];
    let records = RecordFacts { classes, lengths: vec![(3, 2), (6, 1), (9, 1)] };
    let train = stage.data_facts.splits.first_mut().expect("a training part");
    (train.documents, train.records) = (4, Some(records));
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    let shown = |name: &str| {
        let row = outcome.reports[0].derived.iter().find(|d| d.name == name).expect("listed");
        (row.value.clone(), row.how.clone())
    };
    // Five, five and two tokens of padding in samples of eight; one of four is longer.
    assert_eq!(shown("padding").0, "37.5 %");
    assert_eq!(shown("cut samples").0, "25.0 %");
    assert_eq!(shown("classes"), ("3".into(), "a 2, b 1, c 1".into()));
    assert_eq!(shown("head"), ("new".into(), "36 parameters, and so is the body".into()));
    let told: Vec<&str> = outcome.diagnostics.iter().map(|d| d.code.0).collect();
    assert_eq!(told, ["E0453"]);
    assert_eq!(outcome.diagnostics[0].title, "25 % of the samples are cut to 8 tokens");
    assert!(!outcome.diagnostics[0].is_error());
}

#[test]
fn a_plan_says_how_pairs_fill_samples_and_which_head_goes_on() {
    let mut stage = reward_stage(gpt(1, 2, 12, 8, 29), (0.01, true), 4, 4);
    let texts = [(5, 2, 18), (9, 1, 14)].map(|(longest, records, tokens)| Texts { longest, records, tokens });
    let train = stage.data_facts.splits.first_mut().expect("a training part");
    train.answers = Some(AnswerFacts { texts: texts.to_vec(), ..AnswerFacts::default() });
    let derived = |stage: &Stage| {
        let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage.clone()] };
        let mut outcome = planning::plan(&experiment, &SourceMap::default());
        assert_eq!(outcome.diagnostics.len(), 0, "{:?}", outcome.diagnostics);
        outcome.reports.remove(0).derived
    };
    let shown = |all: &[Derived], name: &str| {
        let row = all.iter().find(|d| d.name == name).expect("listed");
        (row.value.clone(), row.how.clone())
    };
    let all = derived(&stage);
    let texts = |value: &str, how: &str| (value.to_owned(), how.to_owned());
    assert_eq!(shown(&all, "tokens per step"), texts("64", "4 pairs × 2 texts × 8 tokens"));
    assert_eq!(shown(&all, "pairs"), texts("2", "1 with a text longer than a sample are left out"));
    // 32 tokens in two samples of two texts, 18 of which are text.
    assert_eq!(shown(&all, "padding"), texts("43.8 %", "of 8 tokens a text"));
    assert_eq!(shown(&all, "epochs").0, "200.0");
    assert_eq!(shown(&all, "head"), texts("new", "12 parameters, and so is the body"));
    let start = |headed| Some(Start { stage: "one".into(), which: "last".into(), headed });
    stage.from = start(false);
    assert_eq!(
        shown(&derived(&stage), "head"),
        texts("new", "12 parameters; the body is that of `one.last`")
    );
    stage.from = start(true);
    let continued = texts("continued", "12 parameters; all weights are those of `one.last`");
    assert_eq!(shown(&derived(&stage), "head"), continued);
    let mut classes = classify_stage(gpt(1, 2, 12, 9, 29), 3, 3, 3);
    let records = RecordFacts { classes: vec![("a".into(), 2), ("b".into(), 1)], lengths: vec![(3, 3)] };
    classes.data_facts.splits.first_mut().expect("a training part").records = Some(records);
    classes.from = start(true);
    assert_eq!(shown(&derived(&classes), "head").0, "continued");
}

#[test]
fn reward_models_plan_on_a_gpu() {
    let mut stage = reward_stage(gpt(1, 2, 12, 9, 29), (0.01, true), 3, 3);
    stage.hardware.backend = Backend::Cuda;
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    assert!(outcome.diagnostics.iter().all(|d| !d.is_error()), "{:?}", outcome.diagnostics);
}
