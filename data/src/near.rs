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
use regimen_base::cleaning::{Level, Minhash, Step};
use regimen_base::data::Format;
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// Documents of one file of signatures.
const PART: u64 = 1 << 18;

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

    /// Gives all documents of a group of near-duplicates the smallest of their hashes, whatever their order; the number of documents that
    /// have another one's then.
    ///
    /// # Errors
    /// If signatures cannot be read back.
    pub(crate) fn unite(mut self, documents: &mut [Fingerprint]) -> io::Result<u64> {
        self.flush()?;
        let found = duplicates(&self.signer, &self.files)?;
        let hash = |documents: &[Fingerprint], unit: u64| documents.get(unit as usize).map(|d| d.hash);
        // The first of each group first learns the smallest hash, then gives it to all.
        for pair in &found {
            let (Some(own), Some(least)) = (hash(documents, pair.unit), hash(documents, pair.of.line)) else {
                continue;
            };
            if let Some(first) = documents.get_mut(pair.of.line as usize).filter(|_| own < least) {
                first.hash = own;
            }
        }
        let mut united = 0;
        for pair in &found {
            let least = hash(documents, pair.of.line);
            if let (Some(document), Some(least)) = (documents.get_mut(pair.unit as usize), least) {
                united += u64::from(document.hash != least);
                document.hash = least;
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
