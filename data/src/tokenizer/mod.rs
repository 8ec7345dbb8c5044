//! Text to tokens and back. Every kind can be written as a Hugging Face `tokenizer.json`, and read back
//! from a checkpoint folder.
//!
//! Text is only ever text: a document that contains the letters of a special token is encoded as those
//! letters, so that data cannot smuggle an end-of-text token into the stream.

mod bpe;
mod bytes;
mod chars;
mod edges;
mod exported;
mod folder;
mod hf;
mod json;
mod merge;
pub mod unigram;
pub mod wordpiece;
mod words;

pub use bpe::Bpe;
pub use bytes::Bytes;
pub use chars::Chars;
pub use edges::{Edges, edges};
pub use exported::{Special, Wanted, exported};
pub(crate) use folder::SPECIAL_FILE;
pub use folder::{CONFIG_FILE, TOKENIZER_FILE, open, save};
pub use hf::Hf;

use crate::Fault;
use regimen_base::data::{Certainty, Marks, TokenizerFacts};
use sha2::{Digest, Sha256};
use std::fmt::Debug;

/// How the end-of-text token of our own tokenizers is written.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// A tokenizer that is ready to use.
pub trait Tokenize: Debug + Send + Sync {
    /// `bytes`, `chars`, `bpe` or `hf`.
    fn kind(&self) -> &'static str;

    /// The tokens of a text, without any special token that the text does not consist of.
    ///
    /// # Errors
    /// Only tokenizers of type `hf` can fail: if they have neither a token for a piece of the text nor an
    /// unknown token.
    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault>;

    /// The tokens of each of several pieces that follow each other in a text; where the tokenizer can, as it encodes them together.
    ///
    /// # Errors
    /// As for [`Tokenize::encode`].
    fn encode_pieces(&self, pieces: &[String]) -> Result<Vec<Vec<u32>>, Fault> {
        pieces.iter().map(|piece| self.encode(piece)).collect()
    }

    /// The text of the tokens; special tokens as they are written, bytes that are not UTF-8 as U+FFFD, ids
    /// outside the vocabulary as nothing.
    fn decode(&self, ids: &[u32]) -> String;

    /// Size of the vocabulary: ids are below it.
    fn vocab(&self) -> u64;

    /// Id of the token between documents.
    fn end_of_text(&self) -> u32;

    /// Id of the token that stands for a hidden one, if there is one.
    fn mask(&self) -> Option<u32> {
        None
    }

    /// Id of the token that stands for what the tokenizer has no token for, if it has one.
    fn unknown(&self) -> Option<u32> {
        None
    }

    /// Ids of its tokens around single texts.
    fn marks(&self) -> Marks {
        Marks::default()
    }

    /// A token as the vocabulary writes it, its mark of a word's beginning or middle included.
    fn piece(&self, id: u32) -> String {
        self.decode(&[id])
    }

    /// The tokenizer as text of a `tokenizer.json`, the same bytes on every machine.
    fn to_json(&self) -> String;

    /// Pieces of the text that give the same tokens one by one as together, so that a long text can be
    /// encoded by several threads.
    fn pieces<'t>(&self, text: &'t str) -> Vec<&'t str> {
        vec![text]
    }
}

/// What the compiler needs to know of a tokenizer.
pub fn facts_of(tokenizer: &dyn Tokenize) -> TokenizerFacts {
    TokenizerFacts {
        vocab: tokenizer.vocab(),
        end_of_text: tokenizer.end_of_text(),
        mask: tokenizer.mask(),
        marks: tokenizer.marks(),
        content: content(tokenizer),
        certainty: Certainty::Measured,
    }
}

/// Identity of a tokenizer: SHA-256 over its `tokenizer.json` and its end-of-text id, in hex.
pub fn content(tokenizer: &dyn Tokenize) -> String {
    let mut hasher = Sha256::new();
    hasher.update(tokenizer.to_json().as_bytes());
    hasher.update(tokenizer.end_of_text().to_le_bytes());
    crate::cache::hex(hasher.finalize().as_slice())
}
