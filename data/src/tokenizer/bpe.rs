//! Byte-level BPE, trained here: GPT-2's kind of tokenizer for the experiment's own text.
//!
//! The `tokenizers` crate trains; encoding is our own, many times as fast and tested to give the same tokens.

use super::bytes::byte_character;
use super::merge::Merges;
use super::words::Words;
use super::{END_OF_TEXT, Tokenize};
use crate::Fault;
use crate::codes::{e0559, e0561};
use ahash::AHashMap;
use serde::Deserialize;
use std::collections::BTreeMap;
use tokenizers::decoders::byte_level::ByteLevel as Decoder;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

/// About how much text one thread encodes at a time.
const PIECE: usize = 1 << 18;

/// A byte-level BPE tokenizer.
#[derive(Clone, Debug)]
pub struct Bpe {
    json: String,
    words: Words,
    merges: Merges,
    /// The token of every byte.
    bytes: Vec<u32>,
    /// The bytes of every token; empty where an id has none.
    texts: Vec<Vec<u8>>,
    end_of_text: u32,
}

/// The parts of a `tokenizer.json` that make this kind of tokenizer.
#[derive(Deserialize)]
struct File {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: BTreeMap<String, u32>,
    merges: Vec<(String, String)>,
}

impl Bpe {
    /// Trains a tokenizer of `vocab` tokens on the texts; pairs that occur less than `min_frequency` times
    /// are not merged. Neither the order of the texts nor the number of threads matters.
    ///
    /// # Errors
    /// If the vocabulary has no room for the bytes.
    pub fn train(
        name: &str,
        vocab: u64,
        min_frequency: u64,
        texts: impl Iterator<Item = String> + Send,
    ) -> Result<Bpe, Fault> {
        if vocab < 257 {
            return Err(Box::new(e0561::vocabulary_too_small(name, vocab)));
        }
        let failed = |e: tokenizers::Error| Box::new(e0559::bad_tokenizer_file(name, &e.to_string()));
        let mut tokenizer = Tokenizer::new(BPE::default());
        // No space is invented before the first word.
        let byte_level = ByteLevel::new(false, true, true);
        tokenizer.with_pre_tokenizer(Some(byte_level)).with_decoder(Some(Decoder::default()));
        let trainer = BpeTrainerBuilder::new()
            .vocab_size(usize::try_from(vocab).unwrap_or(usize::MAX))
            .min_frequency(min_frequency)
            .show_progress(false)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(vec![AddedToken::from(END_OF_TEXT, true)])
            .build();
        let mut trainer = TrainerWrapper::BpeTrainer(trainer);
        tokenizer.train(&mut trainer, texts).map_err(failed)?;
        let json = tokenizer.to_string(false).map_err(failed)?;
        Bpe::from_json(name, json)
    }

    /// Reads a tokenizer that [`Bpe::train`] made.
    ///
    /// # Errors
    /// If the text is not one.
    pub fn from_json(name: &str, json: String) -> Result<Bpe, Fault> {
        let file: File = serde_json::from_str(&json)
            .map_err(|e| Box::new(e0559::bad_tokenizer_file(name, &e.to_string())))?;
        let words = Words::new()?;
        Bpe::of_model(&file.model, json, words).ok_or_else(|| {
            let why = "it is not a byte-level BPE tokenizer with an end-of-text token";
            Box::new(e0559::bad_tokenizer_file(name, why))
        })
    }

    /// The tokenizer; nothing if a byte, a merge or the end of text has no token.
    fn of_model(model: &Model, json: String, words: Words) -> Option<Bpe> {
        let vocab = &model.vocab;
        let byte_of: BTreeMap<char, u8> = (0..=255).map(|b| (byte_character(b), b)).collect();
        let bytes: Option<Vec<u32>> =
            (0..=255).map(|b| vocab.get(byte_character(b).to_string().as_str()).copied()).collect();
        let end_of_text = *vocab.get(END_OF_TEXT)?;
        let highest = *vocab.values().max()? as usize;
        // Ids with large gaps would ask for memory that the file does not justify.
        if highest >= vocab.len().saturating_mul(2) {
            return None;
        }
        let mut texts = vec![Vec::new(); highest + 1];
        for (token, id) in vocab {
            *texts.get_mut(*id as usize)? = token.chars().filter_map(|c| byte_of.get(&c).copied()).collect();
        }
        let merges: Option<Vec<(u32, u32, u32)>> = model
            .merges
            .iter()
            .map(|(left, right)| {
                let result = vocab.get(&format!("{left}{right}"))?;
                Some((*vocab.get(left)?, *vocab.get(right)?, *result))
            })
            .collect();
        Some(Bpe { json, words, merges: Merges::new(merges?.into_iter()), bytes: bytes?, texts, end_of_text })
    }
}

impl Tokenize for Bpe {
    fn kind(&self) -> &'static str {
        "bpe"
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault> {
        let mut tokens = Vec::with_capacity(text.len() / 3);
        // Where in `tokens` the words met so far stand: most words of a text come again.
        let mut met: AHashMap<&str, (usize, usize)> = AHashMap::new();
        let mut word = Vec::new();
        self.words.each(text, |piece| {
            if let Some((from, to)) = met.get(piece) {
                tokens.extend_from_within(*from..*to);
                return;
            }
            word.clear();
            word.extend(piece.bytes().filter_map(|b| self.bytes.get(usize::from(b))));
            self.merges.apply(&mut word);
            met.insert(piece, (tokens.len(), tokens.len() + word.len()));
            tokens.extend_from_slice(&word);
        });
        Ok(tokens)
    }

    fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> =
            ids.iter().filter_map(|id| self.texts.get(*id as usize)).flatten().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn vocab(&self) -> u64 {
        self.texts.len() as u64
    }

    fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    fn to_json(&self) -> String {
        self.json.clone()
    }

    /// Cuts before line ends that follow a visible character. No word of the GPT-2 pattern has white space
    /// after anything else, so such a place is always between two words, whatever stands around it.
    fn pieces<'t>(&self, text: &'t str) -> Vec<&'t str> {
        cut(text, PIECE)
    }
}

/// Pieces of at least `size` bytes each, but for the last.
fn cut(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(text.len() / size.max(1) + 1);
    let mut rest = text;
    while let Some(place) = cut_after(rest, size) {
        let (piece, after) = rest.split_at(place);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// The first safe place to cut at or after `minimum` bytes, if one comes before the end.
fn cut_after(text: &str, minimum: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let from = minimum.max(1);
    let found = bytes.get(from..)?.iter().enumerate().find(|(offset, byte)| {
        let before = bytes.get(from + offset - 1);
        // Only ASCII decides: the bytes of other characters are never line ends, and some of them are white space.
        **byte == b'\n' && before.is_some_and(u8::is_ascii_graphic)
    });
    found.map(|(offset, _)| from + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_give_the_same_tokens_as_the_whole(text in "([a-c'é1 .]{0,9}[ \n\r\u{A0}]{0,3}){0,30}", size in 0usize..40) {
            let train = ["a b. 'c ab\n\nab bc\n ab".repeat(20)];
            let bpe = Bpe::train("words", 270, 2, train.into_iter()).unwrap();
            let pieces = cut(&text, size);
            prop_assert_eq!(pieces.concat(), text.clone());
            let tokens: Vec<u32> = pieces.iter().flat_map(|p| bpe.encode(p).unwrap()).collect();
            prop_assert_eq!(tokens, bpe.encode(&text).unwrap());
        }
    }
}
