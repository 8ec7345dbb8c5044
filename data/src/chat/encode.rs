//! From a conversation to tokens, and which of them are labels.

use super::mark::GUARD;
use super::spans::{self, Rendered};
use super::special::{Part, Specials};
use super::{Message, Template};
use crate::Fault;
use crate::tokenizer::Tokenize;
use regimen_base::data::Role;
use std::ops::Range;

/// A conversation as tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// All tokens of the rendered conversation.
    pub tokens: Vec<u32>,
    /// Of each token, whether it is a label.
    pub counts: Vec<bool>,
}

/// What makes tokens of conversations: a template, a tokenizer, and whose turns count.
#[derive(Clone, Debug)]
pub struct Encoder<'a> {
    pub(super) template: Template,
    pub(super) tokenizer: &'a dyn Tokenize,
    pub(super) special: Specials,
    pub(super) train_on: Vec<Role>,
}

impl<'a> Encoder<'a> {
    /// Looks up the tokenizer's special tokens.
    pub fn new(template: Template, tokenizer: &'a dyn Tokenize, train_on: &[Role]) -> Encoder<'a> {
        let mut train_on = train_on.to_vec();
        train_on.sort_unstable();
        train_on.dedup();
        Encoder { template, tokenizer, special: Specials::of(tokenizer), train_on }
    }

    /// The tokens of a conversation.
    ///
    /// # Errors
    /// If the template refuses it or does not show which part is whose, or the tokenizer does not know a piece of the text.
    pub fn encode(&self, messages: &[Message]) -> Result<Encoded, Fault> {
        let rendered = self.render(messages)?;
        self.tokens(&rendered)
    }

    /// Tokens have ids below it.
    pub fn vocab(&self) -> u64 {
        self.tokenizer.vocab()
    }

    pub(super) fn render(&self, messages: &[Message]) -> Result<Rendered, Fault> {
        let guarded = |m: &Message| Message::new(m.role, &self.special.guarded(&m.content));
        let messages: Vec<Message> = messages.iter().map(guarded).collect();
        spans::render(&self.template, &self.special, &messages, &self.train_on)
    }

    pub(super) fn tokens(&self, rendered: &Rendered) -> Result<Encoded, Fault> {
        let mut encoded = Encoded::default();
        for part in self.special.divided(&rendered.text) {
            match part {
                Part::Special(id, at) => encoded.push(&[id], counts(&rendered.counted, at.start)),
                Part::Text(range) => self.text(rendered, range, &mut encoded)?,
            }
        }
        Ok(encoded)
    }

    /// Tokens of a text without special tokens, which may lie on both sides of where what counts begins or ends.
    fn text(&self, rendered: &Rendered, range: Range<usize>, encoded: &mut Encoded) -> Result<(), Fault> {
        let borders = rendered.counted.iter().flat_map(|span| [span.start, span.end]);
        let mut cuts: Vec<usize> = borders.filter(|at| range.start < *at && *at < range.end).collect();
        cuts.insert(0, range.start);
        cuts.push(range.end);
        cuts.dedup();
        let piece = |ends: &[usize]| match ends {
            [from, to] => rendered.text.get(*from..*to).unwrap_or_default().replace(GUARD, ""),
            _ => String::new(),
        };
        let pieces: Vec<String> = cuts.windows(2).map(piece).collect();
        let tokens = self.tokenizer.encode_pieces(&pieces)?;
        for (start, tokens) in cuts.iter().zip(&tokens) {
            encoded.push(tokens, counts(&rendered.counted, *start));
        }
        Ok(())
    }
}

/// Tokens of a rendered text whose guards go when it is divided.
///
/// # Errors
/// If the tokenizer does not know a piece of it.
pub(super) fn divided(text: &str, special: &Specials, tokenizer: &dyn Tokenize) -> Result<Vec<u32>, Fault> {
    let mut tokens = vec![];
    for part in special.divided(text) {
        match part {
            Part::Special(id, _) => tokens.push(id),
            Part::Text(range) => {
                let plain = text.get(range).unwrap_or_default().replace(GUARD, "");
                tokens.extend(tokenizer.encode(&plain)?);
            }
        }
    }
    Ok(tokens)
}

impl Encoded {
    fn push(&mut self, tokens: &[u32], counts: bool) {
        self.tokens.extend_from_slice(tokens);
        self.counts.resize(self.tokens.len(), counts);
    }
}

/// Whether the character at this place counts.
pub(super) fn counts(counted: &[Range<usize>], at: usize) -> bool {
    counted.iter().any(|span| span.contains(&at))
}
