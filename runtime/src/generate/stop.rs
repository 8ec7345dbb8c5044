//! What ends a text, and text that is held back because it may turn out to be that.

use crate::run::codes;
use regimen_base::Diagnostic;

/// Tokens and texts that end a text; neither becomes part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// Ids of tokens.
    pub tokens: Vec<u32>,
    /// Texts.
    pub texts: Vec<String>,
}

impl Stops {
    /// Refuses what has no meaning.
    pub(super) fn check(&self) -> Result<(), Diagnostic> {
        if self.texts.iter().any(String::is_empty) {
            return Err(codes::sampling_refused("a stop text is empty: every text would end at once"));
        }
        Ok(())
    }
}

/// Passes text on until a stop text comes, and holds back what may be the beginning of one.
pub struct Held<'a> {
    stops: &'a [String],
    piece: &'a mut dyn FnMut(&str),
    shown: String,
    pending: String,
    stopped: bool,
}

impl<'a> Held<'a> {
    /// Passes on to `piece`.
    pub fn new(stops: &'a [String], piece: &'a mut dyn FnMut(&str)) -> Held<'a> {
        Held { stops, piece, shown: String::new(), pending: String::new(), stopped: false }
    }

    /// Adds text; after a stop text it has no effect.
    pub fn push(&mut self, text: &str) {
        if self.stopped {
            return;
        }
        self.pending.push_str(text);
        // The earliest place counts, whichever stop text it is.
        if let Some(at) = self.stops.iter().filter_map(|stop| self.pending.find(stop.as_str())).min() {
            self.pending.truncate(at);
            self.stopped = true;
        }
        let keep = if self.stopped { 0 } else { self.possible() };
        let rest = self.pending.split_off(self.pending.len() - keep);
        let ready = std::mem::replace(&mut self.pending, rest);
        self.show(&ready);
    }

    /// Whether a stop text came.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Passes the rest on and returns everything that was passed on.
    pub fn finish(mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        self.show(&rest);
        self.shown
    }

    fn show(&mut self, text: &str) {
        if !text.is_empty() {
            (self.piece)(text);
            self.shown.push_str(text);
        }
    }

    /// Bytes at the end that a stop text may begin with.
    fn possible(&self) -> usize {
        let begins = |at: usize| {
            let end = self.pending.get(at..);
            end.is_some_and(|end| self.stops.iter().any(|stop| stop.starts_with(end)))
        };
        (0..self.pending.len()).find(|at| begins(*at)).map_or(0, |at| self.pending.len() - at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(stops: &[&str], parts: &[&str]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|s| (*s).to_owned()).collect();
        let mut pieces = vec![];
        let mut show = |piece: &str| pieces.push(piece.to_owned());
        let mut held = Held::new(&stops, &mut show);
        parts.iter().for_each(|part| held.push(part));
        let stopped = held.stopped();
        held.finish();
        (pieces, stopped)
    }

    #[test]
    fn what_may_become_a_stop_text_waits() {
        let (shown, stopped) = pieces(&["\n\n"], &["a\n", "b\n", "\nc"]);
        assert_eq!(shown, ["a", "\nb"]);
        assert!(stopped);
        assert_eq!(pieces(&["END"], &["E", "N", "X"]), (vec!["ENX".to_owned()], false));
    }

    #[test]
    fn what_waited_in_vain_is_shown_at_the_end() {
        assert_eq!(pieces(&["END"], &["xEN"]), (vec!["x".to_owned(), "EN".to_owned()], false));
    }

    #[test]
    fn the_earliest_stop_text_counts() {
        assert_eq!(pieces(&["d", "bc"], &["abcd"]), (vec!["a".to_owned()], true));
        assert_eq!(pieces(&["é"], &["aé"]), (vec!["a".to_owned()], true));
    }
}
