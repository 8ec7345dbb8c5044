//! The steps of one declaration, in passes: documents stream through the steps of a pass in parts of a fixed size, and each part is
//! kept on disk as soon as it is through. So memory does not grow with the data, and an interrupted run goes on with the next part.

use super::Input;
use super::duplicates::{Duplicate, duplicates};
use super::part::{Counters, Dropped, Known, Pass, Sketches, group};
use super::quality::{Quality, checks};
use super::report::{Amount, Example, Report, excerpt};
use super::signature::Signer;
use super::steps::judge;
use super::store::{StoreWriter, Stored};
use super::units::UnitWriter;
use crate::cache::entry::write_file;
use crate::codes::{e0553, e0554, e0555, e0564, e0565, e0578, e0579, e0581, e0585, e0591, e0592};
use crate::progress::Progress;
use crate::{Fault, Outcome, Place as Folder};
use regimen_base::Diagnostic;
use regimen_base::cleaning::{Cleaning, Step};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// About how many bytes of text are a part.
const PART: usize = 64 << 20;

/// About how many bytes of text are read while as many are worked on.
const GROUP: usize = 4 << 20;

/// More broken records than this are not told one by one.
const MAX_REPORTED: usize = 20;

/// Everything about one run through a chain of steps.
pub(super) struct Chain<'a> {
    pub folder: &'a Folder,
    /// Name of the declaration.
    pub name: &'a str,
    pub cleaning: &'a Cleaning,
    pub input: &'a Input,
    /// Names of the files that documents come from.
    pub files: Vec<String>,
    /// Where parts are kept until all is done.
    pub work: PathBuf,
    /// About how many bytes of text are a part.
    pub part: usize,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Broken {
    /// What is wrong, with file and line.
    pub message: String,
}

/// What is known of a part that is through.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct PartRecord {
    /// Records read for it, broken ones included.
    read: u64,
    /// Numbers with which the next part goes on.
    counters: Counters,
    /// Whether it is the last one.
    end: bool,
    report: Report,
    broken: Vec<Broken>,
}

/// What a chain left: files in the work folder, and the report.
pub(super) struct Finished {
    pub report: Report,
    pub documents: Vec<PathBuf>,
    pub dropped: Vec<PathBuf>,
    pub broken: Vec<Broken>,
}

type Source<'a> = Box<dyn Iterator<Item = Result<Stored, Fault>> + Send + 'a>;

impl<'a> Chain<'a> {
    /// About 64 MiB of text a part.
    pub(super) const PART: usize = PART;

    /// Runs, or goes on with, all passes.
    pub(super) fn run(&self, progress: &mut dyn Progress) -> Outcome<Finished> {
        let passes = passes(self.folder, &self.cleaning.steps)?;
        let names: Vec<&'static str> = self.cleaning.steps.iter().map(Step::name).collect();
        let mut finished =
            Finished { report: Report::default(), documents: vec![], dropped: vec![], broken: vec![] };
        let mut found: Vec<Duplicate> = vec![];
        for (index, pass) in passes.iter().enumerate() {
            let known = Known {
                steps: &names,
                duplicates: &found,
                files: &self.files,
                first: index == 0,
                last: index + 1 == passes.len(),
            };
            let phase = format!("cleaning {}, {} of {}", self.name, index + 1, passes.len());
            let records = self.pass(index, pass, &known, &phase, progress)?;
            let path = |part: usize, what| self.path(index, part, what);
            finished.dropped.extend((0..records.len()).map(|part| path(part, "dropped")));
            finished.documents = (0..records.len()).map(|part| path(part, "documents")).collect();
            for record in records {
                finished.report.add(record.report);
                finished.broken.extend(record.broken);
            }
            if index == 0 {
                self.judge_broken(&finished)?;
            }
            // What came to this pass is not read again: an interrupted run goes on after it.
            if let Some(before) = index.checked_sub(1) {
                self.remove(before, &["documents", "units"]);
            }
            found = vec![];
            if let Some((_, signer)) = &pass.sign
                && !self.through(index + 1).last().is_some_and(|record| record.end)
            {
                progress.begin("comparing documents", None);
                let units: Vec<PathBuf> =
                    (0..finished.documents.len()).map(|part| path(part, "units")).collect();
                found = duplicates(signer, &units).map_err(|error| self.disk(&error))?;
                progress.finish();
            }
        }
        for (step, judge) in passes.iter().flat_map(|pass| &pass.judges) {
            if let Some(step) = finished.report.steps.get_mut(*step) {
                step.trained = judge.trained();
            }
        }
        let quality = self.quality(passes.len()).map_err(|error| self.disk(&error))?;
        (finished.report.quality_before, finished.report.quality_after) = quality;
        Ok(finished)
    }

    /// What documents are like as they are read, unless no step looks at them, and as they are left.
    fn quality(&self, passes: usize) -> io::Result<(Option<Quality>, Quality)> {
        let mut sum = Sketches::default();
        let ends = [0, passes.saturating_sub(1)];
        let ends = ends.get(usize::from(passes == 1)..).unwrap_or(&[]);
        for pass in ends {
            // One part at a time: together they may be large.
            for part in 0..self.through(*pass).len() {
                let text = fs::read(self.path(*pass, part, "sketches"))?;
                sum.merge(serde_json::from_slice(&text)?);
            }
        }
        let before = (!self.cleaning.steps.is_empty()).then(|| sum.before.quality());
        Ok((before, sum.after.quality()))
    }

    /// All parts of a pass; those that are there already are not made again.
    fn pass(
        &self,
        index: usize,
        pass: &Pass,
        known: &Known<'_>,
        phase: &str,
        progress: &mut dyn Progress,
    ) -> Outcome<Vec<PartRecord>> {
        fs::create_dir_all(self.work.join(index.to_string())).map_err(|error| self.disk(&error))?;
        let mut records = self.through(index);
        if records.last().is_some_and(|record| record.end) {
            return Ok(records);
        }
        let total = if known.first { self.input.bytes() } else { None };
        progress.begin(phase, total);
        let mut source = self.source(index);
        for _ in 0..records.iter().map(|record| record.read).sum() {
            let _ = source.next();
        }
        let mut reading = Reading { source, waiting: vec![], bytes: 0 };
        reading.waiting = reading.next();
        loop {
            let before = records.last().map(|record| record.counters).unwrap_or_default();
            let place = (index, records.len());
            let record = self.one_part(place, pass, known, before, &mut reading, progress)?;
            let end = record.end;
            records.push(record);
            if end {
                break;
            }
        }
        progress.finish();
        self.input.check_unchanged().map_err(|name| vec![e0565::changed_while_read(&name)])?;
        Ok(records)
    }

    /// The records of the parts that are through, from the first on.
    fn through(&self, pass: usize) -> Vec<PartRecord> {
        let read = |part| {
            let text = fs::read(self.path(pass, part, "json")).ok()?;
            serde_json::from_slice::<PartRecord>(&text).ok()
        };
        (0..).map_while(read).collect()
    }

    /// Removes files of all parts of a pass. What cannot be removed is in nobody's way.
    fn remove(&self, pass: usize, what: &[&str]) {
        for (part, what) in
            (0..self.through(pass).len()).flat_map(|part| what.iter().map(move |w| (part, *w)))
        {
            let _ = fs::remove_file(self.path(pass, part, what));
        }
    }

    fn path(&self, pass: usize, part: usize, what: &str) -> PathBuf {
        self.work.join(pass.to_string()).join(format!("{part:05}.{what}"))
    }

    /// What comes to a pass.
    fn source(&self, pass: usize) -> Source<'_> {
        let Some(before) = pass.checked_sub(1) else { return self.input.documents() };
        let parts = self.through(before).len();
        let stores = (0..parts).map(move |part| self.path(before, part, "documents")).collect();
        super::stored(stores)
    }

    fn one_part(
        &self,
        (pass_index, part): (usize, usize),
        pass: &Pass,
        known: &Known<'_>,
        counters: Counters,
        reading: &mut Reading<'_>,
        progress: &mut dyn Progress,
    ) -> Outcome<PartRecord> {
        let path = |what| self.path(pass_index, part, what);
        let disk = |error: io::Error| self.disk(&error);
        let mut writer = StoreWriter::create(&path("documents")).map_err(disk)?;
        let columns = pass.sign.as_ref().map_or(0, |(_, signer)| signer.columns());
        let mut signed = UnitWriter::new(columns);
        let mut sketches = Sketches::default();
        let mut record = PartRecord { counters, ..PartRecord::default() };
        let mut log = vec![];
        let mut bytes = 0;
        while bytes < self.part {
            let items = std::mem::take(&mut reading.waiting);
            if items.is_empty() {
                record.end = true;
                break;
            }
            record.read += items.len() as u64;
            let documents = self.sort_out(items, &mut record)?;
            let size: usize = documents.iter().map(|d| d.text.len()).sum();
            let (counters, report) = (&mut record.counters, &mut record.report);
            let (done, next) = rayon::join(
                || group(pass, known, documents, counters, report, &mut sketches, &mut signed),
                || reading.next(),
            );
            reading.waiting = next;
            for kept in done.kept {
                writer.push(kept.file, kept.line, &kept.text).map_err(disk)?;
            }
            write_log(&mut log, &done.dropped).map_err(disk)?;
            bytes += size;
            progress.advance(size as u64);
        }
        record.end |= reading.waiting.is_empty();
        writer.finish().map_err(disk)?;
        write_file(&path("dropped"), &log).map_err(disk)?;
        if pass.sign.is_some() {
            signed.write(&path("units")).map_err(disk)?;
        }
        if known.first || known.last {
            let text = serde_json::to_vec(&sketches).map_err(|error| disk(error.into()))?;
            write_file(&path("sketches"), &text).map_err(disk)?;
        }
        // The last file says that the others are whole.
        let text = serde_json::to_vec(&record).map_err(|error| disk(error.into()))?;
        write_file(&path("json"), &text).map_err(disk)?;
        Ok(record)
    }

    /// Documents apart from broken records, which are counted or stop everything.
    fn sort_out(&self, items: Vec<Result<Stored, Fault>>, record: &mut PartRecord) -> Outcome<Vec<Stored>> {
        let mut documents = Vec::with_capacity(items.len());
        let mut wrong: Vec<Diagnostic> = vec![];
        for item in items {
            match item {
                Ok(document) => {
                    self.check_class(&document, &mut record.report);
                    documents.push(document);
                }
                Err(fault) if self.cleaning.broken > 0.0 && is_record(&fault) => {
                    record.report.broken += 1;
                    let why = fault.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
                    record.broken.push(Broken { message: format!("{}{why}", fault.title) });
                }
                Err(fault) => wrong.push(*fault),
            }
        }
        wrong.truncate(MAX_REPORTED);
        if wrong.is_empty() { Ok(documents) } else { Err(wrong) }
    }

    /// Counts a record whose class is none of those that are declared.
    fn check_class(&self, document: &Stored, report: &mut Report) {
        let (Some(label), classes) = (&document.label, self.input.classes()) else { return };
        if !classes.is_empty() && !classes.contains(label) {
            let detail = format!("`{}`", excerpt(label));
            let (file, line, text) = (document.file, document.line, excerpt(&document.text));
            report.fails(checks::UNDECLARED, Amount::of(&document.text), || Example {
                file,
                line,
                detail,
                text,
            });
        }
    }

    fn judge_broken(&self, finished: &Finished) -> Outcome<()> {
        let (broken, whole) = (finished.report.broken, finished.report.before.documents);
        if broken as f64 <= self.cleaning.broken * (broken + whole) as f64 {
            return Ok(());
        }
        let mut message = e0585::too_many(self.name, broken, broken + whole, self.cleaning.broken);
        for one in finished.broken.iter().take(5) {
            message = message.because(one.message.clone());
        }
        Err(vec![message])
    }

    fn disk(&self, error: &io::Error) -> Vec<Diagnostic> {
        vec![e0564::cache_not_written(&self.work.display().to_string(), error)]
    }
}

/// Whether a fault is that of one record, after which the others can be read.
fn is_record(fault: &Diagnostic) -> bool {
    let of_records = [
        &e0553::PAGE,
        &e0554::PAGE,
        &e0555::PAGE,
        &e0578::PAGE,
        &e0579::PAGE,
        &e0581::PAGE,
        &e0591::PAGE,
        &e0592::PAGE,
    ];
    of_records.iter().any(|page| page.code == fault.code)
}

/// Steps in passes: a comparison of all documents ends one.
fn passes(folder: &Folder, steps: &[Step]) -> Outcome<Vec<Pass>> {
    let empty = |resolve| Pass { resolve, judges: vec![], sign: None };
    let mut passes = vec![];
    let mut pass = empty(None);
    for (index, step) in steps.iter().enumerate() {
        if let Some(signer) = Signer::of(step) {
            let resolve = Some((index, signer.level()));
            pass.sign = Some((index, signer));
            passes.push(std::mem::replace(&mut pass, empty(resolve)));
        } else if let Some(judge) = judge(folder, step)? {
            pass.judges.push((index, judge));
        }
    }
    passes.push(pass);
    Ok(passes)
}

/// Documents on their way from a source.
struct Reading<'a> {
    source: Source<'a>,
    /// What is worked on next; empty at the end.
    waiting: Vec<Result<Stored, Fault>>,
    bytes: usize,
}

impl Reading<'_> {
    /// The next records, about [`GROUP`] bytes.
    fn next(&mut self) -> Vec<Result<Stored, Fault>> {
        let mut items = vec![];
        self.bytes = 0;
        while self.bytes < GROUP {
            let Some(item) = self.source.next() else { break };
            self.bytes += item.as_ref().map_or(1_000, |document| document.text.len() + 1);
            items.push(item);
        }
        items
    }
}

fn write_log(log: &mut Vec<u8>, dropped: &[Dropped]) -> io::Result<()> {
    for one in dropped {
        serde_json::to_writer(&mut *log, one)?;
        log.push(b'\n');
    }
    Ok(())
}

impl Finished {
    /// Puts what is left into the folder of an entry. Linked, not moved: until the entry is whole, an interrupted run must find
    /// its parts where they were.
    pub(super) fn put(&self, folder: &Path) -> io::Result<()> {
        for (index, path) in self.documents.iter().enumerate() {
            let to = folder.join(super::store_name(index));
            fs::hard_link(path, &to).or_else(|_| fs::copy(path, &to).map(|_| ()))?;
        }
        let mut log = vec![];
        for path in &self.dropped {
            log.extend(fs::read(path)?);
        }
        write_file(&folder.join(super::DROPPED), &log)?;
        let mut lines = String::new();
        for broken in &self.broken {
            lines.push_str(&serde_json::to_string(broken)?);
            lines.push('\n');
        }
        write_file(&folder.join(super::QUARANTINE), lines.as_bytes())
    }
}
