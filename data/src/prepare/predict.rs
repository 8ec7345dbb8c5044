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
use regimen_base::data::{Certainty, Dataset, DatasetFacts, Sampled, SplitFacts, Tokenizer, TokenizerKind};
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
    let sample = Sample::read(place, dataset, seed, progress)?;
    let steps = steps(dataset);
    let judges: Vec<Box<dyn Judge>> = steps
        .iter()
        .map(|step| judge(place, step))
        .collect::<Outcome<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let kept: Vec<(f64, u64, Option<String>)> = sample
        .texts
        .into_par_iter()
        .map(|(_, (text, copies))| ((copies * text.len() as u64) as f64, copies, cleaned(&judges, text)))
        .collect();
    let once = steps
        .iter()
        .any(|s| matches!(s, Step::Exact(e) if e.level == Level::Document) || matches!(s, Step::Minhash(_)));
    let count = |tokenizer: &dyn Tokenize, of: &[(f64, u64, Option<String>)]| -> Outcome<Ratio> {
        let one = |(bytes, copies, text): &(f64, u64, Option<String>)| {
            let copies = if once { 1.0 } else { *copies as f64 };
            let Some(text) = text else { return Ok((*bytes, 0.0)) };
            Ok((*bytes, (tokenizer.encode(text)?.len() + 1) as f64 * copies))
        };
        let pairs: Result<Vec<(f64, f64)>, crate::Fault> = of.par_iter().map(one).collect();
        Ok(Ratio::of(&pairs.map_err(|fault| vec![*fault])?, sample.bytes as f64))
    };
    let ready = ready(place, tokenizer, train_on)?;
    let (low, high) = match (ready, &tokenizer.kind) {
        (Some(ready), _) => {
            let ratio = count(ready.as_ref(), &kept)?;
            (ratio, ratio)
        }
        // On the texts that it learned from a tokenizer needs fewer tokens than on the whole data, on others more.
        (None, TokenizerKind::Bpe { vocab, min_frequency, .. }) => {
            let train = |of: &[(f64, u64, Option<String>)]| {
                let texts: Vec<String> = of.iter().filter_map(|(_, _, text)| text.clone()).collect();
                Bpe::train(&tokenizer.name, *vocab, *min_frequency, texts.into_iter()).map_err(|f| vec![*f])
            };
            let (learned, others) = kept.split_at(kept.len() / 2);
            (count(&train(&kept)?, &kept)?, count(&train(learned)?, others)?)
        }
        (None, TokenizerKind::Chars { .. }) => {
            let all =
                kept.iter().filter_map(|(_, _, text)| text.as_ref()).flat_map(|text| text.chars()).collect();
            let ratio = count(&Chars::new(all), &kept)?;
            (ratio, ratio)
        }
        (None, _) => return Ok(None),
    };
    let whole = sample.bytes as f64;
    let whole_number = |tokens: f64| tokens.max(0.0).round() as u64;
    let tokens = whole_number((low.value + high.value) / 2.0 * whole);
    let sampled = Sampled {
        documents: kept.len() as u64,
        low: whole_number((low.value - low.error) * whole),
        high: whole_number((high.value + high.error) * whole),
        near_duplicates: steps.iter().any(|step| {
            matches!(step, Step::Minhash(_)) || matches!(step, Step::Exact(e) if e.level == Level::Paragraph)
        }),
    };
    let left = kept.iter().filter(|(_, _, text)| text.is_some()).count() as f64 / kept.len().max(1) as f64;
    let text: f64 = kept
        .iter()
        .filter_map(|(_, copies, text)| {
            Some(text.as_ref()?.len() as f64 * if once { 1.0 } else { *copies as f64 })
        })
        .sum();
    let read: f64 = kept.iter().map(|(bytes, ..)| bytes).sum();
    let splits = dataset.splits.iter().map(|split| {
        let share = |n: f64| (n * split.share.as_f64()).round() as u64;
        SplitFacts {
            name: split.name.clone(),
            documents: share(sample.documents as f64 * left).max(1),
            bytes: share(whole * text / read.max(1.0)),
            tokens: share(tokens as f64),
            records: None,
            lengths: vec![],
            answers: None,
            left_out: 0,
            members: vec![],
        }
    });
    Ok(Some(DatasetFacts {
        splits: splits.collect(),
        content: String::new(),
        certainty: Certainty::Estimated,
        sampled: Some(sampled),
        remarks: vec![],
    }))
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
