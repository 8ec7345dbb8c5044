//! The container: header, metadata, where the tensors lie. No model is known here.
//!
//! | part | what |
//! |---|---|
//! | 0–3 | `GGUF` |
//! | 4–7 | version: 2 and 3 are the same for a little-endian file |
//! | 8–23 | number of tensors, number of metadata values |
//! | then | metadata: name, type, value |
//! | then | tensors: name, dimensions (fastest first), type, offset |
//! | then | data, from the next multiple of `general.alignment` on |

use super::cursor::{Cursor, Read};
use super::kind::Kind;
use super::text::{Faults, shown};
use super::value::Metadata;
use std::collections::BTreeMap;

/// Alignment of data where none is given, in bytes.
const ALIGNMENT: u64 = 32;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: u32 = 4;

/// A file whose parts are all there: every tensor has its bytes to itself.
#[derive(Debug)]
pub(super) struct Container<'a> {
    pub(super) metadata: Metadata<'a>,
    pub(super) tensors: BTreeMap<&'a str, Tensor<'a>>,
}

/// A tensor in a file.
#[derive(Clone, Debug)]
pub(super) struct Tensor<'a> {
    pub(super) kind: Kind,
    /// Sizes, slowest first: the reverse of the file's order. At least one, and none is zero.
    pub(super) shape: Vec<u64>,
    /// The data: exactly the bytes that shape and type need.
    pub(super) bytes: &'a [u8],
}

/// What the file says of a tensor.
#[derive(Debug)]
struct Entry<'a> {
    name: &'a str,
    shape: Vec<u64>,
    kind: u32,
    offset: u64,
}

impl<'a> Container<'a> {
    /// Reads everything but the tensors' data. Time and memory are bounded by the length of the file.
    ///
    /// # Errors
    /// Everything that is wrong with the tensors, or the first place that cannot be read.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Container<'a>, Faults> {
        let mut cursor = Cursor::new(bytes);
        let (metadata, entries) = read_front(&mut cursor)?;
        let alignment = alignment(&metadata)?;
        let start = (cursor.at() as u64).next_multiple_of(alignment);
        let data = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or(&[]);
        let tensors = place(entries, data, alignment)?;
        Ok(Container { metadata, tensors })
    }
}

fn read_front<'a>(cursor: &mut Cursor<'a>) -> Read<(Metadata<'a>, Vec<Entry<'a>>)> {
    let magic = cursor.take(4, "the mark of the format")?;
    if magic != b"GGUF" {
        return Err(format!(
            "it does not begin with `GGUF` but with {}",
            shown(&String::from_utf8_lossy(magic))
        ));
    }
    match cursor.u32("the version")? {
        2 | 3 => {}
        version if matches!(version.swap_bytes(), 2 | 3) => return Err("it is big-endian".to_string()),
        version => return Err(format!("it has version {version} of the format; 2 and 3 are read")),
    }
    let tensors = cursor.u64("the number of tensors")?;
    let values = cursor.u64("the number of metadata values")?;
    let metadata = Metadata::read(cursor, values)?;
    // Grows with what is read, not with what the file claims: an entry takes at least 32 bytes.
    let mut entries = Vec::new();
    for _ in 0..tensors {
        entries.push(Entry::read(cursor)?);
    }
    Ok((metadata, entries))
}

fn alignment(metadata: &Metadata) -> Read<u64> {
    let Some(value) = metadata.get("general.alignment") else { return Ok(ALIGNMENT) };
    let usable = |n: &u64| n.is_power_of_two() && (1..=1 << 30).contains(n);
    value.count().filter(usable).ok_or_else(|| "`general.alignment` is not a power of two".to_string())
}

impl<'a> Entry<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Entry<'a>> {
        let name = cursor.string("the name of a tensor")?;
        let what = format!("the tensor {}", shown(name));
        let dimensions = cursor.u32(&what)?;
        if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            return Err(format!("{what} has {dimensions} dimensions; 1 to {MOST_DIMENSIONS} are possible"));
        }
        let mut shape = (0..dimensions).map(|_| cursor.u64(&what)).collect::<Read<Vec<u64>>>()?;
        shape.reverse();
        Ok(Entry { name, shape, kind: cursor.u32(&what)?, offset: cursor.u64(&what)? })
    }

    /// The type and the number of bytes.
    fn measure(&self) -> Read<(Kind, u64)> {
        let what = format!("the tensor {}", shown(self.name));
        let kind = Kind::of(self.kind).map_err(|why| format!("{what} has {why}"))?;
        let row = self.shape.last().copied().unwrap_or(0);
        if self.shape.contains(&0) {
            return Err(format!("{what} has a dimension of size 0"));
        }
        if row % kind.values() != 0 {
            let (name, values) = (kind.name(), kind.values());
            return Err(format!("{what} has rows of {row} values, and {name} keeps {values} together"));
        }
        let values = self.shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n));
        let bytes = values.and_then(|values| (values / kind.values()).checked_mul(kind.bytes()));
        bytes.map(|bytes| (kind, bytes)).ok_or_else(|| format!("{what} has more values than can be counted"))
    }

    fn find<'b>(&self, data: &'b [u8], alignment: u64) -> Read<(Kind, &'b [u8])> {
        let (kind, length) = self.measure()?;
        let what = format!("the tensor {}", shown(self.name));
        if !self.offset.is_multiple_of(alignment) {
            return Err(format!("{what} lies at {}, not at a multiple of {alignment}", self.offset));
        }
        let end = self.offset.checked_add(length).and_then(|end| usize::try_from(end).ok());
        let range = end.and_then(|end| data.get(usize::try_from(self.offset).ok()?..end));
        range.map(|bytes| (kind, bytes)).ok_or_else(|| {
            let (from, all) = (self.offset, data.len());
            format!("{what} takes {length} bytes from {from} on, and the file has {all} bytes of data")
        })
    }
}

/// Finds the data of every tensor; says everything that is wrong.
fn place<'a>(
    entries: Vec<Entry<'a>>,
    data: &'a [u8],
    alignment: u64,
) -> Result<BTreeMap<&'a str, Tensor<'a>>, Faults> {
    let mut faults = Faults::default();
    let mut taken = vec![];
    let mut tensors = BTreeMap::new();
    for entry in entries {
        match entry.find(data, alignment) {
            Err(fault) => faults.push(fault),
            Ok((kind, bytes)) => {
                taken.push((entry.offset, entry.offset + bytes.len() as u64, entry.name));
                if tensors.insert(entry.name, Tensor { kind, shape: entry.shape, bytes }).is_some() {
                    faults.push(format!("the tensor {} is there twice", shown(entry.name)));
                }
            }
        }
    }
    taken.sort_unstable();
    for pair in taken.windows(2) {
        if let [(_, end, first), (from, _, second)] = pair
            && from < end
        {
            faults.push(format!("the tensors {} and {} overlap", shown(first), shown(second)));
        }
    }
    faults.or(tensors)
}
