//! `model.safetensors`, written from front to back: a header of JSON, then the tensors. One row at a time is decoded.

use super::Dtype;
use super::llama::Mapped;
use crate::Progress;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Bytes between two reports of progress.
const REPORT: u64 = 1 << 20;

/// Writes all tensors, sorted by name; returns the number of bytes of the file.
///
/// # Errors
/// If writing fails.
pub(super) fn write(
    out: &mut dyn Write,
    tensors: &[Mapped],
    dtype: Dtype,
    progress: &mut dyn Progress,
) -> io::Result<u64> {
    let mut sorted: Vec<&Mapped> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let (header, length) = header(&sorted, dtype);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    let mut unreported = 0;
    let mut values = vec![];
    let mut encoded = vec![];
    for tensor in sorted {
        // No larger than a multiple of the row's bytes, which are in the file.
        values.resize(tensor.row() as usize, 0.0);
        for row in tensor.rows() {
            tensor.tensor.kind.decode(row, &mut values);
            dtype.encode(&values, &mut encoded);
            out.write_all(&encoded)?;
            unreported += encoded.len() as u64;
            if unreported >= REPORT {
                progress.advance(std::mem::take(&mut unreported));
            }
        }
    }
    progress.advance(unreported);
    Ok(8 + header.len() as u64 + length)
}

/// The header, padded so that the data begins at a multiple of eight, and the number of bytes of the data.
fn header(sorted: &[&Mapped], dtype: Dtype) -> (Vec<u8>, u64) {
    // transformers refuses a file that does not say which library's layout its tensors have.
    let mut entries = Map::from_iter([("__metadata__".to_string(), json!({"format": "pt"}))]);
    let mut offset = 0;
    for tensor in sorted {
        let end = offset + tensor.values() * dtype.size();
        entries.insert(
            tensor.name.clone(),
            json!({"dtype": dtype.tag(), "shape": tensor.tensor.shape, "data_offsets": [offset, end]}),
        );
        offset = end;
    }
    let mut header = Value::Object(entries).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    (header, offset)
}

impl Dtype {
    /// Bytes of a value.
    pub(super) fn size(self) -> u64 {
        match self {
            Dtype::F32 => 4,
            Dtype::Bf16 => 2,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Dtype::F32 => "F32",
            Dtype::Bf16 => "BF16",
        }
    }

    /// Encodes values, little-endian, in place of what was there.
    fn encode(self, values: &[f32], to: &mut Vec<u8>) {
        to.clear();
        match self {
            Dtype::F32 => to.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Dtype::Bf16 => to.extend(values.iter().flat_map(|value| bf16(*value).to_le_bytes())),
        }
    }
}

/// The nearest bfloat16; of two, the even one.
fn bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        // Stays what it is, even if its payload was in the lower half.
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bfloat16_is_rounded_to_nearest_even() {
        for (value, expected) in [
            (1.0, 0x3f80),
            (f32::from_bits(0x3f80_8000), 0x3f80),
            (f32::from_bits(0x3f81_8000), 0x3f82),
            (f32::from_bits(0x3f80_8001), 0x3f81),
            (f32::MAX, 0x7f80),
            (f32::NEG_INFINITY, 0xff80),
            (-0.0, 0x8000),
        ] {
            assert_eq!(bf16(value), expected, "{value}");
        }
        assert_eq!(bf16(f32::from_bits(0x7f80_0001)), 0x7fc0);
    }
}
