//! Lines of a file, one in memory at a time, with the place of everything that is wrong.

use super::{MAX_DOCUMENT, unpack};
use crate::Fault;
use crate::codes::{e0553, e0566};
use crate::files::InputFile;
use std::io::{BufRead, BufReader, Read};

/// Reads a file line by line. After a fault that makes going on senseless, it has ended.
pub(super) struct Lines<'a> {
    input: BufReader<unpack::Unpacked>,
    file: &'a InputFile,
    buffer: Vec<u8>,
    /// Number of the line in the buffer, from 1.
    line: u64,
    /// Offset in the unpacked file of the byte after the buffer.
    offset: u64,
    ended: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn open(file: &'a InputFile) -> Result<Lines<'a>, Fault> {
        let input = BufReader::with_capacity(1 << 16, unpack::open(file)?);
        Ok(Lines { input, file, buffer: Vec::new(), line: 0, offset: 0, ended: false })
    }

    pub(super) fn file(&self) -> &'a InputFile {
        self.file
    }

    /// The next line without its line end, and its number; nothing at the end of the file.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, &str)>, Fault> {
        if self.ended {
            return Ok(None);
        }
        self.buffer.clear();
        self.line += 1;
        let limit = MAX_DOCUMENT as u64 + 2;
        let read = (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer);
        match read {
            Err(e) => {
                self.ended = true;
                return Err(unpack::fault(self.file, &e));
            }
            Ok(0) => {
                self.ended = true;
                return Ok(None);
            }
            Ok(length) => self.offset += length as u64,
        }
        let content = content(&self.buffer, self.line);
        if content.len() > MAX_DOCUMENT {
            self.ended = true;
            return Err(Box::new(e0566::record_too_long(&self.file.name, self.line, MAX_DOCUMENT)));
        }
        let text = std::str::from_utf8(content)
            .map_err(|e| fault_in(self.file, self.line, self.offset, &self.buffer, content, e))?;
        Ok(Some((self.line, text)))
    }
}

/// The line without line end, and without byte order mark if it is the first.
fn content(buffer: &[u8], line: u64) -> &[u8] {
    let text = buffer.strip_suffix(b"\n").unwrap_or(buffer);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if line == 1 { text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text) } else { text }
}

fn fault_in(
    file: &InputFile,
    line: u64,
    end: u64,
    buffer: &[u8],
    content: &[u8],
    error: std::str::Utf8Error,
) -> Fault {
    let mark = if line == 1 && buffer.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let offset = end - buffer.len() as u64 + mark + error.valid_up_to() as u64;
    let byte = content.get(error.valid_up_to()).copied().unwrap_or(0);
    Box::new(e0553::not_utf8(&file.name, line, offset, byte))
}
