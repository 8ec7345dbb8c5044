//! The last reading of a dataset of prompts with answers: each becomes tokens, one after the other, and three numbers that say where one
//! ends and the next begins; a fourth is the margin of a pair, the bits of an f32, where the data have margins.

use super::Slice;
use super::build::{Stop, changed, file_name, no_facts, records_name};
use super::conversations::gathered;
use crate::Fault;
use crate::chat::AnswerEncoder;
use crate::chat::answers::{EncodedAnswers, Judged};
use crate::codes::e0571;
use crate::progress::Progress;
use crate::read::{Document, answers};
use crate::split::NO_SPLIT;
use crate::token_file::TokenWriter;
use rayon::prelude::*;
use regimen_base::data::{AnswerFacts, SplitFacts, Texts};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Records that are encoded at a time.
const GROUP: usize = 1 << 12;

/// Writes the files of all splits into the folder.
pub(super) fn write(
    folder: &Path,
    slice: Slice<'_>,
    encoder: &AnswerEncoder<'_>,
    progress: &mut dyn Progress,
) -> Result<Vec<SplitFacts>, Stop> {
    let Slice { input, survey, .. } = slice;
    progress.begin("tokenising prompts and answers", Some(slice.bytes()));
    let longest = input.dataset.answers().and_then(|rendering| rendering.max_length);
    let create = |split| Writer::create(folder, split, encoder.vocab(), longest);
    let mut writers = (0..input.dataset.splits.len()).map(create).collect::<io::Result<Vec<_>>>()?;
    let mut facts = no_facts(input, survey);
    let mut documents = slice.documents();
    let mut splits = slice.splits();
    loop {
        let group = documents.by_ref().take(GROUP).collect::<Result<Vec<Document>, Fault>>()?;
        if group.is_empty() {
            break;
        }
        let one = |document: &Document| {
            let damaged = || e0571::bad_token_file(input.file(document.file), "a record cannot be read back");
            let judged = answers::read_back(&document.text).ok_or_else(|| Box::new(damaged()))?;
            Ok((encoder.encode(&judged)?, judged))
        };
        let encoded = gathered(input, &group, group.par_iter().map(one).collect())?;
        for (document, (encoded, judged)) in group.iter().zip(encoded) {
            let split = splits.next().transpose()?.unwrap_or(NO_SPLIT) as usize;
            let (Some(writer), Some(facts)) = (writers.get_mut(split), facts.get_mut(split)) else {
                continue;
            };
            if writer.push(&encoded, &judged)? {
                facts.documents += 1;
                facts.bytes += document.text.len() as u64;
            }
        }
        progress.advance(group.iter().map(|document| document.text.len() as u64).sum());
    }
    progress.finish();
    changed(input)?;
    for (writer, facts) in writers.into_iter().zip(&mut facts) {
        let (tokens, found) = writer.finish()?;
        (facts.tokens, facts.answers) = (tokens, Some(found));
    }
    Ok(facts)
}

/// How many have so many tokens.
type Lengths = BTreeMap<u64, u64>;

struct Writer {
    tokens: TokenWriter,
    records: TokenWriter,
    longest: Option<u64>,
    prompts: Lengths,
    good: Lengths,
    bad: Lengths,
    texts: BTreeMap<u64, Texts>,
    too_long: u64,
}

impl Writer {
    fn create(folder: &Path, split: usize, vocab: u64, longest: Option<u64>) -> io::Result<Writer> {
        Ok(Writer {
            tokens: TokenWriter::create(&folder.join(file_name(split)), vocab)?,
            records: TokenWriter::create(&folder.join(records_name(split)), u64::from(u32::MAX))?,
            longest,
            prompts: Lengths::new(),
            good: Lengths::new(),
            bad: Lengths::new(),
            texts: BTreeMap::new(),
            too_long: 0,
        })
    }

    /// Writes a record; whether it is short enough.
    fn push(&mut self, encoded: &EncodedAnswers, judged: &Judged) -> io::Result<bool> {
        let length = |tokens: &Vec<u32>| tokens.len() as u64;
        let prompt = length(&encoded.prompt);
        let answers: Vec<u64> = encoded.answers.iter().map(length).collect();
        let longest = answers.iter().max().copied().unwrap_or(0) + prompt;
        if self.longest.is_some_and(|most| longest > most) {
            self.too_long += 1;
            return Ok(false);
        }
        self.tokens.push(&encoded.prompt)?;
        for answer in &encoded.answers {
            self.tokens.push(answer)?;
        }
        *self.prompts.entry(prompt).or_default() += 1;
        let texts = self.texts.entry(longest).or_insert(Texts { longest, records: 0, tokens: 0 });
        texts.records += 1;
        texts.tokens += answers.iter().map(|answer| prompt + answer).sum::<u64>();
        let whole = |n: u64| u32::try_from(n).map_err(io::Error::other);
        let first = answers.first().copied().unwrap_or(0);
        let last = match judged.good {
            Some(good) => {
                let of = if good { &mut self.good } else { &mut self.bad };
                *of.entry(first).or_default() += 1;
                u32::from(good)
            }
            None => {
                let second = answers.get(1).copied().unwrap_or(0);
                *self.good.entry(first).or_default() += 1;
                *self.bad.entry(second).or_default() += 1;
                whole(second)?
            }
        };
        self.records.push(&[whole(prompt)?, whole(first)?, last])?;
        if let Some(margin) = judged.margin {
            self.records.push(&[margin.to_bits()])?;
        }
        Ok(true)
    }

    fn finish(self) -> io::Result<(u64, AnswerFacts)> {
        self.records.finish()?;
        let list = |lengths: Lengths| lengths.into_iter().collect();
        let facts = AnswerFacts {
            prompts: list(self.prompts),
            good: list(self.good),
            bad: list(self.bad),
            texts: self.texts.into_values().collect(),
            too_long: self.too_long,
        };
        Ok((self.tokens.finish()?, facts))
    }
}
