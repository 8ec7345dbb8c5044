//! Tables as text; the document is one column.

use super::moment::Moment;
use super::{Document, MAX_DOCUMENT, Wanted, jsonl, unpack};
use crate::Fault;
use crate::codes::{e0553, e0566, e0575, e0577, e0581, e0588, e0589};
use crate::files::InputFile;
use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use std::io::{self, Read};

/// The documents of a csv file.
pub(super) struct Records<'a> {
    index: usize,
    file: &'a InputFile,
    reader: Reader<Bounded>,
    record: ByteRecord,
    /// Which column holds the text, and how many there are.
    column: usize,
    /// Which names the class, where one does: its place and its name.
    label: Option<(usize, &'a str)>,
    /// Which holds a date or a number, likewise.
    when: Option<(usize, &'a str)>,
    columns: usize,
    ended: bool,
}

impl<'a> Records<'a> {
    pub(super) fn open(
        index: usize,
        file: &'a InputFile,
        wanted: Wanted<'a>,
        delimiter: char,
    ) -> Result<Records<'a>, Fault> {
        let input = Bounded { input: unpack::open(file)?, left: MAX_DOCUMENT, ended: false, last: 0 };
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        // Records of another length are told apart here, so that the reader goes on after them.
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter).flexible(true).buffer_capacity(1 << 16);
        // The crate numbers lines that end in `\r\n` one too low; `\r` is cut off here instead.
        builder.terminator(Terminator::Any(b'\n'));
        let mut reader = builder.from_reader(input);
        let header = reader.byte_headers().map_err(|error| fault(file, 1, error))?.clone();
        let places = |field: &'a str| {
            let is = move |name: &&[u8]| without_return(name) == field.as_bytes();
            header.iter().enumerate().filter(move |(_, name)| is(name)).map(|(at, _)| at)
        };
        let missing = |field: &str| {
            let names: Vec<String> =
                header.iter().take(8).map(|name| format!("`{}`", String::from_utf8_lossy(name))).collect();
            let what = match names.as_slice() {
                [] => "The file has no header line.".to_string(),
                names => format!("The header has {}.", names.join(", ")),
            };
            Box::new(e0588::no_column(&file.name, field, &what))
        };
        let required = |field: &'a str| {
            let mut found = places(field);
            let at = found.next().ok_or_else(|| missing(field))?;
            match found.next() {
                Some(again) => Err(Box::new(e0588::two_columns(&file.name, field, at + 1, again + 1))),
                None => Ok((at, field)),
            }
        };
        let (column, _) = required(wanted.text)?;
        let label = wanted.label.map(required).transpose()?;
        let when = wanted.when.map(required).transpose()?;
        let (columns, record) = (header.len(), ByteRecord::new());
        Ok(Records { index, file, reader, record, column, label, when, columns, ended: false })
    }

    /// Whether the record ended with the file inside a quoted field: only such a field has a line break in it, and none ends the file
    /// without its quote.
    fn unclosed(&self) -> bool {
        let Bounded { ended, last, .. } = self.reader.get_ref();
        let field = self.record.get(self.record.len().saturating_sub(1)).unwrap_or(&[]);
        *ended && *last != b'"' && field.contains(&b'\n')
    }

    /// The record that was just read, as a document.
    fn document(&self) -> Result<Option<Document>, Fault> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let found = self.record.len();
        if self.unclosed() {
            let last = self.reader.position().line().max(line);
            return Err(Box::new(e0589::never_closed(&self.file.name, line, last)));
        }
        if found == 1 && self.columns > 1 && self.record.get(0) == Some(b"\r") {
            return Ok(None);
        }
        if found != self.columns {
            return Err(Box::new(e0581::wrong_columns(&self.file.name, line, self.columns, found)));
        }
        let text = self.cell(self.column, line)?;
        let label = self.label.map(|(column, _)| self.cell(column, line)).transpose()?;
        if let (Some((_, field)), Some("")) = (self.label, label) {
            return Err(Box::new(e0575::no_label(&self.file.name, line, field, "The field is empty.")));
        }
        let label = label.map(str::to_string);
        let when = self.when.map(|column| self.moment(column, line)).transpose()?;
        Ok((!text.is_empty()).then(|| Document {
            text: text.to_string(),
            file: self.index,
            line,
            label,
            when,
        }))
    }

    /// The date or number in a column of the record that was just read.
    fn moment(&self, (column, field): (usize, &str), line: u64) -> Result<Moment, Fault> {
        let cell = self.cell(column, line)?;
        let unreadable =
            || Box::new(e0577::no_moment(&self.file.name, line, field, &jsonl::unreadable(cell)));
        Moment::parse(cell).ok_or_else(unreadable)
    }

    /// The text of a column of the record that was just read.
    fn cell(&self, column: usize, line: u64) -> Result<&str, Fault> {
        let bytes = self.record.get(column).unwrap_or(&[]);
        let bytes = if column + 1 == self.columns { without_return(bytes) } else { bytes };
        std::str::from_utf8(bytes).map_err(|error| {
            let start = self.record.position().map_or(0, csv::Position::byte);
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or(0);
            // The place of a field inside its record is lost with its quotes: the record's is told.
            Box::new(e0553::not_utf8(&self.file.name, line, start, byte))
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            self.reader.get_mut().left = MAX_DOCUMENT;
            let line = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => match self.document() {
                    Ok(None) => {}
                    Ok(Some(document)) => return Some(Ok(document)),
                    Err(fault) => return Some(Err(fault)),
                },
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(fault(self.file, line, error)));
                }
            }
        }
        None
    }
}

/// The last field of a line without the `\r` of the line's end.
fn without_return(field: &[u8]) -> &[u8] {
    field.strip_suffix(b"\r").unwrap_or(field)
}

fn fault(file: &InputFile, line: u64, error: csv::Error) -> Fault {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Box::new(e0566::record_too_long(&file.name, line, MAX_DOCUMENT))
        }
        csv::ErrorKind::Io(error) => unpack::fault(file, &error),
        other => unpack::fault(file, &io::Error::other(format!("{other:?}"))),
    }
}

/// Gives no more than `left` bytes until it is set again: a quote that is never closed would take the whole file into
/// memory.
struct Bounded {
    input: unpack::Unpacked,
    left: usize,
    /// Whether the input has ended.
    ended: bool,
    /// The last byte that belongs to no line's end.
    last: u8,
}

impl Read for Bounded {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(to.len()) else {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        };
        let length = self.input.read(to)?;
        self.left = left + to.len() - length;
        self.ended |= length == 0 && !to.is_empty();
        let bytes = to.get(..length).unwrap_or(&[]);
        self.last = bytes.iter().rev().find(|b| !b"\r\n".contains(b)).copied().unwrap_or(self.last);
        Ok(length)
    }
}
