//! The 256 bytes and the end-of-text token: needs no training and can write anything.

use super::json::{AddedToken, Component, TokenizerJson};
use super::{END_OF_TEXT, Tokenize};
use crate::Fault;

/// Token `b` is the byte `b`; token 256 is the end of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes;

const STOP: u32 = 256;

impl Tokenize for Bytes {
    fn kind(&self) -> &'static str {
        "bytes"
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Fault> {
        Ok(text.bytes().map(u32::from).collect())
    }

    fn decode(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::with_capacity(ids.len());
        for id in ids {
            match u8::try_from(*id) {
                Ok(byte) => bytes.push(byte),
                Err(_) if *id == STOP => bytes.extend_from_slice(END_OF_TEXT.as_bytes()),
                Err(_) => {}
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn vocab(&self) -> u64 {
        257
    }

    fn end_of_text(&self) -> u32 {
        STOP
    }

    /// BPE without merges over the characters that stand for bytes in byte-level tokenizers.
    fn to_json(&self) -> String {
        let mut vocab: Vec<String> = (0..=255).map(|b| byte_character(b).to_string()).collect();
        vocab.push(END_OF_TEXT.to_string());
        TokenizerJson {
            vocab,
            unknown: None,
            added: vec![AddedToken { id: STOP, content: END_OF_TEXT }],
            pre_tokenizer: Some(Component::ByteLevel { use_regex: false }),
            decoder: Component::ByteLevel { use_regex: false },
        }
        .to_text()
    }
}

/// The printable character that stands for a byte in GPT-2's vocabulary and all that follow it: printable
/// Latin-1 characters stand for themselves, the other 68 bytes for the characters from U+0100 on, in order.
pub(super) fn byte_character(byte: u8) -> char {
    if stands_for_itself(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|b| !stands_for_itself(*b)).count() as u32;
    char::from_u32(0x100 + before).unwrap_or('\u{100}')
}

fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    #[test]
    fn bytes_are_written_as_byte_level_tokenizers_write_them() {
        let ours: std::collections::BTreeSet<char> = (0..=255).map(byte_character).collect();
        let theirs: std::collections::BTreeSet<char> = ByteLevel::alphabet().into_iter().collect();
        assert_eq!(ours, theirs);
        assert_eq!(byte_character(b' '), 'Ġ');
        assert_eq!(byte_character(b'\n'), 'Ċ');
    }

    #[test]
    fn a_broken_character_becomes_a_replacement_character() {
        assert_eq!(Bytes.decode(&[104, 0xC3, 256, 9999]), "h\u{FFFD}<|endoftext|>");
    }
}
