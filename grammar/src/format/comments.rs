//! The comments of a file: they are not in the tree, the printer asks for them by place.

use crate::scan::{BLANKS, TokenKind, tokens};
use std::ops::Range;

/// One comment.
#[derive(Clone, Copy, Debug)]
pub struct Comment<'t> {
    /// Its first byte in the file.
    pub start: usize,
    /// From the `#` to the end of the line.
    pub text: &'t str,
}

/// The comments of a file; each is handed out once.
#[derive(Debug)]
pub struct Comments<'t> {
    text: &'t str,
    all: Vec<Comment<'t>>,
    taken: Vec<bool>,
    /// All before this one were handed out.
    next: usize,
}

impl<'t> Comments<'t> {
    /// Finds the comments of `text`.
    pub fn new(text: &'t str) -> Comments<'t> {
        let all: Vec<Comment<'t>> = tokens(text)
            .filter(|token| token.kind == TokenKind::Comment)
            .map(|token| Comment { start: token.start, text: token.text.trim_end() })
            .collect();
        let taken = vec![false; all.len()];
        Comments { text, all, taken, next: 0 }
    }

    /// The comments in `range` that were not handed out yet.
    pub fn take(&mut self, range: Range<usize>) -> Vec<Comment<'t>> {
        let found: Vec<usize> = self.waiting(range).collect();
        found.into_iter().map(|index| self.hand_out(index)).collect()
    }

    /// The comments in `range` that lie in none of the ranges `without`, which are in order.
    pub fn take_outside(&mut self, range: Range<usize>, without: &[Range<usize>]) -> Vec<Comment<'t>> {
        outside(range, without).into_iter().flat_map(|part| self.take(part)).collect()
    }

    /// Whether any comment is left in `range` outside of the ranges `without`.
    pub fn any_outside(&self, range: Range<usize>, without: &[Range<usize>]) -> bool {
        outside(range, without).into_iter().any(|part| self.any(part))
    }

    /// The comment that follows `end` on its line with nothing but a comma before it.
    pub fn take_trailing(&mut self, end: usize) -> Option<Comment<'t>> {
        let index = self.all.partition_point(|c| c.start < end);
        let comment = *self.all.get(index)?;
        if self.taken[index] || !self.is_trailing(end, comment.start) {
            return None;
        }
        Some(self.hand_out(index))
    }

    /// Whether a comment in `range` stands on a line of its own, seen from `range.start`.
    pub fn any_own_line(&self, range: Range<usize>) -> bool {
        let start = range.start;
        self.waiting(range).any(|index| !self.is_trailing(start, self.all[index].start))
    }

    /// Whether any comment is left in `range`.
    pub fn any(&self, range: Range<usize>) -> bool {
        self.waiting(range).next().is_some()
    }

    fn hand_out(&mut self, index: usize) -> Comment<'t> {
        self.taken[index] = true;
        while self.taken.get(self.next) == Some(&true) {
            self.next += 1;
        }
        self.all[index]
    }

    fn waiting(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        let first = self.all.partition_point(|c| c.start < range.start).max(self.next);
        let last = self.all.partition_point(|c| c.start < range.end).max(first);
        (first..last).filter(|index| !self.taken[*index])
    }

    fn is_trailing(&self, end: usize, comment: usize) -> bool {
        self.text[end..comment].chars().all(|c| c == ',' || BLANKS.contains(&c))
    }
}

/// The parts of `whole` outside of the ranges `without`, which are in order.
fn outside(whole: Range<usize>, without: &[Range<usize>]) -> Vec<Range<usize>> {
    let starts = std::iter::once(whole.start).chain(without.iter().map(|inner| inner.end));
    let ends = without.iter().map(|inner| inner.start).chain(std::iter::once(whole.end));
    starts.zip(ends).map(|(start, end)| start..end).collect()
}
