//! Metadata: typed values under names. Arrays are measured when the file is read, and decoded only when somebody
//! wants them: a vocabulary stays in the mapped file.

use super::cursor::{Cursor, Read};
use super::text::shown;
use std::collections::BTreeMap;

/// Arrays within arrays beyond this depth are refused. The format allows any; no writer is known that uses one.
const DEEPEST: u32 = 4;

/// One value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// An integer of any of the eight types.
    Integer(i128),
    /// A 32-bit number, kept as such: its shortest decimal is what the writer meant.
    F32(f32),
    F64(f64),
    Bool(bool),
    Text(&'a str),
    Array(Array<'a>),
}

/// An array that lies in the file.
#[derive(Clone, Debug)]
pub(super) struct Array<'a> {
    kind: u32,
    count: u64,
    bytes: &'a [u8],
}

/// The metadata of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Metadata<'a>(BTreeMap<&'a str, Value<'a>>);

impl<'a> Metadata<'a> {
    /// Reads so many names and values. Each takes at least 13 bytes, so a count that lies ends with the file.
    pub(super) fn read(cursor: &mut Cursor<'a>, count: u64) -> Read<Metadata<'a>> {
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let key = cursor.string("the name of a metadata value")?;
            let what = format!("the metadata value {}", shown(key));
            let kind = cursor.u32(&what)?;
            let value = Value::read(cursor, kind, &what)?;
            if values.insert(key, value).is_some() {
                return Err(format!("{what} is there twice"));
            }
        }
        Ok(Metadata(values))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.get(key)
    }

    /// All names, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().copied()
    }

    /// A text, if there is one under this name.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An array, if there is one under this name.
    pub(super) fn array(&self, key: &str) -> Option<&Array<'a>> {
        match self.get(key)? {
            Value::Array(array) => Some(array),
            _ => None,
        }
    }
}

impl<'a> Value<'a> {
    fn read(cursor: &mut Cursor<'a>, kind: u32, what: &str) -> Read<Value<'a>> {
        match kind {
            8 => Ok(Value::Text(cursor.string(what)?)),
            9 => Ok(Value::Array(Array::read(cursor, what, 0)?)),
            _ => {
                let size = size_of(kind).ok_or_else(|| unknown(kind, what))?;
                scalar(kind, cursor.take(size, what)?)
                    .ok_or_else(|| format!("{what} is not a value of its type"))
            }
        }
    }

    /// A whole number of zero or more.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Value::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A number with the decimal that its writer meant: an f32 of 9.999999747e-6 is 1e-5.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Integer(number) => Some(*number as f64),
            Value::F32(number) => number.to_string().parse().ok(),
            Value::F64(number) => Some(*number),
            _ => None,
        }
        .filter(|number: &f64| number.is_finite())
    }
}

impl<'a> Array<'a> {
    fn read(cursor: &mut Cursor<'a>, what: &str, depth: u32) -> Read<Array<'a>> {
        if depth == DEEPEST {
            return Err(format!("{what} has arrays within arrays, more than {DEEPEST} deep"));
        }
        let kind = cursor.u32(what)?;
        let count = cursor.u64(what)?;
        let mut elements = cursor.clone();
        match kind {
            // Every element takes at least eight bytes, so this ends with the file.
            8 => (0..count).try_for_each(|_| cursor.string(what).map(drop))?,
            9 => (0..count).try_for_each(|_| Array::read(cursor, what, depth + 1).map(drop))?,
            _ => {
                let size = size_of(kind).ok_or_else(|| unknown(kind, what))?;
                let bytes = count.checked_mul(size).ok_or_else(|| format!("{what} has {count} elements"))?;
                cursor.take(bytes, what)?;
            }
        }
        let bytes = elements.take((cursor.at() - elements.at()) as u64, what)?;
        Ok(Array { kind, count, bytes })
    }

    /// Number of elements; at most the number of bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// The elements, if they are texts.
    pub(super) fn texts(&self) -> Option<impl Iterator<Item = &'a str>> {
        let mut cursor = Cursor::new(self.bytes);
        // They were read once already, so none is missing.
        (self.kind == 8).then(|| (0..self.count).map_while(move |_| cursor.string("an element").ok()))
    }

    /// The elements, if they are integers.
    pub(super) fn integers(&self) -> Option<impl Iterator<Item = i128>> {
        let kind = self.kind;
        let size = size_of(kind).filter(|_| !matches!(kind, 6 | 7 | 12))?;
        Some(self.bytes.chunks_exact(size as usize).map_while(move |bytes| match scalar(kind, bytes) {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        }))
    }
}

/// Bytes of a value of this type, if all have the same.
fn size_of(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn scalar<'a>(kind: u32, bytes: &[u8]) -> Option<Value<'a>> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    // Casting to a narrower type takes the low bytes, which are all that was read.
    Some(match kind {
        0 | 2 | 4 | 10 => Value::Integer(bits.into()),
        1 => Value::Integer((bits as i8).into()),
        3 => Value::Integer((bits as i16).into()),
        5 => Value::Integer((bits as i32).into()),
        11 => Value::Integer((bits as i64).into()),
        6 => Value::F32(f32::from_bits(bits as u32)),
        12 => Value::F64(f64::from_bits(bits)),
        7 if bits < 2 => Value::Bool(bits == 1),
        _ => return None,
    })
}

fn unknown(kind: u32, what: &str) -> String {
    format!("{what} has the unknown type {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: u32, bytes: &[u8]) -> Read<Value<'_>> {
        Value::read(&mut Cursor::new(bytes), kind, "it")
    }

    #[test]
    fn integers_of_every_width_keep_their_sign() {
        for (kind, bytes, expected) in [
            (0, &[0xff][..], 255),
            (1, &[0xff], -1),
            (2, &[0, 0x80], 32768),
            (3, &[0, 0x80], -32768),
            (4, &[0xff; 4], 0xffff_ffff),
            (5, &[0xff; 4], -1),
            (10, &[0xff; 8], i128::from(u64::MAX)),
            (11, &[0xff; 8], -1),
        ] {
            assert!(matches!(read(kind, bytes), Ok(Value::Integer(n)) if n == expected), "{kind}");
        }
    }

    #[test]
    fn a_number_is_what_its_writer_meant() {
        assert_eq!(read(6, &1e-5f32.to_le_bytes()).unwrap().number(), Some(1e-5));
        assert_eq!(read(6, &f32::NAN.to_le_bytes()).unwrap().number(), None);
        assert_eq!(read(12, &0.1f64.to_le_bytes()).unwrap().number(), Some(0.1));
    }

    #[test]
    fn arrays_are_decoded_on_demand() {
        let mut bytes = vec![5, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let Ok(Value::Array(array)) = read(9, &bytes) else { panic!("no array") };
        assert_eq!(array.integers().unwrap().collect::<Vec<_>>(), [7, -1]);
        assert!(array.texts().is_none());
    }

    #[test]
    fn lies_are_found_without_allocating() {
        let nested = [9u8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0].repeat(10);
        assert!(read(9, &nested).unwrap_err().contains("4 deep"));
        let mut huge = vec![4, 0, 0, 0];
        huge.extend(u64::MAX.to_le_bytes());
        assert!(read(9, &huge).unwrap_err().contains("18446744073709551615 elements"));
        assert!(read(99, &[]).unwrap_err().contains("unknown type 99"));
        assert!(read(7, &[2]).unwrap_err().contains("not a value"));
    }
}
