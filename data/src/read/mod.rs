//! From files to a stream of documents.
//!
//! A stream is an iterator of documents or faults, so that cleaning steps are adaptors on it. After a
//! fault it goes on where it can, so that several broken records are reported at once.

pub(crate) mod answers;
pub(crate) mod chats;
mod csv;
mod jsonl;
mod lines;
pub mod moment;
mod parquet;
mod text;
pub(crate) mod unpack;

use crate::codes::{e0555, e0578, e0582, e0588, e0591};
use crate::files::InputFile;
use crate::{Fault, Outcome};
use moment::Moment;
use regimen_base::data::{Format, Source, TextDocument};

/// The longest document: it is held in memory as a whole.
pub const MAX_DOCUMENT: usize = 256 << 20;

/// A document and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its text; never empty.
    pub text: String,
    /// Index of its file in the list that was read.
    pub file: usize,
    /// The class that its record names, where records do.
    pub label: Option<String>,
    /// Its place in time, where documents are ordered.
    pub when: Option<Moment>,
    /// Line of its first character, from 1; in a parquet file the number of the record.
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
    ordered_documents(format, None, files)
}

/// The same, each with what the field `ordered_by` holds.
pub fn ordered_documents<'a>(
    format: &'a Format,
    ordered_by: Option<&'a String>,
    files: &'a [InputFile],
) -> impl Iterator<Item = Result<Document, Fault>> + Send + 'a {
    let when = ordered_by.map(String::as_str);
    files.iter().enumerate().flat_map(move |(index, file)| {
        read_file(format, when, index, file).unwrap_or_else(|fault| Box::new(std::iter::once(Err(fault))))
    })
}

/// Looks at the first record of the first file: whether it has the field that holds the text.
///
/// # Errors
/// If it has not, or the file is not in the declared format.
pub(crate) fn probe(source: &Source, ordered_by: Option<&String>, files: &[InputFile]) -> Outcome<()> {
    // Text has no fields, and its first document may be a whole file.
    let (Some(first), false) = (files.first(), matches!(source.format, Format::Text { .. })) else {
        return Ok(());
    };
    let found = ordered_documents(&source.format, ordered_by, std::slice::from_ref(first)).next();
    match found {
        // One broken record may be tolerated; a field that is missing, or another format, is missing everywhere.
        Some(Err(fault)) if source.cleaning.broken == 0.0 || is_everywhere(&fault) => Err(vec![*fault]),
        _ => Ok(()),
    }
}

fn is_everywhere(fault: &Fault) -> bool {
    let codes = [e0555::PAGE, e0578::PAGE, e0582::PAGE, e0588::PAGE, e0591::PAGE];
    codes.iter().any(|page| page.code == fault.code)
}

/// Fields or columns of a record.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    /// Holds the text.
    text: &'a str,
    /// Names the class.
    label: Option<&'a str>,
    /// Holds a date or a number.
    when: Option<&'a str>,
}

fn read_file<'a>(
    format: &'a Format,
    when: Option<&'a str>,
    index: usize,
    file: &'a InputFile,
) -> Result<Documents<'a>, Fault> {
    Ok(match format {
        Format::Text { document: TextDocument::File } => {
            Box::new(text::whole(index, file)?.into_iter().map(Ok))
        }
        Format::Text { document: TextDocument::Paragraph } => Box::new(text::Paragraphs::open(index, file)?),
        Format::Text { document: TextDocument::Line } => Box::new(text::SingleLines::open(index, file)?),
        Format::Jsonl { field } => {
            let wanted = Wanted { text: field, label: None, when };
            Box::new(jsonl::Records::open(index, file, wanted)?)
        }
        Format::Csv { field, delimiter } => {
            let wanted = Wanted { text: field, label: None, when };
            Box::new(csv::Records::open(index, file, wanted, *delimiter)?)
        }
        Format::Labelled { text, label, delimiter, .. } => {
            let wanted = Wanted { text, label: Some(label), when };
            match delimiter {
                None => Box::new(jsonl::Records::open(index, file, wanted)?),
                Some(delimiter) => Box::new(csv::Records::open(index, file, wanted, *delimiter)?),
            }
        }
        Format::Preferences(_) | Format::Feedback(_) => {
            Box::new(answers::Records::open(index, file, format)?)
        }
        Format::Chats(chats) => Box::new(chats::Records::open(index, file, &chats.template)?),
        Format::Parquet { field } => Box::new(parquet::Records::open(index, file, field, when)?),
    })
}
