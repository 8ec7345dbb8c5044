//! The next batch is made while the current one is trained on.

use super::Stream;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Consecutive samples, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Index of the first sample.
    pub first: u64,
    /// `samples · sequence` tokens.
    pub tokens: Vec<i64>,
    /// The token after each.
    pub labels: Vec<i64>,
}

/// A thread that makes batches ahead. The batches are those that [`Stream::sample`] gives, in order,
/// whatever the timing. Dropping it ends the thread.
#[derive(Debug)]
pub struct Prefetch {
    batches: Option<Receiver<Batch>>,
    used: SyncSender<Batch>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Batches of `samples` samples, the first beginning at sample `first`; at most `ahead` (one or more) are
    /// waiting.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn new(stream: Stream, first: u64, samples: u64, ahead: usize) -> io::Result<Prefetch> {
        let ahead = ahead.max(1);
        let (send, batches) = sync_channel(ahead);
        // Room for every batch that can be under way, so that giving one back never waits.
        let (used, reuse) = sync_channel(ahead + 2);
        let thread = std::thread::Builder::new()
            .name("prefetch".to_string())
            .spawn(move || fill_ahead(&stream, first, samples, &send, &reuse))?;
        Ok(Prefetch { batches: Some(batches), used, thread: Some(thread) })
    }

    /// The next batch. Nothing only if its thread was ended from outside.
    pub fn next_batch(&mut self) -> Option<Batch> {
        self.batches.as_ref()?.recv().ok()
    }

    /// Gives a batch back, so that its memory is used again.
    pub fn give_back(&mut self, batch: Batch) {
        // If there is no room, the batch is simply freed.
        let _ = self.used.try_send(batch);
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // Without a receiver the thread's next send fails, and it ends.
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fill_ahead(stream: &Stream, first: u64, samples: u64, send: &SyncSender<Batch>, reuse: &Receiver<Batch>) {
    let mut next = first;
    loop {
        let mut batch = reuse.try_recv().unwrap_or_default();
        fill(stream, next, samples, &mut batch);
        if send.send(batch).is_err() {
            return;
        }
        next += samples;
    }
}

fn fill(stream: &Stream, first: u64, samples: u64, batch: &mut Batch) {
    let row = stream.sequence() as usize;
    let length = row * samples as usize;
    batch.first = first;
    batch.tokens.resize(length, 0);
    batch.labels.resize(length, 0);
    let rows = batch.tokens.chunks_mut(row).zip(batch.labels.chunks_mut(row));
    for (index, (tokens, labels)) in (first..).zip(rows) {
        stream.sample(index, tokens, labels);
    }
}
