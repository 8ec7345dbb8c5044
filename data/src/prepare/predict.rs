//! How many tokens a dataset will have, from a sample of its documents: the files are read once, but only the sample is cleaned and
//! tokenised.
//!
//! The sample is of different texts, those with the smallest keyed hashes, so that it is uniform and knows how often each of its texts
//! occurs: deduplication of equal documents is predicted exactly. With cᵢ copies of bᵢ bytes that become tᵢ tokens (none if a step drops the
//! text), and B bytes in all, tokens are T = B · Σ tᵢ / Σ cᵢbᵢ where equal documents are dropped, and B · Σ cᵢtᵢ / Σ cᵢbᵢ otherwise: a ratio
//! estimator, whose error follows from the residuals (Cochran: Sampling techniques, section 6.3).

use super::{facts_if_cached, hf_files, known_contents, mix, tokenizer_facts_if_cached, trained_key};
use crate::cache::entry::Entry;
use crate::clean::steps::judge;
use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::files::{self, Place};
use crate::progress::Progress;
use crate::tokenizer::{self, Bpe, Chars, Tokenize};
use crate::{Outcome, read};
use rayon::prelude::*;
use regimen_base::cleaning::{Level, Step};
use regimen_base::data::{
    Certainty, Dataset, DatasetFacts, Sampled, Split, SplitFacts, Tokenizer, TokenizerKind,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Most different texts of a sample.
const TEXTS: usize = 2_000;

/// Most bytes of them together.
const BYTES: usize = 64 << 20;

/// A standard normal value is within so much of 0 in 95 of 100 cases.
const NORMAL: f64 = 1.959_964;

/// What is known of a dataset, or predicted from a sample; nothing where a record is a sample, whose lengths decide, or where a tokenizer is not
/// trained yet whose training on a sample says little.
///
/// # Errors
/// What is wrong with the files or the tokenizer.
pub fn predict(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    seed: u64,
    progress: &mut dyn Progress,
) -> Outcome<Option<DatasetFacts>> {
    if let Some(facts) = facts_if_cached(place, tokenizer, train_on, dataset)? {
        return Ok(Some(facts.dataset));
    }
    if dataset.is_labelled() || dataset.chats().is_some() || dataset.answers().is_some() {
        return Ok(None);
    }
    if dataset.is_mix() {
        return mix::predict(place, tokenizer, train_on, dataset, seed, progress);
    }
    let sample = Cleaned::of(place, dataset, seed, progress)?;
    let ratios = match ready(place, tokenizer, train_on)? {
        Some(ready) => {
            let ratio = sample.tokens(ready.as_ref(), &sample.texts)?;
            Some((ratio, ratio))
        }
        None => sample.tokens_after_training(tokenizer)?,
    };
    Ok(ratios.map(|(low, high)| sample.facts(dataset, low, high)))
}

/// A text of the sample.
struct Text {
    /// Bytes of all its copies.
    bytes: f64,
    /// How often it occurs.
    copies: u64,
    /// What cleaning left of it.
    left: Option<String>,
}

/// A sample after the steps that look at one document alone.
struct Cleaned {
    texts: Vec<Text>,
    /// Whether equal documents are dropped.
    once: bool,
    /// Whether a step drops what the sample cannot show: documents and paragraphs that are nearly equal, or equal.
    near_duplicates: bool,
    /// Documents of the data, and their bytes.
    documents: f64,
    bytes: f64,
}

impl Cleaned {
    fn of(place: &Place, dataset: &Dataset, seed: u64, progress: &mut dyn Progress) -> Outcome<Cleaned> {
        let sample = Sample::read(place, dataset, seed, progress)?;
        let steps = steps(dataset);
        let judges: Outcome<Vec<_>> = steps.iter().map(|step| judge(place, step)).collect();
        let judges: Vec<Box<dyn Judge>> = judges?.into_iter().flatten().collect();
        let text = |(_, (text, copies)): (u64, (String, u64))| {
            let bytes = (copies * text.len() as u64) as f64;
            Text { bytes, copies, left: cleaned(&judges, text) }
        };
        let level = |step: &Step, level| matches!(step, Step::Exact(exact) if exact.level == level);
        let near = |step: &Step| matches!(step, Step::Minhash(_));
        Ok(Cleaned {
            texts: sample.texts.into_par_iter().map(text).collect(),
            once: steps.iter().any(|step| near(step) || level(step, Level::Document)),
            near_duplicates: steps.iter().any(|step| near(step) || level(step, Level::Paragraph)),
            documents: sample.documents as f64,
            bytes: sample.bytes as f64,
        })
    }

    /// How often a text is left.
    fn times(&self, text: &Text) -> f64 {
        if self.once { 1.0 } else { text.copies as f64 }
    }

    /// Tokens per byte of some of its texts.
    fn tokens(&self, tokenizer: &dyn Tokenize, texts: &[Text]) -> Outcome<Ratio> {
        let one = |text: &Text| {
            let Some(left) = &text.left else { return Ok((text.bytes, 0.0)) };
            Ok((text.bytes, (tokenizer.encode(left)?.len() + 1) as f64 * self.times(text)))
        };
        let pairs: Result<Vec<(f64, f64)>, crate::Fault> = texts.par_iter().map(one).collect();
        Ok(Ratio::of(&pairs.map_err(|fault| vec![*fault])?, self.bytes))
    }

    /// Tokens per byte, least and most, of a tokenizer that will learn from these data; nothing where a sample says little of it.
    fn tokens_after_training(&self, tokenizer: &Tokenizer) -> Outcome<Option<(Ratio, Ratio)>> {
        let left = |texts: &[Text]| -> Vec<String> { texts.iter().filter_map(|t| t.left.clone()).collect() };
        match &tokenizer.kind {
            // On the texts that it learned from a tokenizer needs fewer tokens than on the whole data, on others more.
            TokenizerKind::Bpe { vocab, min_frequency, .. } => {
                let train = |texts: &[Text]| {
                    let learned =
                        Bpe::train(&tokenizer.name, *vocab, *min_frequency, left(texts).into_iter());
                    learned.map_err(|fault| vec![*fault])
                };
                let (learned, others) = self.texts.split_at(self.texts.len() / 2);
                let least = self.tokens(&train(&self.texts)?, &self.texts)?;
                Ok(Some((least, self.tokens(&train(learned)?, others)?)))
            }
            TokenizerKind::Chars { .. } => {
                let characters = self.texts.iter().filter_map(|text| text.left.as_ref());
                let chars = Chars::new(characters.flat_map(|text| text.chars()).collect());
                let ratio = self.tokens(&chars, &self.texts)?;
                Ok(Some((ratio, ratio)))
            }
            _ => Ok(None),
        }
    }

    /// What is predicted of the dataset.
    fn facts(&self, dataset: &Dataset, low: Ratio, high: Ratio) -> DatasetFacts {
        let whole_number = |tokens: f64| tokens.max(0.0).round() as u64;
        let tokens = whole_number((low.value + high.value) / 2.0 * self.bytes);
        let sampled = Sampled {
            documents: self.texts.len() as u64,
            low: whole_number((low.value - low.error) * self.bytes),
            high: whole_number((high.value + high.error) * self.bytes),
            near_duplicates: self.near_duplicates,
        };
        let stay = self.texts.iter().filter(|text| text.left.is_some()).count() as f64;
        let left =
            self.texts.iter().filter_map(|text| Some(text.left.as_ref()?.len() as f64 * self.times(text)));
        let (stay, left) = (stay / self.texts.len().max(1) as f64, left.sum::<f64>());
        let read: f64 = self.texts.iter().map(|text| text.bytes).sum();
        let split = |split: &Split| {
            let share = |n: f64| (n * split.share.as_f64()).round() as u64;
            SplitFacts {
                name: split.name.clone(),
                documents: share(self.documents * stay).max(1),
                bytes: share(self.bytes * left / read.max(1.0)),
                tokens: share(tokens as f64),
                ..SplitFacts::default()
            }
        };
        DatasetFacts {
            splits: dataset.splits.iter().map(split).collect(),
            content: String::new(),
            certainty: Certainty::Estimated,
            sampled: Some(sampled),
            remarks: vec![],
        }
    }
}

/// All steps that a document of the dataset comes through.
fn steps(dataset: &Dataset) -> Vec<Step> {
    dataset
        .sources
        .iter()
        .flat_map(|source| source.cleaning.steps.clone())
        .chain(dataset.clean.clone())
        .collect()
}

/// What single-document steps leave of a text.
fn cleaned(judges: &[Box<dyn Judge>], text: String) -> Option<String> {
    let mut subject = Subject::new(text);
    let mut scratch = Scratch::default();
    let stays = judges.iter().all(|judge| judge.judge(&mut subject, &mut scratch) == Verdict::Keep);
    stays.then(|| subject.into_text())
}

/// Tokens per byte, and how far that may be from the truth in 95 of 100 cases.
#[derive(Clone, Copy, Debug)]
struct Ratio {
    value: f64,
    error: f64,
}

impl Ratio {
    /// Of pairs of bytes and tokens, if there are so many bytes in all.
    fn of(pairs: &[(f64, f64)], whole: f64) -> Ratio {
        let n = pairs.len() as f64;
        let (bytes, tokens) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        if bytes == 0.0 {
            return Ratio { value: 0.0, error: 0.0 };
        }
        let value = tokens / bytes;
        let residuals: f64 = pairs.iter().map(|(b, t)| (t - value * b).powi(2)).sum();
        let variance = residuals * n / (n - 1.0).max(1.0);
        // A sample that is everything is sure.
        let rest = (1.0 - bytes / whole).max(0.0);
        // Student's t for n − 1 degrees of freedom, to first order.
        let t = NORMAL + (NORMAL.powi(3) + NORMAL) / (4.0 * (n - 1.0).max(1.0));
        Ratio { value, error: t * (variance * rest).sqrt() / bytes }
    }
}

/// Different texts with the smallest keyed hashes, and how often each occurs.
struct Sample {
    texts: BTreeMap<u64, (String, u64)>,
    documents: u64,
    bytes: u64,
}

impl Sample {
    fn read(place: &Place, dataset: &Dataset, seed: u64, progress: &mut dyn Progress) -> Outcome<Sample> {
        let mut sample = Sample { texts: BTreeMap::new(), documents: 0, bytes: 0 };
        let Some(source) = dataset.sources.first() else { return Ok(sample) };
        let files = files::find(place, &source.name, &source.files)?;
        progress.begin(&format!("sampling {}", source.name), None);
        let mut held = 0;
        for document in read::documents(&source.format, &files) {
            let text = match document {
                Ok(document) => document.text,
                Err(_) if source.cleaning.broken > 0.0 => continue,
                Err(fault) => return Err(vec![*fault]),
            };
            sample.documents += 1;
            sample.bytes += text.len() as u64;
            progress.advance(text.len() as u64);
            sample.add(xxh3_64_with_seed(text.as_bytes(), seed), text, &mut held);
        }
        progress.finish();
        Ok(sample)
    }

    fn add(&mut self, key: u64, text: String, held: &mut usize) {
        if let Some((_, copies)) = self.texts.get_mut(&key) {
            *copies += 1;
            return;
        }
        // Once full it stays full: a text that is not taken, or given back, does not come again.
        let full = self.texts.len() >= TEXTS || *held >= BYTES;
        if full && self.texts.last_key_value().is_some_and(|(largest, _)| key > *largest) {
            return;
        }
        *held += text.len();
        self.texts.insert(key, (text, 1));
        while self.texts.len() > TEXTS || (*held > BYTES && self.texts.len() > 1) {
            *held -= self.texts.pop_last().map_or(0, |(_, (text, _))| text.len());
        }
    }
}

/// The tokenizer, if it need not be trained first.
fn ready(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
) -> Outcome<Option<Arc<dyn Tokenize>>> {
    let open = |name: &str, folder: &std::path::Path, end: Option<&str>| {
        tokenizer::open(name, folder, end).map(Some).map_err(|f| vec![*f])
    };
    match &tokenizer.kind {
        TokenizerKind::Bytes => Ok(Some(Arc::new(tokenizer::Bytes))),
        TokenizerKind::Hf { path, end_of_text } => {
            hf_files(place, path)?;
            open(path, &place.root.join(path), end_of_text.as_deref())
        }
        _ => {
            let known = tokenizer_facts_if_cached(place, tokenizer, train_on)?.is_some();
            let (true, Some(dataset)) = (known, train_on) else { return Ok(None) };
            let Some(contents) = known_contents(place, dataset)? else { return Ok(None) };
            let key = trained_key(&tokenizer.kind, dataset, &contents);
            open(&tokenizer.name, Entry::new(&place.cache, "tokenizers", &key).folder(), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_everything_is_sure() {
        let pairs = [(10.0, 2.0), (30.0, 9.0)];
        let ratio = Ratio::of(&pairs, 40.0);
        assert_eq!((ratio.value, ratio.error), (0.275, 0.0));
        assert!(Ratio::of(&pairs, 400.0).error > 0.05);
        assert_eq!(Ratio::of(&[], 0.0).value, 0.0);
    }
}
