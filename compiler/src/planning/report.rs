//! What a plan says of a stage to people: the numbers that follow from it, and notes on them.

use super::show::{self, bytes, count, counted, duration};
use super::time::{Device, Seconds};
use super::{memory, pairs, records, time, upper_bound};
use crate::codes;
use crate::experiment::{Objective, Stage};
use crate::ops;
use crate::schema::listed;
use crate::stages::Lowered;
use regimen_base::data::SplitFacts;
use regimen_base::mixing::{Available, Draws};
use regimen_base::packing::{Filled, filled};
use regimen_base::plan::{Backend, Derived, Report};
use regimen_base::program::Instruction;
use regimen_base::tensor::Mesh;
use regimen_base::{Diagnostic, SourceMap};
use std::collections::BTreeSet;

/// Tokens per parameter that make the best of a compute budget (Hoffmann et al., arXiv 2203.15556).
pub const CHINCHILLA: f64 = 20.0;

/// Everything predicted of a lowered stage, budgets excepted.
pub fn report(stage: &Stage, lowered: &Lowered, sources: &SourceMap) -> Report {
    let seconds = time::predict(stage, lowered);
    let flops: f64 = lowered
        .runs
        .iter()
        .map(|(name, times)| *times as f64 * lowered.programs.get(name).map_or(0.0, |p| p.flops as f64))
        .sum();
    let mut memory = memory::describe(&lowered.programs, &lowered.residents, &Mesh::default(), &|name| {
        source(stage, sources, name)
    });
    memory.upper_bound = upper_bound(stage, lowered);
    let devices = stage.hardware.count as f64;
    Report {
        stage: stage.name.clone(),
        derived: derived(stage, lowered, &seconds),
        memory,
        flops,
        formula_flops: formula_flops_per_token(stage) * tokens(stage) as f64,
        seconds: seconds.stage,
        step_seconds: seconds.step,
        calibrated: stage.hardware.efficiency.calibrated,
        dollars: stage.hardware.price.map(|p| p * devices * seconds.stage / 3600.0),
        joules: stage.hardware.watts.map(|w| w * devices * seconds.stage),
        budgets: vec![],
    }
}

/// Tokens that the stage trains on.
pub fn tokens(stage: &Stage) -> u64 {
    stage.steps * stage.batch * stage.sequence * stage.texts()
}

/// 6·N_matmul + 12·L·C·T: training FLOPs per token by the usual formula.
pub fn formula_flops_per_token(stage: &Stage) -> f64 {
    let d = stage.model.spec.dimensions();
    6.0 * d.matmul_parameters as f64 + 12.0 * (d.layers * d.attention_width * stage.sequence) as f64
}

/// Notes on a stage's arithmetic that are no mistakes.
pub fn notes(stage: &Stage) -> Vec<Diagnostic> {
    let parameters = stage.model.parameters;
    let ratio = tokens(stage) as f64 / parameters as f64;
    // Fine-tuning starts from something that has seen its tokens already.
    let headed = stage.model.spec.classifier().is_some();
    let pretraining = stage.from.is_none() && stage.model.weights.is_none() && !headed;
    let mut notes: Vec<Diagnostic> =
        stage.hardware.plans_only.iter().map(|why| codes::e0605::plans_only(stage, why)).collect();
    if pretraining && !(CHINCHILLA / 4.0..=CHINCHILLA * 10.0).contains(&ratio) {
        notes.push(codes::e0710::far_from_chinchilla(stage.spans.duration, ratio, parameters));
    }
    notes.extend(records::notes(stage));
    notes
}

/// Inputs that come from the batch and not from the model.
const BATCH: [&str; 12] = [
    "tokens",
    "labels",
    "divisor",
    "samples",
    "segments",
    "positions",
    "rows",
    "types",
    "follows",
    "pair_divisor",
    "margins",
    "shares",
];

fn source(stage: &Stage, sources: &SourceMap, name: &str) -> String {
    let from_batch = BATCH.contains(&name);
    let span = if from_batch { stage.span } else { stage.model.span };
    let file = sources.get(span.file).map_or("", |s| s.name.as_str());
    format!("{file}:{}", sources.line_column(span).0)
}

/// Operations that do not give the same bits every time.
fn not_repeatable(lowered: &Lowered) -> BTreeSet<&str> {
    let instructions = lowered.programs.values().flat_map(|program| &program.instructions);
    let varies = |i: &&Instruction| ops::find(&i.op).is_some_and(|op| !op.repeats(&i.attrs));
    instructions.filter(varies).map(|i| &*i.op).collect()
}

/// Operations that take a slower kernel because that one repeats, and what this costs: seconds of a step.
fn made_repeatable<'a>(stage: &Stage, lowered: &'a Lowered) -> (BTreeSet<&'a str>, f64) {
    let repeating = Device::new(stage);
    let free = repeating.not_repeating();
    let (mut names, mut seconds) = (BTreeSet::new(), 0.0);
    for (program, times) in [("micro_step", lowered.accumulate), ("update", 1)] {
        let Some(program) = lowered.programs.get(program) else { continue };
        for instruction in &program.instructions {
            let faster = ops::find(&instruction.op).and_then(|op| op.faster(&instruction.attrs));
            let Some(attrs) = faster else { continue };
            let other = Instruction { attrs, ..instruction.clone() };
            let costs = time::instruction_seconds(program, instruction, &repeating)
                - time::instruction_seconds(program, &other, &free);
            seconds += times as f64 * costs;
            names.insert(&*instruction.op);
        }
    }
    (names, seconds)
}

/// What samples of conversations consist of: name, value and remark of each line.
fn conversations(filled: &Filled, sequence: u64, packing: bool) -> [(&'static str, String, String); 3] {
    let share = |part: u64, whole: u64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
    let all = filled.rows * sequence;
    let left_out = match filled.too_long {
        0 => String::new(),
        n => format!("{} longer than a sample are left out", count(n)),
    };
    let labels = format!("{} of {} are labels", count(filled.supervised), counted(filled.positions, "token"));
    let laid = if packing { "as many in a sample as fit" } else { "one in each sample" };
    [
        ("conversations", count(filled.conversations), left_out),
        ("supervised", share(filled.supervised, filled.positions), labels),
        ("padding", share(all.saturating_sub(filled.positions), all), laid.to_string()),
    ]
}

/// What several sources of conversations fill together.
fn together(parts: impl Iterator<Item = Filled>) -> Filled {
    parts.fold(Filled::default(), |sum, part| Filled {
        rows: sum.rows + part.rows,
        conversations: sum.conversations + part.conversations,
        positions: sum.positions + part.positions,
        supervised: sum.supervised + part.supervised,
        too_long: sum.too_long + part.too_long,
    })
}

/// How many tokens of each source of a mix are trained on, and how often each is seen.
fn sources(stage: &Stage, lowered: &Lowered) -> Vec<(String, String, String)> {
    let train = stage.data_facts.splits.iter().find(|s| s.name == "train");
    let feed = lowered.feeds.iter().find(|feed| feed.name == "train");
    let (Some(train), Some(feed)) = (train, feed) else { return vec![] };
    let weights = feed.mix.iter().map(|drawn| drawn.weight).collect();
    let Some(draws) = Draws::new(weights, feed.shuffle) else { return vec![] };
    let counts = draws.counts(stage.steps * stage.batch);
    let available = stage.available(train);
    let line = |(member, has): (&SplitFacts, &Available)| {
        let drawn = feed.mix.iter().position(|drawn| drawn.source == member.name);
        let samples = drawn.and_then(|place| counts.get(place)).copied().unwrap_or(0);
        (samples, samples as f64 * has.tokens, samples as f64 / has.samples.max(1) as f64)
    };
    let lines: Vec<(u64, f64, f64)> = train.members.iter().zip(&available).map(line).collect();
    let all: f64 = lines.iter().map(|(_, tokens, _)| tokens).sum();
    let shown = |(member, (samples, tokens, epochs)): (&SplitFacts, (u64, f64, f64))| {
        let share = 100.0 * tokens / all.max(1.0);
        let how = format!(
            "{share:.1} %: {} samples, {} epochs of {} tokens",
            count(samples),
            show::number(epochs),
            count(member.tokens)
        );
        (format!("from {}", member.name), format!("{} tokens", count(tokens.round() as u64)), how)
    };
    train.members.iter().zip(lines).map(shown).collect()
}

fn derived(stage: &Stage, lowered: &Lowered, seconds: &Seconds) -> Vec<Derived> {
    let mut list = sizes(stage, lowered, seconds);
    list.extend(passes(stage));
    list.extend(sources(stage, lowered).into_iter().map(|(name, value, how)| line(name, value, how)));
    let kinds = records::derived(stage).into_iter().chain(pairs::derived(stage));
    list.extend(kinds.map(|(name, value, how)| line(name, value, how)));
    list.extend(evaluated(stage, lowered));
    // Our own kernels on a CPU always repeat.
    if stage.hardware.backend != Backend::Cpu {
        list.extend(repeats(stage, lowered));
    }
    list
}

fn line(name: impl Into<String>, value: String, how: String) -> Derived {
    Derived { name: name.into(), value, how }
}

/// What follows from sizes alone.
fn sizes(stage: &Stage, lowered: &Lowered, seconds: &Seconds) -> Vec<Derived> {
    let all = tokens(stage);
    let per_step = stage.batch * stage.sequence * stage.texts();
    let (sample, texts) = if stage.texts() == 1 { ("sequence", "") } else { ("pair", " × 2 texts") };
    let laid = format!("{}{texts} × {}", counted(stage.batch, sample), counted(stage.sequence, "token"));
    let micro = if lowered.accumulate == 1 { "micro-batch" } else { "micro-batches" };
    let cut = format!("{} {micro} of {}", count(lowered.accumulate), count(lowered.micro_batch));
    let saved = seconds.checkpoints;
    let saving = format!("{} each, {} in all", bytes(saved.bytes), duration(saved.seconds));
    let each = show::number(all as f64 / stage.model.parameters as f64);
    vec![
        line("parameters", count(stage.model.parameters), String::new()),
        line("vocabulary", count(stage.model.spec.vocab()), String::new()),
        line("tokens per step", count(per_step), laid),
        line("batch", counted(stage.batch, sample), cut),
        line("checkpoints", count(saved.count), saving),
        line("steps", count(stage.steps), format!("{} of warmup", count(stage.learning_rate.warmup))),
        line("tokens", count(all), format!("{each} per parameter; Chinchilla: {CHINCHILLA:.0}")),
    ]
}

/// How often running text or conversations are seen, and how they fill samples.
fn passes(stage: &Stage) -> Vec<Derived> {
    let Some(train) = stage.data_facts.splits.iter().find(|s| s.name == "train") else { return vec![] };
    if let Objective::Supervised { packing } = stage.objective {
        let filled =
            together(train.parts().iter().map(|part| filled(&part.lengths, stage.sequence, packing)));
        let epochs = show::number((stage.steps * stage.batch) as f64 / filled.rows.max(1) as f64);
        let mut list = vec![line("epochs", epochs, format!("{} training samples", count(filled.rows)))];
        let filling = conversations(&filled, stage.sequence, packing);
        list.extend(filling.into_iter().map(|(name, value, how)| line(name, value, how)));
        return list;
    }
    if train.tokens == 0 || train.records.is_some() || stage.texts() != 1 {
        return vec![];
    }
    let epochs = show::number(tokens(stage) as f64 / train.tokens as f64);
    let mut list = vec![line("epochs", epochs, format!("{} training tokens", count(train.tokens)))];
    if stage.objective == (Objective::CausalLm { documents: true }) {
        // Every cut between two samples makes one piece more.
        let samples = (train.tokens as f64 / stage.sequence as f64).max(1.0);
        let texts = show::number(train.documents as f64 / samples + 1.0);
        let ends = 100.0 * train.documents as f64 / train.tokens as f64;
        let how = format!(
            "about {texts} documents or pieces in a sample, which do not see each other; {ends:.1} % of tokens are ends and have no label"
        );
        list.push(line("padding", "0.0 %".to_string(), how));
    }
    list
}

/// How much of the part that evaluations read they see.
fn evaluated(stage: &Stage, lowered: &Lowered) -> Option<Derived> {
    let feed = lowered.feeds.iter().find(|feed| feed.name == "validation")?;
    let evaluate = stage.evaluate.as_ref();
    let part = evaluate.map_or("", |evaluate| evaluate.split.as_str());
    let known = evaluate.and_then(|e| stage.data_facts.splits.iter().find(|s| s.name == e.split));
    let all = known.map_or(0, |split| stage.samples_of(split));
    let of = if feed.batch < all {
        format!("of the {} of `{part}`", count(all))
    } else {
        format!("all of `{part}`")
    };
    Some(line("evaluated", counted(feed.batch, "sample"), of))
}

/// Whether two runs on a GPU have the same bits, and what that costs.
fn repeats(stage: &Stage, lowered: &Lowered) -> Vec<Derived> {
    let mut list = vec![];
    let varying = not_repeatable(lowered);
    if !varying.is_empty() {
        let how = format!(
            "two runs differ in the last bits by {}; `reproducible = true` takes others",
            listed(varying)
        );
        list.push(line("repeatable", "no".to_string(), how));
    }
    let (chosen, seconds) = made_repeatable(stage, lowered);
    if !chosen.is_empty() {
        let cost = match stage.hardware.efficiency.calibrated {
            true => format!("{:+.1} ms a step", seconds * 1e3),
            false => "what that costs, `regimen calibrate` measures".to_owned(),
        };
        list.push(line(
            "repeatable",
            "yes".to_string(),
            format!("slower kernels of {}: {cost}", listed(chosen)),
        ));
    }
    list
}
