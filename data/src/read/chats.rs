//! One conversation a line. The document is its messages as JSON, always written the same way: equal conversations are equal texts,
//! whatever the form of their records.

use super::lines::Lines;
use super::{Document, jsonl};
use crate::Fault;
use crate::chat::Message;
use crate::chat::record::{self, Wrong};
use crate::codes::{e0554, e0591, e0592};
use crate::files::InputFile;

/// The conversations of a jsonl file.
pub(super) struct Records<'a> {
    index: usize,
    lines: Lines<'a>,
    templates: &'a [String],
}

impl<'a> Records<'a> {
    pub(super) fn open(
        index: usize,
        file: &'a InputFile,
        templates: &'a [String],
    ) -> Result<Records<'a>, Fault> {
        Ok(Records { index, lines: Lines::open(file)?, templates })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let name = &self.lines.file().name;
            let (line, text) = match self.lines.next_line() {
                Err(fault) => return Some(Err(fault)),
                Ok(None) => return None,
                Ok(Some(line)) => line,
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            return Some(document(name, line, text, self.templates).map(|text| Document {
                text,
                label: None,
                when: None,
                file: self.index,
                line,
            }));
        }
    }
}

fn document(file: &str, line: u64, text: &str, templates: &[String]) -> Result<String, Fault> {
    let broken = |e: &serde_json::Error| Box::new(e0554::broken_record(file, line, &jsonl::describe(e)));
    let record = jsonl::record(text).map_err(|e| broken(&e))?;
    let messages = record::conversation(&record, templates).map_err(|wrong| match wrong {
        Wrong::Fields(what) => Box::new(e0591::no_conversation(file, line, &what)),
        Wrong::Turns(what) => Box::new(e0592::turns(file, line, &what)),
    })?;
    serde_json::to_string(&messages).map_err(|e| broken(&e))
}

/// The messages of a document.
pub(crate) fn messages(text: &str) -> Option<Vec<Message>> {
    serde_json::from_str(text).ok()
}
