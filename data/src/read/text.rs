//! Plain text: a document is a file, a paragraph or a line.

use super::lines::Lines;
use super::{Document, MAX_DOCUMENT, unpack};
use crate::Fault;
use crate::codes::{e0553, e0566};
use crate::files::InputFile;
use std::io::Read;

/// The whole file as one document, line ends as they are; nothing if it is empty.
pub(super) fn whole(index: usize, file: &InputFile) -> Result<Option<Document>, Fault> {
    let mut bytes = Vec::new();
    // Read no more than allowed even if the file has grown since it was found.
    let read = unpack::open(file)?.take(MAX_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|e| unpack::fault(file, &e))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Box::new(e0566::record_too_long(&file.name, 1, MAX_FILE as usize)));
    }
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let bytes = e.as_bytes();
        let line = 1 + bytes.iter().take(at).filter(|b| **b == b'\n').count() as u64;
        Box::new(e0553::not_utf8(&file.name, line, at as u64, bytes.get(at).copied().unwrap_or(0)))
    })?;
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    Ok((!text.is_empty()).then_some(Document { text, file: index, line: 1, label: None, when: None }))
}

/// A file that is one document may be as long as any other document.
const MAX_FILE: u64 = MAX_DOCUMENT as u64;

/// Every line that is not blank, without its line end.
pub(super) struct SingleLines<'a> {
    index: usize,
    lines: Lines<'a>,
}

impl<'a> SingleLines<'a> {
    pub(super) fn open(index: usize, file: &'a InputFile) -> Result<SingleLines<'a>, Fault> {
        Ok(SingleLines { index, lines: Lines::open(file)? })
    }
}

impl Iterator for SingleLines<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next_line() {
                Err(fault) => return Some(Err(fault)),
                Ok(None) => return None,
                Ok(Some((_, text))) if is_blank(text) => {}
                Ok(Some((line, text))) => {
                    return Some(Ok(Document {
                        text: text.to_string(),
                        file: self.index,
                        line,
                        label: None,
                        when: None,
                    }));
                }
            }
        }
    }
}

/// Runs of lines that are not blank, joined with `\n`.
pub(super) struct Paragraphs<'a> {
    index: usize,
    lines: Lines<'a>,
    ended: bool,
}

impl<'a> Paragraphs<'a> {
    pub(super) fn open(index: usize, file: &'a InputFile) -> Result<Paragraphs<'a>, Fault> {
        Ok(Paragraphs { index, lines: Lines::open(file)?, ended: false })
    }

    fn too_long(&mut self, line: u64) -> Option<Result<Document, Fault>> {
        self.ended = true;
        Some(Err(Box::new(e0566::record_too_long(&self.lines.file().name, line, MAX_DOCUMENT))))
    }
}

impl Iterator for Paragraphs<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut text = String::new();
        let mut first = 0;
        loop {
            match self.lines.next_line() {
                // The paragraph is lost with its broken line: half of it would be another document.
                Err(fault) => return Some(Err(fault)),
                Ok(None) => {
                    self.ended = true;
                    break;
                }
                Ok(Some((_, line))) if is_blank(line) => {
                    if !text.is_empty() {
                        break;
                    }
                }
                Ok(Some((number, line))) => {
                    if text.is_empty() {
                        first = number;
                    } else {
                        text.push('\n');
                    }
                    text.push_str(line);
                    if text.len() > MAX_DOCUMENT {
                        return self.too_long(first);
                    }
                }
            }
        }
        (!text.is_empty()).then_some(Ok(Document {
            text,
            file: self.index,
            line: first,
            label: None,
            when: None,
        }))
    }
}

fn is_blank(line: &str) -> bool {
    line.chars().all(char::is_whitespace)
}
