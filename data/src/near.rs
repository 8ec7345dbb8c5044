//! Near-duplicates among the documents of a dataset, so that they are never on both sides of a split.
//!
//! They are found as the cleaning step `minhash` finds them with its defaults: word 5-grams, 14 bands of 8 rows, an estimated similarity of
//! 0.72. But numbers count: records that differ in their numbers only, such as sums, are no duplicates of each other, and a dataset of them
//! would be one group. Documents of fewer words have no signature and are only compared as they are. Signatures lie on disk, so that memory
//! does not grow with their number of columns.

use crate::clean::duplicates::duplicates;
use crate::clean::signature::Signer;
use crate::clean::units::{Place, UnitWriter};
use crate::read::{answers, chats};
use crate::split::Fingerprint;
use crate::spool::Spool;
use regimen_base::cleaning::{Level, Minhash, Step};
use regimen_base::data::Format;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Documents of one file of signatures.
const PART: u64 = 1 << 16;

/// Collects the signatures of all documents in their order.
pub(crate) struct Near {
    signer: Signer,
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
    writer: UnitWriter,
    documents: u64,
}

impl Near {
    /// Nothing yet; signatures will lie in a folder of their own below the cache.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn new(cache: &Path) -> io::Result<Near> {
        std::fs::create_dir_all(cache)?;
        let folder = tempfile::Builder::new().prefix("signatures-").tempdir_in(cache)?;
        let signer = Signer::of(&Step::Minhash(Minhash {
            level: Level::Document,
            similarity: 0.72,
            ngram: 5,
            hashes: 112,
        }))
        .ok_or_else(|| io::Error::other("no signatures"))?;
        let writer = UnitWriter::new(signer.columns());
        Ok(Near { signer, folder, files: vec![], writer, documents: 0 })
    }

    /// The signature of a document's text; nothing if it is too short.
    pub(crate) fn sign(&self, format: &Format, text: &str) -> Option<Vec<u64>> {
        self.signer.sign(&compared(format, text))
    }

    /// Adds the next document.
    ///
    /// # Errors
    /// If signatures cannot be written.
    pub(crate) fn push(&mut self, signature: Option<Vec<u64>>) -> io::Result<()> {
        self.writer.push(Place { file: 0, line: self.documents }, signature);
        self.documents += 1;
        if self.writer.units() >= PART { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let path = self.folder.path().join(self.files.len().to_string());
        self.writer.write(&path)?;
        self.files.push(path);
        self.writer = UnitWriter::new(self.signer.columns());
        Ok(())
    }

    /// Documents that another's hash stands for, by their numbers: the smallest hash of a group of near-duplicates stands for all of it,
    /// whatever their order.
    ///
    /// # Errors
    /// If signatures or hashes cannot be read back.
    pub(crate) fn unite(mut self, documents: &Spool<Fingerprint>) -> io::Result<BTreeMap<u64, [u8; 16]>> {
        self.flush()?;
        let found = duplicates(&self.signer, &self.files)?;
        let mut least: BTreeMap<u64, [u8; 16]> = BTreeMap::new();
        for pair in &found {
            let (own, first) = (documents.get(pair.unit)?.hash, documents.get(pair.of.line)?.hash);
            let known = least.entry(pair.of.line).or_insert(first);
            *known = own.min(*known);
        }
        let mut united = BTreeMap::new();
        let firsts = least.keys().map(|first| (*first, *first));
        for (number, first) in found.iter().map(|pair| (pair.unit, pair.of.line)).chain(firsts) {
            if let Some(hash) = least.get(&first)
                && documents.get(number)?.hash != *hash
            {
                united.insert(number, *hash);
            }
        }
        Ok(united)
    }
}

/// What is compared of a document: of conversations what is said, without the names of fields and roles, and of prompts with answers the
/// prompt. Signatures take every number for
/// the same; written with letters, they stay different.
fn compared<'a>(format: &Format, text: &'a str) -> Cow<'a, str> {
    let said = match format {
        Format::Chats(_) => chats::messages(text)
            .map(|messages| messages.into_iter().map(|message| message.content + "\n").collect::<String>()),
        Format::Preferences(_) | Format::Feedback(_) => answers::read_back(text).map(|judged| judged.asked()),
        _ => None,
    };
    let text = said.map_or(Cow::Borrowed(text), Cow::Owned);
    let letter = |c: char| c.to_digit(10).map_or(c, |digit| char::from(b'a' + digit as u8));
    match text.contains(|c: char| c.is_ascii_digit()) {
        true => Cow::Owned(text.chars().map(letter).collect()),
        false => text,
    }
}
