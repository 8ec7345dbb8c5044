//! One part of the data goes through the steps of one pass: on all cores, with a result that does not depend on how many there are.

use super::duplicates::Duplicate;
use super::quality::{Look, Sketch, checks};
use super::report::{Amount, Example, Report, StepReport, excerpt, length_class};
use super::signature::{Signer, units};
use super::steps::language::identify;
use super::store::Stored;
use super::subject::{Judge, Scratch, Subject, Verdict};
use super::units::{Place, UnitWriter};
use rayon::prelude::*;
use regimen_base::cleaning::Level;
use serde::{Deserialize, Serialize};

/// Of so many documents the language and the words of one are looked at, and of all of the first ones.
const SAMPLE_EVERY: u64 = 20;

/// So many documents are the first ones.
const SAMPLE_FIRST: u64 = 500;

/// The steps between two comparisons of all documents.
pub(super) struct Pass {
    /// The comparison before it: its step and what it compared.
    pub resolve: Option<(usize, Level)>,
    /// Steps that look at one document, with their numbers.
    pub judges: Vec<(usize, Box<dyn Judge>)>,
    /// The comparison after it.
    pub sign: Option<(usize, Signer)>,
}

/// A document that goes, as the log holds it: `--why` reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dropped {
    /// Where it began.
    #[serde(flatten)]
    pub place: Place,
    /// Number of the step.
    pub step: usize,
    /// Its rule.
    pub rule: String,
    /// What the rule found.
    pub detail: String,
}

/// What is known when a pass begins.
pub(super) struct Known<'a> {
    /// Names of all steps.
    pub steps: &'a [&'static str],
    /// What the comparison before it found, in the order of the units.
    pub duplicates: &'a [Duplicate],
    /// Names of the files.
    pub files: &'a [String],
    /// Whether the documents are read for the first time, and whether they are through after this.
    pub first: bool,
    pub last: bool,
}

/// What became of one document.
struct Done {
    place: Place,
    /// Its text; empty if it goes.
    text: String,
    dropped: Option<(Dropped, Amount, String)>,
    /// Amount before each step that it came to, and whether the step changed it.
    passed: Vec<(usize, Amount, bool)>,
    notes: Vec<(usize, &'static str, u64)>,
    signatures: Vec<Option<Vec<u64>>>,
    amount: Amount,
    language: Option<&'static str>,
    /// What it is like when it is read for the first time, and when it stays in the end.
    looks: [Option<Look>; 2],
    /// The check that it does not pass.
    failed: Option<&'static str>,
}

/// What became of a group of documents.
pub(super) struct Group {
    /// Documents that stay.
    pub kept: Vec<Stored>,
    /// Documents that go.
    pub dropped: Vec<Dropped>,
}

/// Sends documents through a pass. `first_document` and `first_unit` are their numbers among all.
pub(super) fn group(
    pass: &Pass,
    known: &Known<'_>,
    documents: Vec<Stored>,
    counters: &mut Counters,
    report: &mut Report,
    sketches: &mut Sketches,
    signed: &mut UnitWriter,
) -> Group {
    let counts: Vec<u64> = match pass.resolve {
        Some((_, level)) => documents.par_iter().map(|d| units(level, &d.text).len() as u64).collect(),
        None => vec![0; documents.len()],
    };
    let mut numbered = Vec::with_capacity(documents.len());
    for (document, count) in documents.into_iter().zip(counts) {
        numbered.push((document, counters.documents, counters.units, count));
        counters.documents += 1;
        counters.units += count;
    }
    let done: Vec<Done> = numbered
        .into_par_iter()
        .map_init(Scratch::default, |scratch, (document, number, unit, count)| {
            let found = known.duplicates;
            let from = found.partition_point(|d| d.unit < unit);
            let to = found.partition_point(|d| d.unit < unit + count);
            one(pass, known, document, number, (unit, found.get(from..to).unwrap_or(&[])), scratch)
        })
        .collect();
    let mut group = Group { kept: vec![], dropped: vec![] };
    for done in done {
        record(done, known, report, sketches, signed, &mut group);
    }
    group
}

/// What documents are like, as they are read and as they are left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sketches {
    pub before: Sketch,
    pub after: Sketch,
}

impl Sketches {
    /// Adds those of another part.
    pub(super) fn merge(&mut self, other: Sketches) {
        self.before.merge(other.before);
        self.after.merge(other.after);
    }
}

/// Numbers that go on from part to part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counters {
    /// Documents that came to the pass.
    pub documents: u64,
    /// Units of the comparison before it.
    pub units: u64,
}

/// A document on its way through a pass.
struct Way {
    subject: Subject,
    amount: Amount,
    passed: Vec<(usize, Amount, bool)>,
    notes: Vec<(usize, &'static str, u64)>,
}

fn one(
    pass: &Pass,
    known: &Known<'_>,
    document: Stored,
    number: u64,
    duplicates: (u64, &[Duplicate]),
    scratch: &mut Scratch,
) -> Done {
    let place = Place { file: document.file, line: document.line };
    let amount = Amount::of(&document.text);
    let sampled = number < SAMPLE_FIRST || number.is_multiple_of(SAMPLE_EVERY);
    let look = |text: &str, language| Look::at(text, number, sampled, language);
    let language = |text: &str| sampled.then(|| identify(text).map_or("unknown", |(code, _)| code));
    // Without steps, what is read is what stays.
    let alone = known.first && known.last && pass.judges.is_empty();
    let before = (known.first && !alone).then(|| look(&document.text, language(&document.text)));
    let subject = Subject::new(document.text);
    let mut way = Way { subject, amount, passed: vec![], notes: vec![] };
    let resolved = pass.resolve.and_then(|(step, level)| way.resolve(step, level, duplicates, known));
    let dropped = resolved
        .or_else(|| pass.judges.iter().find_map(|(step, judge)| way.judge(*step, judge.as_ref(), scratch)));
    let mut done = Done {
        place,
        text: String::new(),
        dropped: None,
        passed: way.passed,
        notes: way.notes,
        signatures: vec![],
        amount: way.amount,
        language: None,
        looks: [before, None],
        failed: None,
    };
    match dropped {
        Some((step, rule, detail)) => {
            let text = excerpt(way.subject.text());
            done.dropped = Some((Dropped { place, step, rule: rule.to_string(), detail }, way.amount, text));
        }
        None => {
            done.text = way.subject.into_text();
            if let Some((_, signer)) = &pass.sign {
                done.signatures =
                    units(signer.level(), &done.text).into_iter().map(|u| signer.sign(u)).collect();
            }
            if known.last {
                done.language = language(&done.text);
                let nameless = (done.language == Some("unknown")).then_some(checks::NO_LANGUAGE);
                done.failed = checks::failed(&done.text).or(nameless);
                done.looks[1] = Some(look(&done.text, done.language));
            }
        }
    }
    done
}

impl Way {
    /// What the comparison before the pass found.
    fn resolve(
        &mut self,
        step: usize,
        level: Level,
        (first, found): (u64, &[Duplicate]),
        known: &Known<'_>,
    ) -> Option<(usize, &'static str, String)> {
        self.passed.push((step, self.amount, false));
        let one = found.first()?;
        let name = known.files.get(one.of.file as usize).map_or("?", String::as_str);
        let of = format!("of {name}:{}", one.of.line);
        if level == Level::Document {
            return Some((step, "duplicate", of));
        }
        let gone = |index: usize| found.binary_search_by_key(&(first + index as u64), |d| d.unit).is_ok();
        let kept: Vec<&str> = units(level, self.subject.text())
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !gone(*index))
            .map(|(_, unit)| unit)
            .collect();
        if kept.is_empty() {
            return Some((step, "only duplicate paragraphs", of));
        }
        let text = kept.join("\n\n");
        self.notes.push((step, "duplicate paragraphs", found.len() as u64));
        self.changed(text);
        None
    }

    fn judge(
        &mut self,
        step: usize,
        judge: &dyn Judge,
        scratch: &mut Scratch,
    ) -> Option<(usize, &'static str, String)> {
        self.passed.push((step, self.amount, false));
        // A text that was changed has another length or other bytes; its own copy would cost more than this hash.
        let before = xxhash_rust::xxh3::xxh3_64(self.subject.text().as_bytes());
        let verdict = judge.judge(&mut self.subject, scratch);
        let notes = std::mem::take(&mut self.subject.notes);
        self.notes.extend(notes.into_iter().map(|(what, count)| (step, what, count)));
        match verdict {
            Verdict::Drop { rule, detail } => Some((step, rule, detail)),
            Verdict::Keep => {
                if xxhash_rust::xxh3::xxh3_64(self.subject.text().as_bytes()) != before {
                    self.amount = Amount::of(self.subject.text());
                    self.mark();
                }
                None
            }
        }
    }

    fn changed(&mut self, text: String) {
        self.amount = Amount::of(&text);
        self.subject.set_text(text);
        self.mark();
    }

    fn mark(&mut self) {
        if let Some((_, _, changed)) = self.passed.last_mut() {
            *changed = true;
        }
    }
}

fn record(
    done: Done,
    known: &Known<'_>,
    report: &mut Report,
    sketches: &mut Sketches,
    signed: &mut UnitWriter,
    group: &mut Group,
) {
    let [read, left] = done.looks;
    report.steps.resize_with(known.steps.len(), StepReport::default);
    for (step, name) in report.steps.iter_mut().zip(known.steps) {
        step.step = (*name).to_string();
    }
    if known.first {
        let before = done.passed.first().map_or(done.amount, |(_, amount, _)| *amount);
        report.before.add(before);
        *report.lengths_before.entry(length_class(before.words)).or_default() += 1;
        if let Some(look) = read {
            sketches.before.add(look);
        }
    }
    // What a step leaves is what comes to the next; after the last one it is what stays.
    let afters = done.passed.iter().skip(1).map(|(_, amount, _)| Some(*amount));
    let last = done.dropped.is_none().then_some(done.amount);
    for ((step, before, changed), after) in done.passed.iter().zip(afters.chain([last])) {
        let Some(step) = report.steps.get_mut(*step) else { continue };
        step.before.add(*before);
        step.changed += u64::from(*changed);
        if let Some(after) = after {
            step.after.add(after);
        }
    }
    for (step, what, count) in done.notes {
        if let Some(step) = report.steps.get_mut(step) {
            *step.notes.entry(what.to_string()).or_default() += count;
        }
    }
    if let Some((dropped, amount, text)) = done.dropped {
        if let Some(step) = report.steps.get_mut(dropped.step) {
            let Place { file, line } = dropped.place;
            let detail = dropped.detail.clone();
            step.removed(&dropped.rule, amount, || Example { file, line, detail, text });
        }
        group.dropped.push(dropped);
        return;
    }
    if known.last {
        report.after.add(done.amount);
        *report.lengths_after.entry(length_class(done.amount.words)).or_default() += 1;
        *report.words_by_file.entry(done.place.file).or_default() += done.amount.words;
        if let Some(look) = left {
            sketches.after.add(look);
        }
    }
    if let Some(check) = done.failed {
        let Place { file, line } = done.place;
        let example = || Example { file, line, detail: String::new(), text: excerpt(&done.text) };
        report.fails(check, done.amount, example);
    }
    if let Some(language) = done.language {
        *report.languages.entry(language.to_string()).or_default() += 1;
    }
    done.signatures.into_iter().for_each(|signature| signed.push(done.place, signature));
    group.kept.push(Stored { file: done.place.file, line: done.place.line, text: done.text, label: None });
}
