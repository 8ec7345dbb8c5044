//! The last reading of a dataset: documents become tokens, tokens become files.

use super::Input;
use super::survey::Survey;
use crate::codes::e0565;
use crate::progress::Progress;
use crate::token_file::TokenWriter;
use crate::tokenizer::Tokenize;
use crate::{Fault, read};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::SplitFacts;
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

/// Writes the token files of all splits into the folder.
pub(super) fn write_tokens(
    folder: &Path,
    input: &Input,
    survey: &Survey,
    tokenizer: &dyn Tokenize,
    progress: &mut dyn Progress,
) -> Result<Vec<SplitFacts>, Stop> {
    progress.begin("tokenising", Some(survey.documents.iter().map(|d| d.bytes).sum()));
    let mut splits = Splits::create(folder, input, tokenizer)?;
    let mut documents = input.documents();
    let mut group = next_group(&mut documents)?;
    while !group.is_empty() {
        // The next texts are read while these are encoded.
        let (encoded, next) = rayon::join(|| encode(tokenizer, &group), || next_group(&mut documents));
        splits.push(survey, &group, &encoded?)?;
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

/// The files being written, one for each split.
struct Splits {
    writers: Vec<TokenWriter>,
    facts: Vec<SplitFacts>,
    end_of_text: u32,
    /// Documents written so far: the index of the next one in the survey.
    documents: usize,
}

impl Splits {
    fn create(folder: &Path, input: &Input, tokenizer: &dyn Tokenize) -> io::Result<Splits> {
        let splits = &input.dataset.splits;
        let create = |index| TokenWriter::create(&folder.join(file_name(index)), tokenizer.vocab());
        let writers = (0..splits.len()).map(create).collect::<io::Result<_>>()?;
        let empty = |name: &String| SplitFacts { name: name.clone(), ..SplitFacts::default() };
        let facts = splits.iter().map(|s| empty(&s.name)).collect();
        Ok(Splits { writers, facts, end_of_text: tokenizer.end_of_text(), documents: 0 })
    }

    /// Writes the texts' tokens, and an end-of-text token after each text.
    fn push(&mut self, survey: &Survey, texts: &[String], encoded: &[(usize, Vec<u32>)]) -> io::Result<()> {
        let mut pieces = encoded.iter().peekable();
        for (index, text) in texts.iter().enumerate() {
            let split = survey.splits.get(self.documents).map_or(0, |s| *s as usize);
            self.documents += 1;
            let (Some(writer), Some(facts)) = (self.writers.get_mut(split), self.facts.get_mut(split)) else {
                continue;
            };
            while let Some((_, tokens)) = pieces.next_if(|(of, _)| *of == index) {
                writer.push(tokens)?;
            }
            writer.push(&[self.end_of_text])?;
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
        Ok(facts)
    }
}
