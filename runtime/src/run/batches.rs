//! From feeds to the numbers that fill a program's inputs.

use super::codes;
use super::engine::HostSlice;
use super::masking::{IGNORED, Masker, Place};
use regimen_base::Diagnostic;
use regimen_base::schedule::Feed;
use regimen_base::schedule::Reads;
use regimen_data::{Labelled, Stream, Tokenize};
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

    /// Writes the tokens of a labelled record, padding included; returns how many are none, and the class.
    ///
    /// # Errors
    /// If the feed has no such records.
    fn record(&mut self, feed: &Feed, index: u64, tokens: &mut [i64]) -> Result<(usize, u32), Diagnostic> {
        let _ = (index, tokens);
        Err(codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no labelled records", feed.name)))
    }

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
    records: BTreeMap<String, Labelled>,
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

    /// Adds the records of a feed.
    pub fn add_records(&mut self, feed: &Feed, records: Labelled) {
        self.records.insert(feed.name.clone(), records);
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

    fn record(&mut self, feed: &Feed, index: u64, tokens: &mut [i64]) -> Result<(usize, u32), Diagnostic> {
        let records = self.records.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no records", feed.name))
        })?;
        Ok(records.sample(index, tokens))
    }

    /// Every token of a window of running text has a label, unless only hidden ones do: then they are counted. A batch in which
    /// nothing is hidden has a loss of zero, whatever divides it.
    fn supervised(&mut self, feed: &Feed, first: u64, count: u64) -> Result<u64, Diagnostic> {
        if feed.records.is_some() {
            return Ok(count);
        }
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
    /// Of labelled records: which tokens are text, and the place of the one that stands for the sample.
    segments: Vec<i64>,
    rows: Vec<i64>,
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
        if let Some(records) = &feed.records {
            self.fill_records(batches, feed, records.reads, (first, end))?;
            self.divisor = [divisor as f32];
            self.holds = Some((feed.name.clone(), first, divisor));
            return Ok(());
        }
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

    /// One label a sample; rows at the end of the feed and beyond are padding without a label.
    fn fill_records(
        &mut self,
        batches: &mut dyn Batches,
        feed: &Feed,
        reads: Reads,
        (first, end): (u64, u64),
    ) -> Result<(), Diagnostic> {
        let (row, rows) = (feed.sequence as usize, feed.micro_batch as usize);
        self.tokens.resize(row * rows, 0);
        self.segments.resize(row * rows, 0);
        for list in [&mut self.samples, &mut self.labels, &mut self.rows] {
            list.clear();
        }
        let places = self.tokens.chunks_exact_mut(row).zip(self.segments.chunks_exact_mut(row));
        for (place, (tokens, segments)) in places.enumerate() {
            let index = first + place as u64;
            tokens.fill(0);
            segments.fill(0);
            let (length, label) = match index < end {
                true => {
                    let (length, class) = batches.record(feed, index, tokens)?;
                    (length, i64::from(class))
                }
                false => (0, IGNORED),
            };
            segments.iter_mut().take(length).for_each(|segment| *segment = 1);
            let read = if reads == Reads::Last { length.saturating_sub(1) } else { 0 };
            self.rows.push((place * row + read) as i64);
            self.labels.push(label);
            self.samples.push(if index < end { index as i64 } else { NO_SAMPLE });
        }
        Ok(())
    }

    /// Labels of what it holds.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// Whether it was filled with the samples of this feed from `first` on, for this divisor.
    pub fn holds(&self, feed: &Feed, first: u64, divisor: u64) -> bool {
        self.holds.as_ref().is_some_and(|held| held.0 == feed.name && (held.1, held.2) == (first, divisor))
    }

    /// The numbers by the source that a program's input names.
    pub fn inputs(&self) -> [(&'static str, HostSlice<'_>); 6] {
        [
            ("tokens", HostSlice::I64(&self.tokens)),
            ("labels", HostSlice::I64(&self.labels)),
            ("samples", HostSlice::I64(&self.samples)),
            ("segments", HostSlice::I64(&self.segments)),
            ("rows", HostSlice::I64(&self.rows)),
            ("divisor", HostSlice::F32(&self.divisor)),
        ]
    }
}
