//! From feeds to the numbers that fill a program's inputs.

use super::codes;
use super::engine::HostSlice;
use super::masking::{IGNORED, Masker, Place};
use regimen_base::Diagnostic;
use regimen_base::schedule::Feed;
use regimen_data::{Stream, Tokenize};
use std::collections::BTreeMap;

/// Stands for the index of a sample in rows that only fill up a batch.
const NO_SAMPLE: i64 = -1;

/// Where samples come from. A sample is a function of its index, so there is no position to restore.
pub trait Batches {
    /// Writes the tokens of a sample and the label of each. An index beyond one epoch is of a later epoch.
    ///
    /// # Errors
    /// If the sample cannot be read.
    fn sample(
        &mut self,
        feed: &Feed,
        index: u64,
        tokens: &mut [i64],
        labels: &mut [i64],
    ) -> Result<(), Diagnostic>;

    /// Labels that count in the samples `first..first + count`: what their losses are divided by.
    ///
    /// # Errors
    /// If the samples cannot be read.
    fn supervised(&mut self, feed: &Feed, first: u64, count: u64) -> Result<u64, Diagnostic>;
}

/// Streams of the data engine, by feed.
#[derive(Debug, Default)]
pub struct Streams {
    feeds: BTreeMap<String, Source>,
    /// The last answer of [`Batches::supervised`] that took reading: feed, first sample, samples, labels. It is asked for with every
    /// micro-batch of a batch.
    counted: Option<(String, u64, u64, u64)>,
}

/// A stream, and what is hidden of it.
#[derive(Debug)]
struct Source {
    stream: Stream,
    masker: Option<Masker>,
}

impl Source {
    /// Writes a sample; returns how many labels count.
    fn sample(&self, index: u64, tokens: &mut [i64], labels: &mut [i64]) -> u64 {
        self.stream.sample(index, tokens, labels);
        let Some(masker) = &self.masker else { return labels.len() as u64 };
        let place = Place { sample: index, start: self.stream.position(index), tokens: self.stream.tokens() };
        masker.hide(place, tokens, labels)
    }
}

impl Streams {
    /// Adds the stream of a feed.
    pub fn add(&mut self, feed: &Feed, stream: Stream, tokenizer: &dyn Tokenize) {
        let masker = feed.masking.as_ref().map(|masking| Masker::new(masking, tokenizer));
        self.feeds.insert(feed.name.clone(), Source { stream, masker });
    }

    fn source(&self, feed: &Feed) -> Result<&Source, Diagnostic> {
        self.feeds.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no data", feed.name))
        })
    }
}

impl Batches for Streams {
    fn sample(
        &mut self,
        feed: &Feed,
        index: u64,
        tokens: &mut [i64],
        labels: &mut [i64],
    ) -> Result<(), Diagnostic> {
        self.source(feed)?.sample(index, tokens, labels);
        Ok(())
    }

    /// Every token of a window of running text has a label, unless only hidden ones do: then they are counted. A batch in which
    /// nothing is hidden has a loss of zero, whatever divides it.
    fn supervised(&mut self, feed: &Feed, first: u64, count: u64) -> Result<u64, Diagnostic> {
        if feed.masking.is_none() {
            return Ok(count * feed.sequence);
        }
        if let Some((name, from, samples, labels)) = &self.counted
            && (name.as_str(), *from, *samples) == (feed.name.as_str(), first, count)
        {
            return Ok(*labels);
        }
        let source = self.source(feed)?;
        let (mut tokens, mut labels) = (vec![0; feed.sequence as usize], vec![0; feed.sequence as usize]);
        let hidden =
            (first..first + count).map(|i| source.sample(i, &mut tokens, &mut labels)).sum::<u64>().max(1);
        self.counted = Some((feed.name.clone(), first, count, hidden));
        Ok(hidden)
    }
}

/// Memory for one micro-batch, used again and again.
#[derive(Clone, Debug, Default)]
pub struct MicroBatch {
    /// Feed, first sample and divisor of what it holds, if it holds anything.
    holds: Option<(String, u64, u64)>,
    tokens: Vec<i64>,
    labels: Vec<i64>,
    samples: Vec<i64>,
    divisor: [f32; 1],
}

impl MicroBatch {
    /// Fills it with the samples from `first` on. Rows at `end` and beyond hold token 0 and no label.
    ///
    /// # Errors
    /// If a sample cannot be read.
    pub fn fill(
        &mut self,
        batches: &mut dyn Batches,
        feed: &Feed,
        first: u64,
        end: u64,
        divisor: u64,
    ) -> Result<(), Diagnostic> {
        self.holds = None;
        let (row, rows) = (feed.sequence as usize, feed.micro_batch as usize);
        self.tokens.resize(row * rows, 0);
        self.labels.resize(row * rows, IGNORED);
        self.samples.clear();
        let places = self.tokens.chunks_exact_mut(row).zip(self.labels.chunks_exact_mut(row));
        for (index, (tokens, labels)) in (first..).zip(places) {
            self.samples.push(if index < end { index as i64 } else { NO_SAMPLE });
            if index < end {
                batches.sample(feed, index, tokens, labels)?;
            } else {
                tokens.fill(0);
                labels.fill(IGNORED);
            }
        }
        self.divisor = [divisor as f32];
        self.holds = Some((feed.name.clone(), first, divisor));
        Ok(())
    }

    /// Whether it was filled with the samples of this feed from `first` on, for this divisor.
    pub fn holds(&self, feed: &Feed, first: u64, divisor: u64) -> bool {
        self.holds.as_ref().is_some_and(|held| held.0 == feed.name && (held.1, held.2) == (first, divisor))
    }

    /// The numbers by the source that a program's input names.
    pub fn inputs(&self) -> [(&'static str, HostSlice<'_>); 4] {
        [
            ("tokens", HostSlice::I64(&self.tokens)),
            ("labels", HostSlice::I64(&self.labels)),
            ("samples", HostSlice::I64(&self.samples)),
            ("divisor", HostSlice::F32(&self.divisor)),
        ]
    }
}
