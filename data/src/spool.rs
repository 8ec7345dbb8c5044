//! Records of equal length in a file without a name: written once from front to back, then read in order or one by one, so that what is
//! kept of every document takes no memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

/// The longest record.
const LONGEST: usize = 64;

/// A record and its bytes.
pub(crate) trait Record: Sized {
    /// Bytes of each, [`LONGEST`] at most.
    const WIDTH: usize;
    /// Adds its bytes.
    fn write(&self, to: &mut Vec<u8>);
    /// What so many bytes mean.
    fn read(bytes: &[u8]) -> Self;
}

/// The little-endian number at the front of some bytes.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Collects records.
#[derive(Debug)]
pub(crate) struct SpoolWriter<R> {
    file: BufWriter<File>,
    block: Vec<u8>,
    records: u64,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> SpoolWriter<R> {
    /// A new file in this folder; it is gone as soon as nobody has it open.
    pub(crate) fn new(folder: &Path) -> io::Result<SpoolWriter<R>> {
        std::fs::create_dir_all(folder)?;
        let file = BufWriter::with_capacity(1 << 15, tempfile::tempfile_in(folder)?);
        Ok(SpoolWriter { file, block: vec![], records: 0, kind: PhantomData })
    }

    pub(crate) fn push(&mut self, record: &R) -> io::Result<()> {
        self.block.clear();
        record.write(&mut self.block);
        self.records += 1;
        self.file.write_all(&self.block)
    }

    /// Records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn finish(self) -> io::Result<Spool<R>> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spool { file: Mutex::new(file), records: self.records, kind: PhantomData })
    }
}

/// Records that were written. Readers take turns: each block is read under a lock.
#[derive(Debug)]
pub(crate) struct Spool<R> {
    file: Mutex<File>,
    records: u64,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> Spool<R> {
    /// Number of records.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// One record.
    pub(crate) fn get(&self, index: u64) -> io::Result<R> {
        let mut bytes = [0; LONGEST];
        let bytes = bytes.get_mut(..R::WIDTH).unwrap_or_default();
        Source { file: &self.file, at: index * R::WIDTH as u64 }.read_exact(bytes)?;
        Ok(R::read(bytes))
    }

    /// Some records in their order.
    pub(crate) fn range(&self, range: Range<u64>) -> Records<'_, R> {
        let left = range.end.min(self.records).saturating_sub(range.start);
        let source = Source { file: &self.file, at: range.start * R::WIDTH as u64 };
        Records { source: BufReader::with_capacity(1 << 16, source), left, kind: PhantomData }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> Records<'_, R> {
        self.range(0..self.records)
    }
}

/// A place in a file that moves on.
#[derive(Debug)]
struct Source<'a> {
    file: &'a Mutex<File>,
    at: u64,
}

impl Read for Source<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().map_err(|_| io::Error::other("a reader has failed"))?;
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(to)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Records in their order.
#[derive(Debug)]
pub(crate) struct Records<'a, R> {
    source: BufReader<Source<'a>>,
    left: u64,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> Iterator for Records<'_, R> {
    type Item = io::Result<R>;

    fn next(&mut self) -> Option<io::Result<R>> {
        self.left = self.left.checked_sub(1)?;
        let mut bytes = [0; LONGEST];
        let bytes = bytes.get_mut(..R::WIDTH).unwrap_or_default();
        Some(self.source.read_exact(bytes).map(|()| R::read(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Record for u64 {
        const WIDTH: usize = 8;
        fn write(&self, to: &mut Vec<u8>) {
            to.extend_from_slice(&self.to_le_bytes());
        }
        fn read(bytes: &[u8]) -> u64 {
            number(bytes)
        }
    }

    #[test]
    fn records_come_back_in_order_from_any_place_and_to_several_readers() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = SpoolWriter::<u64>::new(folder.path()).unwrap();
        (0..100_000u64).for_each(|n| writer.push(&(n * n)).unwrap());
        let spool = writer.finish().unwrap();
        assert_eq!((spool.records(), spool.get(99_999).unwrap()), (100_000, 99_999 * 99_999));
        assert!(spool.get(100_000).is_err());
        let together = spool.iter().zip(spool.range(50..200_000));
        let mut count = 0;
        for (n, (a, b)) in (0..).zip(together) {
            assert_eq!((a.unwrap(), b.unwrap()), (n * n, (n + 50) * (n + 50)));
            count += 1;
        }
        assert_eq!(count, 100_000 - 50);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }
}
