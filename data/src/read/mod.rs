//! From files to a stream of documents.
//!
//! A stream is an iterator of documents or faults, so that cleaning steps are adaptors on it. After a
//! fault it goes on where it can, so that several broken records are reported at once.

mod jsonl;
mod lines;
mod text;

use crate::Fault;
use crate::files::InputFile;
use regimen_base::data::{Format, TextDocument};

/// The longest document: it is held in memory as a whole.
pub const MAX_DOCUMENT: usize = 256 << 20;

/// A document and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its text; never empty.
    pub text: String,
    /// Index of its file in the list that was read.
    pub file: usize,
    /// Line of its first character, from 1.
    pub line: u64,
}

/// What a reader of one file yields.
type Documents<'a> = Box<dyn Iterator<Item = Result<Document, Fault>> + Send + 'a>;

/// All documents of the files, in the order of the list and within each file from the top.
///
/// Documents without any text are left out. A UTF-8 byte order mark at the start of a file is not text.
pub fn documents<'a>(
    format: &'a Format,
    files: &'a [InputFile],
) -> impl Iterator<Item = Result<Document, Fault>> + Send + 'a {
    files.iter().enumerate().flat_map(move |(index, file)| {
        read_file(format, index, file).unwrap_or_else(|fault| Box::new(std::iter::once(Err(fault))))
    })
}

fn read_file<'a>(format: &'a Format, index: usize, file: &'a InputFile) -> Result<Documents<'a>, Fault> {
    Ok(match format {
        Format::Text { document: TextDocument::File } => {
            Box::new(text::whole(index, file)?.into_iter().map(Ok))
        }
        Format::Text { document: TextDocument::Paragraph } => Box::new(text::Paragraphs::open(index, file)?),
        Format::Text { document: TextDocument::Line } => Box::new(text::SingleLines::open(index, file)?),
        Format::Jsonl { field } => Box::new(jsonl::Records::open(index, file, field)?),
    })
}
