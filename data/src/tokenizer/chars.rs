//! One token for every character that the training text has.

use super::json::{AddedToken, Component, TokenizerJson};
use super::{END_OF_TEXT, Tokenize};
use crate::Fault;
use std::collections::BTreeSet;

/// How the unknown token is written.
const UNKNOWN: &str = "<unk>";

/// The characters of an alphabet in code-point order, then the unknown and the end-of-text token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chars {
    alphabet: Vec<char>,
    /// Ids of the characters below U+0800, which are almost all of most texts; unknown where there is none.
    low: Vec<u32>,
}

impl Chars {
    /// A tokenizer for these characters.
    pub fn new(alphabet: BTreeSet<char>) -> Chars {
        let alphabet: Vec<char> = alphabet.into_iter().collect();
        let mut low = vec![alphabet.len() as u32; 0x800];
        for (id, character) in alphabet.iter().enumerate() {
            if let Some(slot) = low.get_mut(*character as usize) {
                *slot = id as u32;
            }
        }
        Chars { alphabet, low }
    }

    fn missing(&self) -> u32 {
        self.alphabet.len() as u32
    }

    fn id(&self, character: char) -> u32 {
        match self.low.get(character as usize) {
            Some(id) => *id,
            None => self.alphabet.binary_search(&character).map_or(self.missing(), |id| id as u32),
        }
    }
}

impl Tokenize for Chars {
    fn kind(&self) -> &'static str {
        "chars"
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault> {
        Ok(text.chars().map(|c| self.id(c)).collect())
    }

    fn decode(&self, ids: &[u32]) -> String {
        let mut text = String::with_capacity(ids.len());
        for id in ids {
            match self.alphabet.get(*id as usize) {
                Some(character) => text.push(*character),
                None if *id == self.missing() => text.push_str(UNKNOWN),
                None if *id == self.end_of_text() => text.push_str(END_OF_TEXT),
                None => {}
            }
        }
        text
    }

    fn vocab(&self) -> u64 {
        self.alphabet.len() as u64 + 2
    }

    fn unknown(&self) -> Option<u32> {
        Some(self.missing())
    }

    fn end_of_text(&self) -> u32 {
        self.alphabet.len() as u32 + 1
    }

    /// BPE without merges: such a model takes a text apart into its characters.
    fn to_json(&self) -> String {
        let mut vocab: Vec<String> = self.alphabet.iter().map(char::to_string).collect();
        vocab.extend([UNKNOWN.to_string(), END_OF_TEXT.to_string()]);
        TokenizerJson {
            vocab,
            unknown: Some(UNKNOWN),
            added: vec![
                AddedToken { id: self.missing(), content: UNKNOWN },
                AddedToken { id: self.end_of_text(), content: END_OF_TEXT },
            ],
            pre_tokenizer: Some(Component::EveryCharacter),
            decoder: Component::Fuse,
        }
        .to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_code_points_and_unknown_characters_have_their_own() {
        let chars = Chars::new("ba😀é".chars().collect());
        assert_eq!(chars.encode("abé😀z漢").ok(), Some(vec![0, 1, 2, 3, 4, 4]));
        assert_eq!(chars.vocab(), 6);
        assert_eq!(chars.decode(&[0, 4, 5, 17]), "a<unk><|endoftext|>");
    }
}
