//! SHA-256 of files, computed while they are written or read.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Size and checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// Passes bytes on and sums them up.
pub struct SummingWriter<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> SummingWriter<W> {
    /// A writer in front of `inner`.
    pub fn new(inner: W) -> SummingWriter<W> {
        SummingWriter { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// The inner writer and the sum of everything written.
    pub fn finish(self) -> (W, FileSum) {
        (self.inner, FileSum { bytes: self.bytes, sha256: hex(&self.hasher.finalize()) })
    }
}

impl<W> std::fmt::Debug for SummingWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SummingWriter").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl<W: Write> Write for SummingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Size and checksum of a file on disk.
///
/// # Errors
/// If it cannot be read.
pub fn sum_of(path: &Path) -> io::Result<FileSum> {
    let mut file = File::open(path)?;
    let mut sum = SummingWriter::new(io::sink());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(sum.finish().1);
        }
        sum.write_all(buffer.get(..n).unwrap_or(&buffer))?;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_sha256_of_everything_written() {
        let mut writer = SummingWriter::new(Vec::new());
        writer.write_all(b"ab").unwrap();
        writer.write_all(b"c").unwrap();
        let (inner, sum) = writer.finish();
        assert_eq!(inner, b"abc");
        assert_eq!(sum.bytes, 3);
        // FIPS 180-4, example "abc".
        assert_eq!(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
