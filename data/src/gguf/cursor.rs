//! Reading numbers and strings from front to back. Nothing here trusts a length: what is not there is a message,
//! and nothing is allocated.

use super::text::shown;

/// Where reading stopped, and why.
pub(super) type Read<T> = Result<T, String>;

/// A place in the bytes of a file.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next bytes; `what` names them in the message if they are not there.
    pub(super) fn take(&mut self, count: u64, what: &str) -> Read<&'a [u8]> {
        let left = self.bytes.get(self.at..).unwrap_or(&[]);
        let Some(taken) = usize::try_from(count).ok().and_then(|count| left.get(..count)) else {
            let (at, left) = (self.at, left.len());
            return Err(format!("{what} at byte {at} takes {count} bytes, and only {left} follow"));
        };
        self.at += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Read<[u8; N]> {
        let bytes = self.take(N as u64, what)?;
        bytes.first_chunk::<N>().copied().ok_or_else(|| format!("{what} is cut off"))
    }

    pub(super) fn u32(&mut self, what: &str) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(super) fn u64(&mut self, what: &str) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A string: its length in eight bytes, then UTF-8.
    pub(super) fn string(&mut self, what: &str) -> Read<&'a str> {
        let length = self.u64(what)?;
        let bytes = self.take(length, what)?;
        std::str::from_utf8(bytes).map_err(|_| {
            let text = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
            format!("{what} is not UTF-8: {}", shown(&text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian_and_lengths_are_checked() {
        let mut cursor = Cursor::new(&[1, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(cursor.u32("a number"), Ok(513));
        assert_eq!(cursor.string("a string"), Ok("hi"));
        assert_eq!(cursor.at(), 14);
        let message = cursor.u32("another").unwrap_err();
        assert_eq!(message, "another at byte 14 takes 4 bytes, and only 0 follow");
    }

    #[test]
    fn a_length_past_the_end_of_everything_is_no_overflow() {
        let mut cursor = Cursor::new(&[0xff; 20]);
        assert!(cursor.string("a string").unwrap_err().contains("18446744073709551615"));
    }
}
