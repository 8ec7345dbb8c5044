//! Cleaning: documents pass through the declared steps, in their order, before they are divided and tokenised.
//!
//! [`clean`] runs the steps of every source of a dataset, then those of the dataset itself, and keeps the result in the cache under
//! the content of the files and the steps: `cleaned/<key>/` holds the documents that stay, a log of those that go, the broken
//! records, and the report. Until that is whole, parts are kept in `cleaning/<key>/`, so that an interrupted run goes on.
//!
//! - [`classifier`] is a step that is learned from samples;
//! - [`steps`] look at one document at a time and say what becomes of it ([`subject`]);
//! - [`signature`], [`units`] and [`duplicates`] compare all of them with each other;
//! - [`part`] runs a part of the documents on all cores, [`chain`] runs all parts and passes;
//! - [`quality`] says what documents are like, [`report`] what happened to them; [`why`] looks single documents up.

mod abandoned;
mod chain;
mod classifier;
pub(crate) mod duplicates;
mod part;
pub mod quality;
pub mod report;
pub(crate) mod signature;
pub(crate) mod steps;
mod store;
pub(crate) mod subject;
pub(crate) mod text;
pub(crate) mod units;
pub mod why;

pub use classifier::Trained;
pub use steps::language::{KNOWN as LANGUAGES, identify};

use crate::cache::contents::{contents, contents_if_known};
use crate::cache::entry::{Entry, Found, Lock};
use crate::cache::key_of;
use crate::codes::{e0564, e0571, e0586, e0595};
use crate::files::{self, InputFile, Place};
use crate::progress::Progress;
use crate::{Fault, Outcome, read};
use chain::{Chain, Finished};
use regimen_base::Diagnostic;
use regimen_base::cleaning::{Cleaning, Step};
use regimen_base::data::{Dataset, Format, Source};
use report::Report;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use store::{StoreReader, Stored};

/// Version of everything here that decides what is dropped: part of every key.
const RULES: u32 = 2;

/// The log of the documents that go.
const DROPPED: &str = "dropped.jsonl";

/// The list of broken records.
const QUARANTINE: &str = "broken.jsonl";

/// Name of a file of documents in an entry.
fn store_name(index: usize) -> String {
    format!("{index:05}.documents")
}

/// What cleaning left of a dataset.
#[derive(Clone, Debug)]
pub struct Cleaned {
    /// What happened, source by source, and to all of them together if the dataset has steps of its own.
    pub reports: Vec<Report>,
    /// Identifies what is left.
    pub key: String,
    /// The entries that were made, in the order of the reports.
    folders: Vec<PathBuf>,
    /// Files of the documents that are left.
    stores: Vec<PathBuf>,
}

impl Cleaned {
    /// The documents that are left, in the order of sources and files.
    pub fn documents(&self) -> impl Iterator<Item = Result<read::Document, Fault>> + Send + use<> {
        stored(self.stores.clone()).map(|stored| {
            stored.map(|s| read::Document {
                text: s.text,
                file: s.file as usize,
                line: s.line,
                label: None,
                when: None,
            })
        })
    }

    /// If nothing is left of this dataset, how many documents there were and which step dropped most.
    pub fn emptied(&self, dataset: &Dataset) -> Option<(u64, &str)> {
        let ends = if dataset.clean.is_empty() { 0 } else { self.reports.len().saturating_sub(1) };
        let empty = self.reports.iter().skip(ends).all(|report| report.after.documents == 0);
        let report = self.reports.last().filter(|report| empty && report.before.documents > 0)?;
        Some((report.before.documents, report.worst().map_or("", |step| step.step.as_str())))
    }

    /// What the user should hear: classifiers that are poor.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let trained = |report: &Report| {
            let steps = report.steps.iter().filter_map(|step| step.trained.as_ref());
            steps.filter_map(|trained| e0595::poor(&report.name, trained)).collect::<Vec<_>>()
        };
        self.reports.iter().flat_map(trained).collect()
    }

    /// Where the report's files lie: `broken.jsonl` and `dropped.jsonl` are for people, too.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The sources of the dataset and how many words of each are left.
    pub fn sources(&self) -> Vec<(String, u64)> {
        let Some(last) = self.reports.last() else { return vec![] };
        let own: Vec<&Report> = self.reports.iter().filter(|report| !report.together).collect();
        let mut first = 0;
        let words = |report: &&Report| {
            let files = first..report.files.len() as u32;
            first = files.end;
            let words = match last.together {
                true => last.words_by_file.range(files).map(|(_, words)| words).sum(),
                false => report.after.words,
            };
            (report.name.clone(), words)
        };
        own.iter().map(words).collect()
    }

    /// After how many files each source ends.
    pub(crate) fn borders(&self) -> Vec<usize> {
        self.reports.iter().filter(|report| !report.together).map(|report| report.files.len()).collect()
    }

    /// Names of the files that documents come from.
    pub fn files(&self) -> &[String] {
        self.reports.last().map_or(&[], |report| &report.files)
    }
}

/// Where the documents of a chain come from.
enum Input {
    /// Files, the first of which has this number.
    Files { format: Format, files: Vec<InputFile>, first: u32 },
    /// What other chains left.
    Stores(Vec<PathBuf>),
}

impl Input {
    fn documents(&self) -> Box<dyn Iterator<Item = Result<Stored, Fault>> + Send + '_> {
        match self {
            Input::Files { format, files, first } => {
                Box::new(read::documents(format, files).map(move |document| {
                    document.map(|d| Stored {
                        file: first + d.file as u32,
                        line: d.line,
                        text: d.text,
                        label: d.label,
                    })
                }))
            }
            Input::Stores(stores) => stored(stores.clone()),
        }
    }

    /// The classes that are declared; none if any is right.
    fn classes(&self) -> &[String] {
        match self {
            Input::Files { format: Format::Labelled { classes, .. }, .. } => classes,
            _ => &[],
        }
    }

    /// Bytes of text, if they can be told.
    fn bytes(&self) -> Option<u64> {
        match self {
            Input::Files { files, .. } => {
                let plain =
                    |f: &InputFile| read::unpack::Packing::of(&f.name) == read::unpack::Packing::Plain;
                files.iter().all(plain).then(|| files.iter().map(|f| f.stamp.size).sum())
            }
            Input::Stores(stores) => stores.iter().map(|s| fs::metadata(s).ok().map(|m| m.len())).sum(),
        }
    }

    /// The name of a file that changed while it was read is an error.
    fn check_unchanged(&self) -> Result<(), String> {
        match self {
            Input::Files { files, .. } => match files.iter().find(|file| !file.is_unchanged()) {
                Some(changed) => Err(changed.name.clone()),
                None => Ok(()),
            },
            Input::Stores(_) => Ok(()),
        }
    }
}

/// The documents of these files, one after the other.
fn stored(stores: Vec<PathBuf>) -> Box<dyn Iterator<Item = Result<Stored, Fault>> + Send> {
    let damaged = |path: &Path, error: &io::Error| {
        Box::new(e0571::bad_token_file(&path.display().to_string(), &error.to_string()))
    };
    Box::new(stores.into_iter().flat_map(
        move |path| -> Box<dyn Iterator<Item = Result<Stored, Fault>> + Send> {
            match StoreReader::open(&path) {
                Err(error) => Box::new(std::iter::once(Err(damaged(&path, &error)))),
                Ok(reader) => Box::new(reader.map(move |one| one.map_err(|error| damaged(&path, &error)))),
            }
        },
    ))
}

/// Cleans a dataset, or takes it from the cache.
///
/// # Errors
/// What is wrong with the files, too many broken records, or that nothing is left.
pub fn clean(place: &Place, dataset: &Dataset, progress: &mut dyn Progress) -> Outcome<Cleaned> {
    clean_in_parts(place, dataset, Chain::PART, progress)
}

/// As [`clean`], for those who only look: that nothing is left is no error, [`Cleaned::emptied`] says it.
///
/// # Errors
/// What is wrong with the files, or too many broken records.
pub fn clean_or_empty(place: &Place, dataset: &Dataset, progress: &mut dyn Progress) -> Outcome<Cleaned> {
    cleaned_in_parts(place, dataset, Chain::PART, progress)
}

/// As [`clean`], with parts of another size: the result is the same.
#[doc(hidden)]
pub fn clean_in_parts(
    place: &Place,
    dataset: &Dataset,
    part: usize,
    progress: &mut dyn Progress,
) -> Outcome<Cleaned> {
    let cleaned = cleaned_in_parts(place, dataset, part, progress)?;
    match cleaned.emptied(dataset) {
        None => Ok(cleaned),
        Some((documents, step)) => Err(vec![e0586::nothing_left(&dataset.name, documents, step)]),
    }
}

fn cleaned_in_parts(
    place: &Place,
    dataset: &Dataset,
    part: usize,
    progress: &mut dyn Progress,
) -> Outcome<Cleaned> {
    let mut cleaned = Cleaned { reports: vec![], key: String::new(), folders: vec![], stores: vec![] };
    let mut keys = vec![];
    let mut names: Vec<String> = vec![];
    for source in &dataset.sources {
        let files = files::find(place, &source.name, &source.files)?;
        let others = step_files(place, &source.cleaning.steps)?;
        let own = contents(place, &source.files, &files, progress)?;
        let theirs = contents_of_others(place, &others, progress)?;
        let key = source_key(source, &own, &theirs);
        let first = names.len() as u32;
        names.extend(files.iter().map(|file| file.name.clone()));
        let input = Input::Files { format: source.format.clone(), files, first };
        let job = Job { place, name: &source.name, cleaning: &source.cleaning, key: &key, part };
        job.run(&input, &names, &mut cleaned, progress)?;
        keys.push(key);
    }
    cleaned.key = key_of(&keys);
    if !dataset.clean.is_empty() {
        let others = step_files(place, &dataset.clean)?;
        let theirs = contents_of_others(place, &others, progress)?;
        cleaned.key = mix_key(dataset, &keys, &theirs);
        let cleaning = Cleaning { steps: dataset.clean.clone(), broken: 0.0 };
        let input = Input::Stores(std::mem::take(&mut cleaned.stores));
        let key = cleaned.key.clone();
        let job = Job { place, name: &dataset.name, cleaning: &cleaning, key: &key, part };
        job.run(&input, &names, &mut cleaned, progress)?;
    }
    Ok(cleaned)
}

/// What identifies the cleaned documents of a dataset, if that can be told without reading: files are looked at, not opened.
///
/// # Errors
/// If the files themselves are wrong.
pub fn key_if_known(place: &Place, dataset: &Dataset) -> Outcome<Option<String>> {
    let Some((sources, mix)) = keys_if_known(place, dataset)? else { return Ok(None) };
    Ok(Some(mix.unwrap_or_else(|| key_of(&sources))))
}

/// The keys of its sources, and the one of all of them together if the dataset has steps of its own.
fn keys_if_known(place: &Place, dataset: &Dataset) -> Outcome<Option<(Vec<String>, Option<String>)>> {
    let known_others = |steps: &[Step]| -> Outcome<Option<Vec<String>>> {
        let others = step_files(place, steps)?;
        Ok(contents_if_known(place, &others_key(&others), &others))
    };
    let mut keys = vec![];
    for source in &dataset.sources {
        let files = files::find(place, &source.name, &source.files)?;
        let own = contents_if_known(place, &source.files, &files);
        let (Some(own), Some(theirs)) = (own, known_others(&source.cleaning.steps)?) else { return Ok(None) };
        keys.push(source_key(source, &own, &theirs));
    }
    if dataset.clean.is_empty() {
        return Ok(Some((keys, None)));
    }
    let Some(theirs) = known_others(&dataset.clean)? else { return Ok(None) };
    let mix = mix_key(dataset, &keys, &theirs);
    Ok(Some((keys, Some(mix))))
}

/// What plans say of the cleaning of a dataset, as far as it is in the cache: what its classifiers reach.
///
/// # Errors
/// If the files themselves are wrong.
pub(crate) fn remarks(place: &Place, dataset: &Dataset) -> Outcome<Vec<String>> {
    if !dataset.is_cleaned() {
        return Ok(vec![]);
    }
    let Some((sources, mix)) = keys_if_known(place, dataset)? else { return Ok(vec![]) };
    let names = dataset.sources.iter().map(|source| &source.name).chain([&dataset.name]);
    let mut remarks = vec![];
    for (name, key) in names.zip(sources.iter().chain(&mix)) {
        let Found::Whole(report) = Entry::new(&place.cache, "cleaned", key).look::<Report>() else {
            continue;
        };
        for trained in report.steps.iter().filter_map(|step| step.trained.as_ref()) {
            let (auc, error) = (trained.auc, trained.standard_error);
            remarks.push(format!(
                "the classifier of {name} reaches an AUC of {auc:.3} ± {error:.3} on held-out documents"
            ));
        }
    }
    Ok(remarks)
}

fn source_key(source: &Source, own: &[String], others: &[String]) -> String {
    key_of(&("source", RULES, &source.format, &source.cleaning, own, others))
}

fn mix_key(dataset: &Dataset, sources: &[String], others: &[String]) -> String {
    key_of(&("mix", RULES, &dataset.clean, sources, others))
}

/// Files that steps read: word lists and evaluation data.
fn step_files(place: &Place, steps: &[Step]) -> Outcome<Vec<InputFile>> {
    let mut all = vec![];
    for step in steps {
        match step {
            Step::WordList(list) => all.push(files::find_one(place, Path::new(&list.file))?),
            Step::Decontaminate(asked) => {
                for source in &asked.against {
                    all.extend(files::find(place, &source.name, &source.files)?);
                }
            }
            Step::Classifier(asked) => {
                for dataset in asked.positive.iter().chain(&asked.negative) {
                    all.extend(files_of(place, dataset)?);
                }
            }
            _ => {}
        }
    }
    Ok(all)
}

/// All files that a dataset is read from, those of its steps included.
fn files_of(place: &Place, dataset: &Dataset) -> Outcome<Vec<InputFile>> {
    let mut all = step_files(place, &dataset.clean)?;
    for source in &dataset.sources {
        all.extend(files::find(place, &source.name, &source.files)?);
        all.extend(step_files(place, &source.cleaning.steps)?);
    }
    Ok(all)
}

fn others_key(files: &[InputFile]) -> (&'static str, Vec<String>) {
    ("steps", files.iter().map(|file| file.name.clone()).collect())
}

fn contents_of_others(
    place: &Place,
    others: &[InputFile],
    progress: &mut dyn Progress,
) -> Outcome<Vec<String>> {
    if others.is_empty() { Ok(vec![]) } else { contents(place, &others_key(others), others, progress) }
}

/// One chain of steps and where its result is kept.
struct Job<'a> {
    place: &'a Place,
    name: &'a str,
    cleaning: &'a Cleaning,
    key: &'a str,
    part: usize,
}

impl Job<'_> {
    /// Takes the result from the cache, or makes it; adds it to what was cleaned.
    fn run(
        &self,
        input: &Input,
        names: &[String],
        cleaned: &mut Cleaned,
        progress: &mut dyn Progress,
    ) -> Outcome<()> {
        let entry = Entry::new(&self.place.cache, "cleaned", self.key);
        let disk =
            |error: &io::Error| vec![e0564::cache_not_written(&entry.folder().display().to_string(), error)];
        let lock = entry.lock().map_err(|error| disk(&error))?;
        let mut report = match entry.look::<Report>() {
            Found::Whole(report) => report,
            _ => self.make(input, names, &entry, &lock, progress)?,
        };
        // Declarations and files may have been renamed since.
        report.name = self.name.to_string();
        report.together = matches!(input, Input::Stores(_));
        report.files = names.to_vec();
        cleaned.reports.push(report);
        let stores = (0..).map(|index| entry.file(&store_name(index))).take_while(|path| path.exists());
        cleaned.stores.extend(stores);
        cleaned.folders.push(entry.folder().to_path_buf());
        Ok(())
    }

    fn make(
        &self,
        input: &Input,
        names: &[String],
        entry: &Entry,
        lock: &Lock,
        progress: &mut dyn Progress,
    ) -> Outcome<Report> {
        let works = self.place.cache.join("cleaning");
        let work = works.join(self.key);
        abandoned::remove(self.place, &works, self.key, self.name)
            .map_err(|error| vec![e0564::cache_not_written(&works.display().to_string(), &error)])?;
        let (folder, name, cleaning, part) = (self.place, self.name, self.cleaning, self.part);
        let chain = Chain { folder, name, cleaning, input, files: names.to_vec(), work: work.clone(), part };
        let finished: Finished = chain.run(progress)?;
        let report = finished.report.clone();
        let written = entry.write(lock, |folder| -> io::Result<Report> {
            finished.put(folder)?;
            Ok(report)
        });
        written
            .map_err(|error| vec![e0564::cache_not_written(&entry.folder().display().to_string(), &error)])?;
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&work);
        Ok(finished.report)
    }
}
