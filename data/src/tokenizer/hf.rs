//! Any tokenizer that a `tokenizer.json` describes.

use super::Tokenize;
use crate::Fault;
use crate::codes::{e0559, e0560, e0568};
use regimen_base::data::Marks;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::{ModelWrapper, Tokenizer};

/// End-of-text tokens to look for if nothing names one.
const USUAL: [&str; 4] = [super::END_OF_TEXT, "</s>", "<eos>", "[SEP]"];

/// How masks are written: BERT's, RoBERTa's.
const MASKS: [&str; 2] = ["[MASK]", "<mask>"];

/// How marks of single texts are written: BERT's, RoBERTa's.
const BEGINS: [&str; 2] = ["[CLS]", "<s>"];
const ENDS: [&str; 2] = ["[SEP]", "</s>"];
const PADDINGS: [&str; 2] = ["[PAD]", "<pad>"];

/// A tokenizer read from a `tokenizer.json`.
#[derive(Clone, Debug)]
pub struct Hf {
    name: String,
    inner: Tokenizer,
    json: String,
    vocab: u64,
    end_of_text: u32,
}

impl Hf {
    /// Reads the text of a `tokenizer.json`. `name` is for messages; `end_of_text` is the token between
    /// documents, or one of the usual ones if there is one.
    ///
    /// What would change tokens from one call to the next, or cut them off, is switched off: dropout,
    /// truncation, padding.
    ///
    /// # Errors
    /// If the text is not a tokenizer, or the end-of-text token is not in it.
    pub fn from_json(name: &str, json: String, end_of_text: Option<&str>) -> Result<Hf, Fault> {
        // The crate indexes by numbers from the file in places; a crafted file must not end the process.
        let read = catch_unwind(AssertUnwindSafe(|| Tokenizer::from_bytes(json.as_bytes())));
        let mut inner = match read {
            Ok(Ok(tokenizer)) => tokenizer,
            Ok(Err(e)) => return Err(Box::new(e0559::bad_tokenizer_file(name, &e.to_string()))),
            Err(_) => return Err(Box::new(e0559::bad_tokenizer_file(name, "its parts do not fit together"))),
        };
        make_repeatable(&mut inner).map_err(|why| Box::new(e0559::bad_tokenizer_file(name, &why)))?;
        Hf::around(name, inner, json, end_of_text)
    }

    /// A tokenizer that was made here and not read.
    pub(super) fn around(
        name: &str,
        inner: Tokenizer,
        json: String,
        end_of_text: Option<&str>,
    ) -> Result<Hf, Fault> {
        let stop = match end_of_text {
            Some(token) => inner.token_to_id(token),
            None => USUAL.iter().find_map(|token| inner.token_to_id(token)),
        };
        let Some(end_of_text) = stop else {
            return Err(Box::new(e0560::no_end_of_text(name, end_of_text)));
        };
        let highest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        Ok(Hf { name: name.to_string(), inner, json, vocab: u64::from(highest) + 1, end_of_text })
    }
}

impl Hf {
    /// Id of the first of these tokens that exists.
    fn first_of(&self, tokens: &[&str]) -> Option<u32> {
        tokens.iter().find_map(|token| self.inner.token_to_id(token))
    }
}

/// What the file says; the crate keeps it to itself.
fn unknown_of_unigram(json: &str) -> Option<u32> {
    let json: serde_json::Value = serde_json::from_str(json).ok()?;
    json.pointer("/model/unk_id")?.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// Tokens of a text divided at the ends of its pieces, if each is also the end of a token.
fn at_borders(pieces: &[String], ids: &[u32], offsets: &[(usize, usize)]) -> Option<Vec<Vec<u32>>> {
    let mut all = Vec::with_capacity(pieces.len());
    let (mut at, mut border) = (0, 0);
    for piece in pieces {
        border += piece.len();
        let rest = offsets.get(at..)?;
        let length = rest.iter().take_while(|(_, end)| *end <= border).count();
        let ends_there = length == 0 || rest.get(length - 1).is_some_and(|(_, end)| *end == border);
        let begins_after = rest.get(length).is_none_or(|(start, _)| *start >= border);
        if !(ends_there && begins_after) || (length == 0 && !piece.is_empty()) {
            return None;
        }
        all.push(ids.get(at..at + length)?.to_vec());
        at += length;
    }
    (at == ids.len()).then_some(all)
}

/// Switches off what makes encoding random or lossy.
fn make_repeatable(tokenizer: &mut Tokenizer) -> Result<(), String> {
    tokenizer.with_truncation(None).map_err(|e| e.to_string())?;
    tokenizer.with_padding(None);
    tokenizer.set_encode_special_tokens(true);
    if let ModelWrapper::BPE(model) = tokenizer.get_model()
        && model.dropout.is_some()
    {
        let mut model = model.clone();
        model.dropout = None;
        tokenizer.with_model(model);
    }
    Ok(())
}

impl Tokenize for Hf {
    fn kind(&self) -> &'static str {
        "hf"
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault> {
        match self.inner.encode_fast(text, false) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(e) => Err(Box::new(e0568::cannot_encode(&self.name, &e.to_string()))),
        }
    }

    /// Together, if no token lies on both sides of where pieces meet: tokenizers write the beginning of a text otherwise than its middle.
    /// Where one does, each piece by itself: what a prompt ends with is never one token with the answer.
    fn encode_pieces(&self, pieces: &[String]) -> Result<Vec<Vec<u32>>, Fault> {
        let failed = |why: String| Box::new(e0568::cannot_encode(&self.name, &why));
        let whole = self.inner.encode(pieces.concat(), false).map_err(|e| failed(e.to_string()))?;
        match at_borders(pieces, whole.get_ids(), whole.get_offsets()) {
            Some(tokens) => Ok(tokens),
            None => pieces.iter().map(|piece| self.encode(piece)).collect(),
        }
    }

    fn decode(&self, ids: &[u32]) -> String {
        // Decoders work on strings that exist; what they refuse has no text.
        self.inner.decode(ids, false).unwrap_or_default()
    }

    fn vocab(&self) -> u64 {
        self.vocab
    }

    fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    fn piece(&self, id: u32) -> String {
        self.inner.id_to_token(id).unwrap_or_default()
    }

    fn mask(&self) -> Option<u32> {
        self.first_of(&MASKS)
    }

    fn unknown(&self) -> Option<u32> {
        match self.inner.get_model() {
            // Bytes stand for everything where the model falls back on them.
            ModelWrapper::BPE(model) if model.byte_fallback => None,
            ModelWrapper::BPE(model) => self.inner.token_to_id(model.get_unk_token().as_deref()?),
            ModelWrapper::WordPiece(model) => self.inner.token_to_id(&model.unk_token),
            ModelWrapper::WordLevel(model) => self.inner.token_to_id(&model.unk_token),
            ModelWrapper::Unigram(model) if model.byte_fallback() => None,
            ModelWrapper::Unigram(_) => unknown_of_unigram(&self.json),
        }
    }

    fn marks(&self) -> Marks {
        Marks { begin: self.first_of(&BEGINS), end: self.first_of(&ENDS), padding: self.first_of(&PADDINGS) }
    }

    fn to_json(&self) -> String {
        self.json.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::at_borders;

    fn divided(pieces: &[&str], offsets: &[(usize, usize)]) -> Option<Vec<usize>> {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let ids: Vec<u32> = (0..offsets.len() as u32).collect();
        let found = at_borders(&pieces, &ids, offsets)?;
        Some(found.iter().map(Vec::len).collect())
    }

    #[test]
    fn tokens_are_divided_only_where_they_meet() {
        assert_eq!(divided(&["ab", "c"], &[(0, 1), (1, 2), (2, 3)]), Some(vec![2, 1]));
        assert_eq!(divided(&["ab", "c"], &[(0, 1), (1, 3)]), None, "a token on both sides");
        // Offsets without the space that a token begins with: it cannot be told on which side that lies.
        assert_eq!(divided(&["a ", "c"], &[(0, 1), (2, 3)]), None);
        // Several tokens of one character.
        assert_eq!(divided(&["é", "c"], &[(0, 2), (0, 2), (2, 3)]), Some(vec![2, 1]));
        assert_eq!(divided(&["", "c"], &[(0, 1)]), Some(vec![0, 1]));
    }
}
