//! The last reading of a dataset: documents become tokens, tokens become files.

use super::labels::Labels;
use super::survey::Survey;
use super::{Input, Slice};
use crate::codes::e0565;
use crate::progress::Progress;
use crate::split::NO_SPLIT;
use crate::token_file::TokenWriter;
use crate::tokenizer::Tokenize;
use crate::{Fault, read};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::{RecordFacts, Split, SplitFacts};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// About how many bytes of text are encoded at a time.
const GROUP: usize = 4 << 20;

/// Why an entry was not written.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is wrong with the data.
    Told(Vec<Diagnostic>),
    /// Something is wrong with the disk.
    Disk(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Disk(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Told(vec![*fault])
    }
}

/// Name of the file of the split with this index. Names of splits are the user's and may not be usable as
/// names of files.
pub(super) fn file_name(split: usize) -> String {
    format!("{split}.tokens")
}

/// Name of the file that says how many tokens each record of that split has, and its class: two numbers a record.
pub(super) fn records_name(split: usize) -> String {
    format!("{split}.records")
}

/// Writes the token files of all splits into the folder.
pub(super) fn write_tokens(
    folder: &Path,
    slice: Slice<'_>,
    tokenizer: &dyn Tokenize,
    progress: &mut dyn Progress,
) -> Result<Vec<SplitFacts>, Stop> {
    let input = slice.input;
    progress.begin("tokenising", Some(slice.bytes()));
    let mut splits = Splits::create(folder, slice, tokenizer)?;
    let mut documents = slice.documents();
    let mut group = next_group(&mut documents)?;
    while !group.is_empty() {
        // The next texts are read while these are encoded.
        let (encoded, next) = rayon::join(|| encode(tokenizer, &group), || next_group(&mut documents));
        splits.push(&group, &encoded?)?;
        progress.advance(group.iter().map(|text| text.len() as u64).sum());
        group = next?;
    }
    progress.finish();
    changed(input)?;
    splits.finish()
}

/// Refuses what came of files that changed while they were read.
pub(super) fn changed(input: &Input) -> Result<(), Stop> {
    match input.files.iter().find(|file| !file.is_unchanged()) {
        Some(file) => Err(Stop::Told(vec![e0565::changed_while_read(&file.name)])),
        None => Ok(()),
    }
}

/// The next texts, about [`GROUP`] bytes; empty at the end.
fn next_group(
    documents: &mut impl Iterator<Item = Result<read::Document, Fault>>,
) -> Result<Vec<String>, Fault> {
    let mut group = Vec::new();
    let mut bytes = 0;
    while bytes < GROUP {
        match documents.next() {
            None => break,
            Some(document) => {
                let text = document?.text;
                bytes += text.len();
                group.push(text);
            }
        }
    }
    Ok(group)
}

/// The tokens of every piece of every text, with the text's index; in order, whatever thread made them.
fn encode(tokenizer: &dyn Tokenize, texts: &[String]) -> Result<Vec<(usize, Vec<u32>)>, Fault> {
    let pieces: Vec<(usize, &str)> = texts
        .iter()
        .enumerate()
        .flat_map(|(index, text)| tokenizer.pieces(text).into_iter().map(move |piece| (index, piece)))
        .collect();
    pieces.into_par_iter().map(|(index, piece)| Ok((index, tokenizer.encode(piece)?))).collect()
}

/// What is known of the splits before anything is written.
pub(super) fn no_facts(input: &Input, survey: &Survey) -> Vec<SplitFacts> {
    let empty = |(split, left_out): (&Split, &u64)| SplitFacts {
        name: split.name.clone(),
        left_out: *left_out,
        ..SplitFacts::default()
    };
    input.dataset.splits.iter().zip(&survey.left_out).map(empty).collect()
}

/// The files being written, one for each split.
struct Splits<'a> {
    writers: Vec<TokenWriter>,
    /// Of a labelled dataset, what each record is.
    records: Vec<Records>,
    facts: Vec<SplitFacts>,
    end_of_text: u32,
    unknown: Option<u32>,
    /// The split of every document that is still to come.
    assigned: Box<dyn Iterator<Item = io::Result<u32>> + Send + 'a>,
    /// The class of every record.
    labels: &'a [u32],
    /// Documents written so far.
    documents: usize,
}

impl<'a> Splits<'a> {
    fn create(folder: &Path, slice: Slice<'a>, tokenizer: &dyn Tokenize) -> io::Result<Splits<'a>> {
        let Slice { input, survey, .. } = slice;
        let splits = &input.dataset.splits;
        let create = |index| TokenWriter::create(&folder.join(file_name(index)), tokenizer.vocab());
        let writers = (0..splits.len()).map(create).collect::<io::Result<_>>()?;
        let records = match &survey.labels {
            Some(labels) => {
                let create = |index| Records::create(&folder.join(records_name(index)), labels);
                (0..splits.len()).map(create).collect::<io::Result<_>>()?
            }
            None => vec![],
        };
        let facts = no_facts(input, survey);
        let labels = survey.labels.as_ref().map_or(&[][..], |labels| &labels.numbers);
        let (end_of_text, unknown) = (tokenizer.end_of_text(), tokenizer.unknown());
        let assigned = Box::new(slice.splits());
        Ok(Splits { writers, records, facts, end_of_text, unknown, assigned, labels, documents: 0 })
    }

    /// Writes the texts' tokens, and an end-of-text token after each text that is no labelled record.
    fn push(&mut self, texts: &[String], encoded: &[(usize, Vec<u32>)]) -> io::Result<()> {
        let mut pieces = encoded.iter().peekable();
        for (index, text) in texts.iter().enumerate() {
            let split = self.assigned.next().transpose()?.unwrap_or(NO_SPLIT) as usize;
            let label = self.labels.get(self.documents).copied();
            self.documents += 1;
            let (Some(writer), Some(facts)) = (self.writers.get_mut(split), self.facts.get_mut(split)) else {
                while pieces.next_if(|(of, _)| *of == index).is_some() {}
                continue;
            };
            let mut length = 0;
            while let Some((_, tokens)) = pieces.next_if(|(of, _)| *of == index) {
                writer.push(tokens)?;
                length += tokens.len() as u32;
                if let Some(unknown) = self.unknown {
                    facts.unknown += tokens.iter().filter(|token| **token == unknown).count() as u64;
                }
            }
            match (self.records.get_mut(split), label) {
                (Some(records), Some(label)) => records.push(length, label)?,
                _ => writer.push(&[self.end_of_text])?,
            }
            facts.documents += 1;
            facts.bytes += text.len() as u64;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<SplitFacts>, Stop> {
        let mut facts = self.facts;
        for (writer, facts) in self.writers.into_iter().zip(&mut facts) {
            facts.tokens = writer.finish()?;
        }
        for (records, facts) in self.records.into_iter().zip(&mut facts) {
            facts.records = Some(records.finish()?);
        }
        Ok(facts)
    }
}

/// What the records of one split are.
struct Records {
    writer: TokenWriter,
    lengths: BTreeMap<u64, u64>,
    classes: Vec<(String, u64)>,
}

impl Records {
    fn create(path: &Path, labels: &Labels) -> io::Result<Records> {
        let classes = labels.classes.iter().map(|class| (class.clone(), 0)).collect();
        // Lengths may exceed what two bytes hold.
        let writer = TokenWriter::create(path, u64::from(u32::MAX))?;
        Ok(Records { writer, lengths: BTreeMap::new(), classes })
    }

    fn push(&mut self, length: u32, label: u32) -> io::Result<()> {
        *self.lengths.entry(u64::from(length)).or_default() += 1;
        if let Some((_, count)) = self.classes.get_mut(label as usize) {
            *count += 1;
        }
        self.writer.push(&[length, label])
    }

    fn finish(self) -> io::Result<RecordFacts> {
        self.writer.finish()?;
        Ok(RecordFacts { classes: self.classes, lengths: self.lengths.into_iter().collect() })
    }
}
