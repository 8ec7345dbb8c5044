//! Byte-level BPE, trained here: GPT-2's kind of tokenizer for the experiment's own text.

use super::{END_OF_TEXT, Hf, Tokenize};
use crate::Fault;
use crate::codes::{e0559, e0561};
use tokenizers::decoders::byte_level::ByteLevel as Decoder;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

/// About how much text one thread encodes at a time.
const PIECE: usize = 1 << 15;

/// A byte-level BPE tokenizer.
#[derive(Clone, Debug)]
pub struct Bpe(Hf);

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
        // Byte-level words as GPT-2 cuts them; no space is invented before the first word.
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
        Ok(Bpe(Hf::from_json(name, json, Some(END_OF_TEXT))?))
    }
}

impl Tokenize for Bpe {
    fn kind(&self) -> &'static str {
        "bpe"
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault> {
        self.0.encode(text)
    }

    fn decode(&self, ids: &[u32]) -> String {
        self.0.decode(ids)
    }

    fn vocab(&self) -> u64 {
        self.0.vocab()
    }

    fn end_of_text(&self) -> u32 {
        self.0.end_of_text()
    }

    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// Cuts before line ends that follow a visible character. No word of the GPT-2 pattern has white space
    /// after anything else, so such a place is always between two words, whatever stands around it.
    fn pieces<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut pieces = Vec::with_capacity(text.len() / PIECE + 1);
        let mut rest = text;
        while let Some(cut) = cut_after(rest, PIECE) {
            let (piece, after) = rest.split_at(cut);
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        pieces
    }
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
