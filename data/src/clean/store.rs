//! Documents in a file, one after the other: number of the file they come from (4 bytes), line (8), length of the text (4), text.
//! Numbers are little-endian.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// A document and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Index of its file among all files of the dataset.
    pub file: u32,
    /// Line in which it begins, from 1.
    pub line: u64,
    /// Its text.
    pub text: String,
    /// The class that its record names, as long as it was not written to a file.
    pub label: Option<String>,
}

/// Writes documents.
pub(crate) struct StoreWriter(BufWriter<File>);

impl StoreWriter {
    pub(crate) fn create(path: &Path) -> io::Result<StoreWriter> {
        Ok(StoreWriter(BufWriter::with_capacity(1 << 18, File::create(path)?)))
    }

    pub(crate) fn push(&mut self, file: u32, line: u64, text: &str) -> io::Result<()> {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.0.write_all(&file.to_le_bytes())?;
        self.0.write_all(&line.to_le_bytes())?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(text.as_bytes())
    }

    /// Brings everything to the disk.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// Reads documents in their order.
pub(crate) struct StoreReader(BufReader<File>);

impl StoreReader {
    pub(crate) fn open(path: &Path) -> io::Result<StoreReader> {
        Ok(StoreReader(BufReader::with_capacity(1 << 18, File::open(path)?)))
    }

    fn read(&mut self) -> io::Result<Option<Stored>> {
        let mut head = [0; 16];
        let mut filled = 0;
        while filled < head.len() {
            match self.0.read(head.get_mut(filled..).unwrap_or_default())? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                length => filled += length,
            }
        }
        let (file, rest) = head.split_at(4);
        let (line, length) = rest.split_at(8);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let mut text = Vec::new();
        let length = number(length);
        // Not allocated at once: a damaged file may say anything.
        if (&mut self.0).take(length).read_to_end(&mut text)? as u64 != length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        Ok(Some(Stored { file: number(file) as u32, line: number(line), text, label: None }))
    }
}

impl Iterator for StoreReader {
    type Item = io::Result<Stored>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("documents");
        let mut writer = StoreWriter::create(&path).unwrap();
        writer.push(1, 1 << 40, "ä").unwrap();
        writer.push(2, 3, "").unwrap();
        writer.finish().unwrap();
        let all: Vec<Stored> = StoreReader::open(&path).unwrap().map(Result::unwrap).collect();
        let stored = |file, line, text: &str| Stored { file, line, text: text.into(), label: None };
        assert_eq!(all, [stored(1, 1 << 40, "ä"), stored(2, 3, "")]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        assert!(StoreReader::open(&path).unwrap().last().unwrap().is_err());
    }
}
