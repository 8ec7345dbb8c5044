//! Signatures of the units of one part, in a file: number of units and of columns (8 bytes each), then the columns one after the
//! other (8 bytes a unit), then the file (4) and line (8) of each unit. Numbers are little-endian.

use crate::cache::entry::write_file;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Where a document begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Index of its file.
    pub file: u32,
    /// Its line, from 1.
    pub line: u64,
}

/// Collects the signatures of one part.
pub(crate) struct UnitWriter {
    columns: Vec<Vec<u64>>,
    places: Vec<Place>,
}

impl UnitWriter {
    pub(crate) fn new(columns: usize) -> UnitWriter {
        UnitWriter { columns: vec![vec![]; columns], places: vec![] }
    }

    /// Adds a unit; one without a signature is like nothing.
    pub(crate) fn push(&mut self, place: Place, signature: Option<Vec<u64>>) {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let own = signature.as_ref().and_then(|s| s.get(index)).copied();
            column.push(own.unwrap_or(UnitFile::NONE));
        }
        self.places.push(place);
    }

    pub(crate) fn units(&self) -> u64 {
        self.places.len() as u64
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(16 + self.places.len() * (self.columns.len() * 8 + 12));
        bytes.extend_from_slice(&self.units().to_le_bytes());
        bytes.extend_from_slice(&(self.columns.len() as u64).to_le_bytes());
        bytes.extend(self.columns.iter().flatten().flat_map(|value| value.to_le_bytes()));
        for place in &self.places {
            bytes.extend_from_slice(&place.file.to_le_bytes());
            bytes.extend_from_slice(&place.line.to_le_bytes());
        }
        write_file(path, &bytes)
    }
}

/// The signatures of one part on disk.
pub(crate) struct UnitFile {
    path: PathBuf,
    units: u64,
    columns: u64,
}

impl UnitFile {
    /// The value of units without a signature.
    pub(crate) const NONE: u64 = u64::MAX;

    pub(crate) fn open(path: &Path) -> io::Result<UnitFile> {
        let mut head = [0; 16];
        File::open(path)?.read_exact(&mut head)?;
        let (units, columns) = head.split_at(8);
        let (units, columns) = (number(units), number(columns));
        let length = std::fs::metadata(path)?.len();
        let fits =
            columns.checked_mul(8).and_then(|c| units.checked_mul(c + 12)).and_then(|b| b.checked_add(16));
        if fits != Some(length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its length does not fit its units"));
        }
        Ok(UnitFile { path: path.to_path_buf(), units, columns })
    }

    pub(crate) fn units(&self) -> u64 {
        self.units
    }

    /// One column, a value for each unit.
    pub(crate) fn column(&self, index: usize) -> io::Result<Vec<u64>> {
        let bytes = self.bytes(16 + index as u64 * self.units * 8, self.units * 8)?;
        Ok(bytes.chunks_exact(8).map(number).collect())
    }

    /// Where each unit begins.
    pub(crate) fn places(&self) -> io::Result<Vec<Place>> {
        let bytes = self.bytes(16 + self.columns * self.units * 8, self.units * 12)?;
        let place = |b: &[u8]| {
            let (file, line) = b.split_at(4);
            Place { file: number(file) as u32, line: number(line) }
        };
        Ok(bytes.chunks_exact(12).map(place).collect())
    }

    fn bytes(&self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        // The length of the file was compared with this when it was opened.
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_places_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units");
        let mut writer = UnitWriter::new(2);
        writer.push(Place { file: 1, line: 5 }, Some(vec![10, 20]));
        writer.push(Place { file: 2, line: 6 }, None);
        writer.write(&path).unwrap();
        let file = UnitFile::open(&path).unwrap();
        assert_eq!(file.units(), 2);
        assert_eq!(file.column(1).unwrap(), [20, UnitFile::NONE]);
        assert_eq!(file.places().unwrap()[1], Place { file: 2, line: 6 });
        std::fs::write(&path, [0; 15]).unwrap();
        assert!(UnitFile::open(&path).is_err());
    }
}
