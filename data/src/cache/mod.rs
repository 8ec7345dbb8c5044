//! What is kept between runs, in a folder that may be deleted at any time.
//!
//! | under the cache folder | what it is |
//! |---|---|
//! | `contents/<key>.json` | stamps of a dataset's files and the SHA-256 of their contents ([`contents`]) |
//! | `cleaned/<key>/` | the documents that cleaning left, what it dropped and why ([`crate::clean`]) |
//! | `cleaning/<key>/` | the parts of that while it is made, so that it can go on after an interruption |
//! | `tokenizers/<key>/` | a trained tokenizer and its manifest |
//! | `tokens/<key>/` | the tokens of every split of one source and their manifest |
//! | `mixes/<key>/` | of a mix, the keys of its sources' tokens and what is known of them |
//!
//! Keys are hashes of everything that the content depends on, so nothing is ever stale: what changed has
//! another key. Folders are written aside and renamed ([`entry`]), so nothing is ever half there.

pub mod contents;
pub mod entry;

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Version of everything in the cache; part of every key, so that a change makes new entries.
pub const FORMAT: u32 = 1;

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Hash of anything that serialises to JSON without floating-point trouble; used for keys.
pub(crate) fn key_of<T: serde::Serialize>(value: &T) -> String {
    // Keys are made of strings, integers and lists of them, which can always be written.
    regimen_base::plan::hash_of(&(FORMAT, value)).unwrap_or_default()
}

/// SHA-256 of a file's content in hex; `advance` is told about every block.
pub(crate) fn hash_file(path: &Path, mut advance: impl FnMut(u64)) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 18];
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            return Ok(hex(hasher.finalize().as_slice()));
        }
        hasher.update(block.get(..length).unwrap_or(&[]));
        advance(length as u64);
    }
}
