//! From feeds to the numbers that fill a program's inputs.

use super::codes;
use super::engine::HostSlice;
use regimen_base::Diagnostic;
use regimen_base::schedule::Feed;
use regimen_data::Stream;
use std::collections::BTreeMap;

/// The label of a position that does not count.
const IGNORED: i64 = -100;

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
pub struct Streams(BTreeMap<String, Stream>);

impl Streams {
    /// Adds the stream of a feed.
    pub fn add(&mut self, feed: &Feed, stream: Stream) {
        self.0.insert(feed.name.clone(), stream);
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
        let stream = self.0.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no data", feed.name))
        })?;
        stream.sample(index, tokens, labels);
        Ok(())
    }

    /// Every token of a window of running text has a label.
    fn supervised(&mut self, feed: &Feed, _first: u64, count: u64) -> Result<u64, Diagnostic> {
        Ok(count * feed.sequence)
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
            self.samples.push(index as i64);
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
