//! safetensors files, written straight from where the tensors are and read straight to where they go.
//!
//! The `safetensors` crate defines and checks the header; the data passes through here, so that nothing is
//! held in memory twice and every byte is summed on its way.

use regimen_base::Diagnostic;
use regimen_base::tensor::DType;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Headers above this size are refused, as by the `safetensors` crate.
const HEADER_LIMIT: u64 = 100_000_000;

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the file.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<u64>,
}

impl Entry {
    /// Bytes of its data.
    pub fn bytes(&self) -> u64 {
        self.shape.iter().product::<u64>() * self.dtype.size()
    }
}

/// Why a file was not written.
#[derive(Debug)]
pub enum Failure {
    /// The file system refused.
    Io(io::Error),
    /// The content was not to be had.
    Content(Box<Diagnostic>),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Failure {
        Failure::Content(Box::new(diagnostic))
    }
}

/// Writes the data of the tensor with this index.
pub type WriteTensor<'a> = dyn FnMut(usize, &mut dyn Write) -> Result<(), Failure> + 'a;

/// Writes a safetensors file; `content` is called once per entry, in the order of the file.
///
/// # Errors
/// If writing fails, or `content` fails or writes another number of bytes than the entry has.
pub fn write_tensors(
    out: &mut dyn Write,
    entries: &[Entry],
    note: Option<(&str, &str)>,
    content: &mut WriteTensor,
) -> Result<(), Failure> {
    let order = file_order(entries);
    let header = header(entries, &order, note)?;
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for index in order {
        let Some(entry) = entries.get(index) else { continue };
        let mut counted = Counted { inner: out, bytes: 0 };
        content(index, &mut counted)?;
        if counted.bytes != entry.bytes() {
            let what = format!("{} has {} bytes, not {}", entry.name, counted.bytes, entry.bytes());
            return Err(io::Error::new(io::ErrorKind::InvalidData, what).into());
        }
    }
    Ok(())
}

/// Largest elements first, so that all data is aligned, then by name: the order of the `safetensors` crate.
fn file_order(entries: &[Entry]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&i| entries.get(i).map(|e| (std::cmp::Reverse(e.dtype.size()), e.name.clone())));
    order
}

fn header(entries: &[Entry], order: &[usize], note: Option<(&str, &str)>) -> Result<Vec<u8>, io::Error> {
    let mut offset = 0;
    let mut infos = Vec::with_capacity(order.len());
    for entry in order.iter().filter_map(|&i| entries.get(i)) {
        let end = offset + entry.bytes() as usize;
        let shape = entry.shape.iter().map(|&n| n as usize).collect();
        let info = TensorInfo { dtype: to_file(entry.dtype), shape, data_offsets: (offset, end) };
        infos.push((entry.name.clone(), info));
        offset = end;
    }
    let note = note.map(|(key, value)| [(key.to_owned(), value.to_owned())].into_iter().collect());
    let metadata = Metadata::new(note, infos).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&metadata)?;
    // Data begins at a multiple of eight.
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

struct Counted<'a> {
    inner: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// An open safetensors file whose header has been checked.
#[derive(Debug)]
pub struct TensorFile {
    file: File,
    data_start: u64,
    metadata: Metadata,
}

/// A tensor in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its element type.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Bytes of its data.
    pub bytes: usize,
    start: u64,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// Says in one sentence why the file cannot be used.
    pub fn open(path: &Path) -> Result<TensorFile, String> {
        let mut file = File::open(path).map_err(|e| format!("it cannot be opened: {e}"))?;
        let io = |e: io::Error| format!("it cannot be read: {e}");
        let size = file.metadata().map_err(io)?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| "it is too short to be a safetensors file".to_owned())?;
        let length = u64::from_le_bytes(length);
        if length > HEADER_LIMIT || length.saturating_add(8) > size {
            return Err("its header is longer than the file or absurdly long".to_owned());
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|e| format!("its header is not valid: {e}"))?;
        let expected = 8 + length + metadata.data_len() as u64;
        if expected != size {
            return Err(format!("it has {size} bytes, its header describes {expected}"));
        }
        Ok(TensorFile { file, data_start: 8 + length, metadata })
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort();
        names
    }

    /// The tensor with this name, if it is there and of a type that a plan knows.
    pub fn find(&self, name: &str) -> Option<Stored> {
        let info = self.metadata.info(name)?;
        let shape = info.shape.iter().map(|&n| n as u64).collect();
        let (start, end) = info.data_offsets;
        let dtype = from_file(info.dtype)?;
        Some(Stored { dtype, shape, bytes: end - start, start: self.data_start + start as u64 })
    }

    /// Reads the data of a tensor; `out` has as many bytes as the tensor.
    ///
    /// # Errors
    /// If the file cannot be read or has become shorter.
    pub fn read(&self, tensor: &Stored, out: &mut [u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(tensor.start))?;
        file.read_exact(out)
    }
}

fn to_file(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::Bf16 => Dtype::BF16,
        DType::F16 => Dtype::F16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}

fn from_file(dtype: Dtype) -> Option<DType> {
    use DType::*;
    [F64, F32, Bf16, F16, I64, I32, U8, Bool].into_iter().find(|&d| to_file(d) == dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Entry { name: "b".into(), dtype: DType::Bf16, shape: vec![3] },
            Entry { name: "a".into(), dtype: DType::F32, shape: vec![2, 2] },
            Entry { name: "scalar".into(), dtype: DType::F32, shape: vec![] },
        ]
    }

    fn written() -> Vec<u8> {
        let entries = entries();
        let mut out = Vec::new();
        write_tensors(&mut out, &entries, Some(("format", "pt")), &mut |i, out| {
            Ok(out.write_all(&vec![i as u8; entries[i].bytes() as usize])?)
        })
        .unwrap();
        out
    }

    #[test]
    fn the_safetensors_crate_reads_what_is_written() {
        let bytes = written();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("a").unwrap().data(), [1; 16]);
        assert_eq!(tensors.tensor("a").unwrap().shape(), [2, 2]);
        assert_eq!(tensors.tensor("b").unwrap().data(), [0; 6]);
        assert_eq!(tensors.tensor("b").unwrap().dtype(), Dtype::BF16);
        assert_eq!(tensors.tensor("scalar").unwrap().data(), [2; 4]);
    }

    #[test]
    fn a_file_is_read_back_tensor_by_tensor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        std::fs::write(&path, written()).unwrap();
        let file = TensorFile::open(&path).unwrap();
        assert_eq!(file.names(), ["a", "b", "scalar"]);
        let b = file.find("b").unwrap();
        assert_eq!((b.dtype, b.shape.as_slice(), b.bytes), (DType::Bf16, [3].as_slice(), 6));
        let mut data = [9; 6];
        file.read(&b, &mut data).unwrap();
        assert_eq!(data, [0; 6]);
        assert!(file.find("c").is_none());
    }

    #[test]
    fn every_truncation_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let bytes = written();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(TensorFile::open(&path).is_err(), "{length} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn content_of_another_size_is_refused() {
        let failure =
            write_tensors(&mut Vec::new(), &entries(), None, &mut |_, out| Ok(out.write_all(b"x")?));
        assert!(matches!(failure, Err(Failure::Io(e)) if e.to_string().contains("1 bytes")));
    }
}
