//! From feeds to the numbers that fill a program's inputs.

use super::codes;
use super::engine::HostSlice;
use super::masking::{IGNORED, Masker, Place};
use regimen_base::Diagnostic;
use regimen_base::schedule::{Compared as Form, Feed, Reads};
use regimen_data::{
    Compared, ComparedSample, Documents, Labelled, Mixed, Pairs, Row, Rows, Stream, Tokenize,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stands for the index of a sample in rows that only fill up a batch.
const NO_SAMPLE: i64 = -1;

/// Where samples come from. A sample is a function of its index, so there is no position to restore.
pub trait Batches {
    /// Writes a sample. An index beyond one epoch is of a later epoch. Segments and positions are written if the feed's samples hold
    /// several texts.
    ///
    /// # Errors
    /// If the sample cannot be read.
    fn sample(&mut self, feed: &Feed, index: u64, row: Row<'_>) -> Result<(), Diagnostic>;

    /// Writes the tokens of a labelled record, padding included; returns how many are none, and the class.
    ///
    /// # Errors
    /// If the feed has no such records.
    fn record(&mut self, feed: &Feed, index: u64, tokens: &mut [i64]) -> Result<(usize, u32), Diagnostic> {
        let _ = (index, tokens);
        Err(codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no labelled records", feed.name)))
    }

    /// Writes a sample of two texts, padding included; returns 0 if the second follows the first, and 1 if not.
    ///
    /// # Errors
    /// If the feed has no such samples.
    fn pair(&mut self, feed: &Feed, index: u64, row: Row<'_>) -> Result<i64, Diagnostic> {
        let _ = (index, row);
        Err(codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no pairs of texts", feed.name)))
    }

    /// Writes the two texts of a pair of answers, the chosen one first, padding included.
    ///
    /// # Errors
    /// If the feed has no such pairs.
    fn compared(
        &mut self,
        feed: &Feed,
        index: u64,
        texts: [&mut [i64]; 2],
    ) -> Result<ComparedSample, Diagnostic> {
        let _ = (index, texts);
        Err(codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no pairs of answers", feed.name)))
    }

    /// Labels that count in the samples `first..first + count`: what their losses are divided by.
    ///
    /// # Errors
    /// If the samples cannot be read.
    fn supervised(&mut self, feed: &Feed, first: u64, count: u64) -> Result<u64, Diagnostic>;
}

/// Streams of the data engine, by feed; of a mix, those of all its sources.
#[derive(Debug, Default)]
pub struct Streams {
    feeds: BTreeMap<String, Mixed<Source>>,
    records: BTreeMap<String, Labelled>,
    pairs: BTreeMap<String, (Mixed<Pairs>, Masker)>,
    compared: BTreeMap<String, Compared>,
    /// The last answer of [`Batches::supervised`] that took reading: feed, first sample, samples, labels. It is asked for with every
    /// micro-batch of a batch.
    counted: Option<(String, u64, u64, u64)>,
}

/// Where the samples of a feed, or of one source of it, are from.
#[derive(Debug)]
enum Source {
    /// Running text, every token of which has a label.
    Text(Stream),
    /// The same, of documents that do not see each other: all but their last tokens have labels.
    Documents(Documents),
    /// Running text, and what is hidden of it: only that has labels.
    Masked(Hidden),
    /// Conversations.
    Conversations(Rows),
}

/// Running text of which tokens are hidden.
#[derive(Debug)]
struct Hidden {
    stream: Stream,
    masker: Arc<Masker>,
    /// Tokens of the sources before it.
    before: u64,
}

/// A sample: its index in its source, and in the feed.
#[derive(Clone, Copy)]
struct Index {
    own: u64,
    whole: u64,
}

impl Source {
    /// Writes a sample.
    fn sample(&self, index: Index, row: Row<'_>) {
        match self {
            Source::Text(stream) => stream.sample(index.own, row.tokens, row.labels),
            Source::Documents(documents) => documents.sample(index.own, row),
            Source::Masked(hidden) => {
                hidden.sample(index, row.tokens, row.labels);
            }
            Source::Conversations(rows) => rows.sample(index.own, row),
        }
    }

    /// Labels of a sample.
    fn supervised(&self, feed: &Feed, index: Index) -> u64 {
        match self {
            Source::Text(_) => feed.sequence,
            Source::Documents(documents) => documents.supervised(index.own),
            Source::Masked(hidden) => {
                let (mut tokens, mut labels) =
                    (vec![0; feed.sequence as usize], vec![0; feed.sequence as usize]);
                hidden.sample(index, &mut tokens, &mut labels)
            }
            Source::Conversations(rows) => rows.supervised(index.own),
        }
    }
}

impl Hidden {
    /// Writes a sample with hidden tokens; says how many these are.
    fn sample(&self, index: Index, tokens: &mut [i64], labels: &mut [i64]) -> u64 {
        let stream = &self.stream;
        stream.sample(index.own, tokens, labels);
        let (start, before) = (stream.position(index.own), self.before);
        let place = Place { sample: index.whole, start, tokens: stream.tokens(), before };
        self.masker.hide(place, tokens, labels)
    }
}

/// Writes a sample of two texts with hidden tokens; says whether the second is another one, and how many are hidden.
fn hidden_pair(pairs: &Mixed<Pairs>, masker: &Masker, index: u64, row: Row<'_>) -> (i64, u64) {
    let Some(of) = pairs.of(index) else { return (0, 0) };
    let Row { tokens, labels, segments, positions, types } = row;
    let inner = Row { tokens: &mut *tokens, labels: &mut *labels, segments, positions, types };
    let pair = of.member.sample(of.index, inner);
    // Where the choice is the same in every epoch, it depends on the place of the sample among all.
    let samples = |pairs: &Pairs| pairs.samples_per_epoch();
    let earlier: u64 = pairs.members().iter().take(of.place).map(samples).sum();
    let length = tokens.len() as u64;
    let sample = if of.member.is_fixed() { pair.identity } else { index };
    let (start, before) = (pair.identity * length, earlier * length);
    let place = Place { sample, start, tokens: u64::MAX, before };
    (pair.label, masker.hide(place, tokens, labels))
}

/// How many tokens are hidden in these samples.
fn hidden_of_pairs(
    (pairs, masker): &(Mixed<Pairs>, Masker),
    feed: &Feed,
    indices: std::ops::Range<u64>,
) -> u64 {
    let [mut tokens, mut labels, mut segments, mut types] = [(); 4].map(|()| vec![0; feed.sequence as usize]);
    let mut one = |index| {
        let (segments, types) = (&mut segments, &mut types);
        let row = Row { tokens: &mut tokens, labels: &mut labels, segments, positions: &mut [], types };
        hidden_pair(pairs, masker, index, row).1
    };
    indices.map(&mut one).sum()
}

impl Streams {
    /// Adds the streams of a feed.
    pub fn add(&mut self, feed: &Feed, streams: impl Into<Mixed<Stream>>, tokenizer: &dyn Tokenize) {
        let masker = feed.masking.as_ref().map(|masking| Arc::new(Masker::new(masking, tokenizer)));
        let mut before = 0;
        let source = |stream: Stream| match &masker {
            Some(masker) => {
                let hidden = Hidden { masker: masker.clone(), before, stream };
                before += hidden.stream.tokens();
                Source::Masked(hidden)
            }
            None => match feed.documents {
                Some(borders) => Source::Documents(Documents::new(stream, borders.end_of_text)),
                None => Source::Text(stream),
            },
        };
        self.feeds.insert(feed.name.clone(), streams.into().map(source));
    }

    /// Adds the conversations of a feed.
    pub fn add_conversations(&mut self, feed: &Feed, rows: impl Into<Mixed<Rows>>) {
        self.feeds.insert(feed.name.clone(), rows.into().map(Source::Conversations));
    }

    /// Adds the records of a feed.
    pub fn add_records(&mut self, feed: &Feed, records: Labelled) {
        self.records.insert(feed.name.clone(), records);
    }

    /// Adds the pairs of a feed, with what is hidden of them.
    pub fn add_pairs(&mut self, feed: &Feed, pairs: impl Into<Mixed<Pairs>>, masker: Masker) {
        self.pairs.insert(feed.name.clone(), (pairs.into(), masker));
    }

    /// Adds the pairs of answers of a feed.
    pub fn add_compared(&mut self, feed: &Feed, pairs: Compared) {
        self.compared.insert(feed.name.clone(), pairs);
    }

    fn paired(&self, feed: &Feed) -> Result<&(Mixed<Pairs>, Masker), Diagnostic> {
        self.pairs.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no pairs", feed.name))
        })
    }

    /// The source of a sample, and the sample's index there.
    fn source(&self, feed: &Feed, whole: u64) -> Result<(&Source, Index), Diagnostic> {
        let found = self.feeds.get(&feed.name).and_then(|sources| sources.of(whole));
        let found = found.map(|of| (of.member, Index { own: of.index, whole }));
        found.ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no data", feed.name))
        })
    }
}

impl Batches for Streams {
    fn sample(&mut self, feed: &Feed, index: u64, row: Row<'_>) -> Result<(), Diagnostic> {
        let (source, index) = self.source(feed, index)?;
        source.sample(index, row);
        Ok(())
    }

    fn record(&mut self, feed: &Feed, index: u64, tokens: &mut [i64]) -> Result<(usize, u32), Diagnostic> {
        let records = self.records.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no records", feed.name))
        })?;
        Ok(records.sample(index, tokens))
    }

    fn pair(&mut self, feed: &Feed, index: u64, row: Row<'_>) -> Result<i64, Diagnostic> {
        let (pairs, masker) = self.paired(feed)?;
        Ok(hidden_pair(pairs, masker, index, row).0)
    }

    fn compared(
        &mut self,
        feed: &Feed,
        index: u64,
        texts: [&mut [i64]; 2],
    ) -> Result<ComparedSample, Diagnostic> {
        let pairs = self.compared.get(&feed.name).ok_or_else(|| {
            codes::plan_not_runnable(&feed.dataset, format!("feed `{}` has no pairs of answers", feed.name))
        })?;
        Ok(pairs.sample(index, texts))
    }

    /// Every token of a window of running text has a label, unless only hidden ones do, or those that an assistant says, or
    /// documents do not see each other: then they are counted. A labelled record has one, and so has a pair of answers. A batch without any has a loss of zero, whatever divides it.
    fn supervised(&mut self, feed: &Feed, first: u64, count: u64) -> Result<u64, Diagnostic> {
        if feed.records.is_some() || feed.compared.is_some() {
            return Ok(count);
        }
        if let Some((name, from, samples, labels)) = &self.counted
            && (name.as_str(), *from, *samples) == (feed.name.as_str(), first, count)
        {
            return Ok(*labels);
        }
        let labels = match feed.pairs {
            Some(_) => hidden_of_pairs(self.paired(feed)?, feed, first..first + count),
            None => (first..first + count)
                .map(|whole| self.source(feed, whole).map(|(source, index)| source.supervised(feed, index)))
                .sum::<Result<u64, Diagnostic>>()?,
        };
        let labels = labels.max(1);
        self.counted = Some((feed.name.clone(), first, count, labels));
        Ok(labels)
    }
}

/// Memory for one micro-batch, used again and again.
#[derive(Clone, Debug, Default)]
pub struct MicroBatch {
    /// Feed, first sample and divisor of what it holds, if it holds anything.
    holds: Option<(String, u64, u64)>,
    tokens: Vec<i64>,
    labels: Vec<i64>,
    /// The text of the sample that a token belongs to, from 1, and its place there; 0 is padding. Empty where the feed has no such.
    segments: Vec<i64>,
    positions: Vec<i64>,
    samples: Vec<i64>,
    /// Of labelled records: the place of the token that stands for the sample.
    rows: Vec<i64>,
    /// Of pairs: which text a token belongs to, from 0, and whether the second does not follow the first.
    types: Vec<i64>,
    follows: Vec<i64>,
    divisor: [f32; 1],
    /// What the loss of pairs is divided by: the samples of the global batch.
    pair_divisor: [f32; 1],
    /// Of pairs of answers: what is added to the two rewards of each, and what each is of the mean of all.
    margins: Vec<f32>,
    shares: Vec<f32>,
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
        if let Some(form) = &feed.compared {
            self.fill_compared(batches, feed, form, (first, end), divisor)?;
            self.divisor = [divisor as f32];
            self.holds = Some((feed.name.clone(), first, divisor));
            return Ok(());
        }
        self.tokens.resize(row * rows, 0);
        self.labels.resize(row * rows, IGNORED);
        let paired = feed.pairs.is_some();
        let several = feed.rows.is_some() || feed.documents.is_some();
        let packed = if several { row * rows } else { 0 };
        self.segments.resize(if paired { row * rows } else { packed }, 0);
        self.positions.resize(packed, 0);
        self.types.resize(if paired { row * rows } else { 0 }, 0);
        for list in [&mut self.samples, &mut self.rows, &mut self.follows] {
            list.clear();
        }
        self.pair_divisor = [feed.batch as f32];
        for (index, at) in (first..).zip((0..rows).map(|i| i * row..(i + 1) * row)) {
            self.samples.push(if index < end { index as i64 } else { NO_SAMPLE });
            let mut row = Row {
                tokens: self.tokens.get_mut(at.clone()).unwrap_or_default(),
                labels: self.labels.get_mut(at.clone()).unwrap_or_default(),
                segments: self.segments.get_mut(at.clone()).unwrap_or_default(),
                positions: self.positions.get_mut(at.clone()).unwrap_or_default(),
                types: self.types.get_mut(at.clone()).unwrap_or_default(),
            };
            if paired {
                self.rows.push(at.start as i64);
            }
            if index < end && paired {
                self.follows.push(batches.pair(feed, index, row)?);
            } else if index < end {
                batches.sample(feed, index, row)?;
            } else {
                self.follows.push(IGNORED);
                row.pad();
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
        for list in [&mut self.samples, &mut self.labels, &mut self.rows, &mut self.positions] {
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

    /// Two rows a sample, and one label, which says that the first text is the better one; samples at the end of the feed and beyond are padding
    /// without a label.
    fn fill_compared(
        &mut self,
        batches: &mut dyn Batches,
        feed: &Feed,
        form: &Form,
        (first, end): (u64, u64),
        divisor: u64,
    ) -> Result<(), Diagnostic> {
        let (row, samples) = (feed.sequence as usize, feed.micro_batch as usize);
        self.tokens.resize(2 * row * samples, 0);
        self.segments.resize(2 * row * samples, 0);
        for list in [&mut self.samples, &mut self.labels, &mut self.rows, &mut self.positions] {
            list.clear();
        }
        self.margins.clear();
        self.shares.clear();
        let places = self.tokens.chunks_exact_mut(2 * row).zip(self.segments.chunks_exact_mut(2 * row));
        for (index, (tokens, segments)) in (first..).zip(places) {
            tokens.fill(0);
            segments.fill(0);
            let (chosen, rejected) = tokens.split_at_mut(row);
            let counts = index < end;
            let ComparedSample { lengths, margin } = match counts {
                true => batches.compared(feed, index, [chosen, rejected])?,
                false => ComparedSample { lengths: [0, 0], margin: 0.0 },
            };
            for (text, length) in lengths.into_iter().enumerate() {
                let place = 2 * (index - first) as usize + text;
                let range = text * row..text * row + length;
                segments.get_mut(range.clone()).unwrap_or_default().fill(1);
                let read = match form.reads {
                    Reads::First => 0,
                    Reads::Last => last_read(tokens.get(range).unwrap_or_default(), form.marks.padding),
                };
                self.rows.push((place * row + read) as i64);
                // Each text draws its own dropout.
                self.samples.push(if counts { 2 * index as i64 + text as i64 } else { NO_SAMPLE });
            }
            self.labels.push(if counts { 0 } else { IGNORED });
            self.margins.extend([-margin, 0.0]);
            self.shares.push(if counts { 1.0 / divisor.max(1) as f32 } else { 0.0 });
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
    pub fn inputs(&self) -> [(&'static str, HostSlice<'_>); 12] {
        [
            ("tokens", HostSlice::I64(&self.tokens)),
            ("labels", HostSlice::I64(&self.labels)),
            ("segments", HostSlice::I64(&self.segments)),
            ("positions", HostSlice::I64(&self.positions)),
            ("samples", HostSlice::I64(&self.samples)),
            ("rows", HostSlice::I64(&self.rows)),
            ("types", HostSlice::I64(&self.types)),
            ("follows", HostSlice::I64(&self.follows)),
            ("pair_divisor", HostSlice::F32(&self.pair_divisor)),
            ("margins", HostSlice::F32(&self.margins)),
            ("shares", HostSlice::F32(&self.shares)),
            ("divisor", HostSlice::F32(&self.divisor)),
        ]
    }
}

/// The place of the last token that is not the token of padding, as transformers looks for it: where a text ends with that token, the one
/// before it.
fn last_read(text: &[i64], padding: Option<u32>) -> usize {
    let padding = padding.map(i64::from);
    text.iter().rposition(|token| Some(*token) != padding).unwrap_or(0)
}
