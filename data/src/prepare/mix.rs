//! Mixes: every source has tokens of its own, under a key that depends on its documents and their splits alone. So other weights need no
//! tokens again, and a source that joins the mix needs only its own.
//!
//! Sources are divided together, as one dataset: what is equal or nearly equal in two of them belongs to the same split.

use super::survey::{Found as Seen, Survey};
use super::{Facts, Input, Making, Member, Work, facts_if_cached, store};
use crate::Outcome;
use crate::cache::entry::{Entry, Found};
use crate::cache::key_of;
use crate::files::Place;
use crate::prepare::build;
use crate::progress::Progress;
use regimen_base::data::{
    Certainty, Dataset, DatasetFacts, Sampled, Share, Source, SplitFacts, Tokenizer, Weights,
};
use regimen_base::mixing::tempered;
use serde::{Deserialize, Serialize};

/// What is kept of a mix.
#[derive(Debug, Serialize, Deserialize)]
struct Mixed {
    /// Keys of the sources' tokens.
    members: Vec<String>,
    splits: Vec<SplitFacts>,
}

/// The splits of the mix with this key, if all of its tokens are there.
pub(super) fn splits_if_whole(place: &Place, dataset: &Dataset, key: &str) -> Option<Vec<SplitFacts>> {
    let Found::Whole(Mixed { members, mut splits }) = Entry::new(&place.cache, "mixes", key).look() else {
        return None;
    };
    let whole = |key: &String| {
        matches!(Entry::new(&place.cache, "tokens", key).look::<Vec<SplitFacts>>(), Found::Whole(_))
    };
    // Sources may have been renamed since.
    for member in splits.iter_mut().flat_map(|split| split.members.iter_mut().zip(&dataset.sources)) {
        member.0.name.clone_from(&member.1.name);
    }
    members.iter().all(whole).then_some(splits)
}

impl Work<'_> {
    /// The tokens of every source of a mix, and what is known of its splits.
    pub(super) fn mixed(
        &mut self,
        key: &str,
        making: Making<'_>,
        input: &Input,
    ) -> Outcome<(Vec<SplitFacts>, Vec<Member>)> {
        let entry = Entry::new(&self.place.cache, "mixes", key);
        let keys = match entry.look::<Mixed>() {
            Found::Whole(mixed) => mixed.members,
            Found::Damaged(why) => self.damaged(&entry, &why).unwrap_or_default(),
            Found::Nothing => vec![],
        };
        let keys = if keys.len() == input.dataset.sources.len() { keys } else { self.keys(making, input)? };
        let (mut found, mut members) = (vec![], vec![]);
        for (member, key) in keys.iter().enumerate() {
            let entry = Entry::new(&self.place.cache, "tokens", key);
            let (splits, files) = self.member(&entry, making, input, member)?;
            found.push(splits);
            members.push(files);
        }
        let splits = together(input.dataset, &found);
        if !matches!(entry.look::<Mixed>(), Found::Whole(_)) {
            let lock = self.lock(&entry)?;
            let mixed = Mixed { members: keys, splits: splits.clone() };
            store(&entry, &lock, |_| Ok::<_, build::Stop>(mixed))?;
        }
        Ok((splits, members))
    }

    /// The keys of the sources' tokens; all documents are read for them.
    fn keys(&mut self, making: Making<'_>, input: &Input) -> Outcome<Vec<String>> {
        let survey = self.surveys.of(input, &self.place.cache, self.progress)?;
        let names: Vec<&str> = input.dataset.splits.iter().map(|split| split.name.as_str()).collect();
        let chats = input.dataset.chats().map(|chats| (&chats.chat_template, &chats.train_on));
        let made =
            (&making.facts.content, making.facts.vocab, making.opened.map(|opened| opened.key()), chats);
        Ok(survey.contents.iter().map(|content| key_of(&("member", content, &names, &made))).collect())
    }
}

/// What is known of a mix's splits, from that of its sources.
fn together(dataset: &Dataset, found: &[Vec<SplitFacts>]) -> Vec<SplitFacts> {
    let named = |(source, split): (&Source, Option<&SplitFacts>)| SplitFacts {
        name: source.name.clone(),
        ..split.cloned().unwrap_or_default()
    };
    let one = |(index, split): (usize, &regimen_base::data::Split)| {
        let members = dataset.sources.iter().zip(found.iter().map(|splits| splits.get(index)));
        SplitFacts::of_members(&split.name, members.map(named).collect())
    };
    dataset.splits.iter().enumerate().map(one).collect()
}

/// What identifies the shares of bytes that a tokenizer learns from; nothing if the dataset is no mix.
pub(super) fn shares_of_bytes(dataset: &Dataset) -> Option<(Vec<Share>, Weights, u64)> {
    let mixing = dataset.mixing.filter(|_| dataset.is_mix())?;
    let shares = dataset.sources.iter().map(|source| source.share).collect();
    Some((shares, mixing.weights, mixing.temperature.to_bits()))
}

/// Of each source of a mix, the share of its documents of a split that a tokenizer may learn from, so that bytes are in the declared
/// proportion and as many as there can be; nothing of other datasets.
pub(super) fn most_of_each(dataset: &Dataset, survey: &Survey, split: u32) -> Vec<f64> {
    let Some(mixing) = dataset.mixing.filter(|_| dataset.is_mix()) else { return vec![] };
    let own = |bytes: &Vec<u64>| bytes.get(split as usize).copied().unwrap_or(0) as f64;
    let bytes: Vec<f64> = survey.bytes.iter().map(own).collect();
    let weights: Vec<f64> = (dataset.sources.iter().zip(&bytes))
        .map(|(source, bytes)| match mixing.weights {
            Weights::Shares => source.share.as_f64(),
            Weights::Epochs => source.share.as_f64() * bytes,
        })
        .collect();
    let shares = tempered(&weights, mixing.temperature);
    let wanted = || shares.iter().zip(&bytes).filter(|(share, bytes)| **share > 0.0 && **bytes > 0.0);
    let all = wanted().map(|(share, bytes)| bytes / share).fold(f64::INFINITY, f64::min);
    shares
        .iter()
        .zip(&bytes)
        .map(|(share, bytes)| if *bytes > 0.0 { all * share / bytes } else { 0.0 })
        .collect()
}

/// Whether a document is among the share that may be learned from: its text decides, so that the choice is always the same.
pub(super) fn is_taken(found: &Seen, most: Option<&f64>) -> bool {
    let Some(most) = most else { return true };
    let [a, b, c, d, e, f, g, h, ..] = found.hash;
    let place = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    (place as f64) < most * 18_446_744_073_709_551_616.0
}

/// What is predicted of a mix: every source by a sample of its own. What steps of the mix drop because another source has it cannot be told.
pub(super) fn predict(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    seed: u64,
    progress: &mut dyn Progress,
) -> Outcome<Option<DatasetFacts>> {
    let (mut found, mut sampled) = (vec![], None::<Sampled>);
    for source in &dataset.sources {
        let alone = alone(dataset, source);
        let facts = match facts_if_cached(place, tokenizer, train_on, &alone)? {
            Some(Facts { dataset, .. }) => Some(dataset),
            None => super::predict(place, tokenizer, train_on, &alone, seed, progress)?,
        };
        let Some(facts) = facts else { return Ok(None) };
        let tokens = facts.splits.iter().map(|split| split.tokens).sum();
        let exact = Sampled { documents: 0, low: tokens, high: tokens, near_duplicates: false };
        let own = facts.sampled.unwrap_or(exact);
        sampled = Some(sampled.map_or(own, |sum| Sampled {
            documents: sum.documents + own.documents,
            low: sum.low + own.low,
            high: sum.high + own.high,
            near_duplicates: sum.near_duplicates || own.near_duplicates,
        }));
        let of = |name: &str| facts.splits.iter().find(|split| split.name == name).cloned();
        found.push(dataset.splits.iter().map(|split| of(&split.name).unwrap_or_default()).collect());
    }
    Ok(Some(DatasetFacts {
        splits: together(dataset, &found),
        content: String::new(),
        certainty: Certainty::Estimated,
        sampled,
        remarks: vec![],
    }))
}

/// A source of a mix as a dataset, with the steps that its documents come through.
fn alone(dataset: &Dataset, source: &Source) -> Dataset {
    let division = dataset.division(source);
    let source = Source { division: None, ..source.clone() };
    Dataset {
        name: source.name.clone(),
        sources: vec![source],
        mixing: None,
        splits: division.splits,
        fold: division.fold,
        ..dataset.clone()
    }
}
