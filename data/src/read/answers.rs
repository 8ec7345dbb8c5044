//! One prompt with its answers a line. The document is what was read as JSON, always written the same way.

use super::lines::Lines;
use super::{Document, jsonl};
use crate::Fault;
use crate::chat::answers::{Judged, Wrong, judged};
use crate::codes::{e0554, e0578, e0579, e0592};
use crate::files::InputFile;
use regimen_base::data::Format;

/// The records of a jsonl file.
pub(super) struct Records<'a> {
    index: usize,
    lines: Lines<'a>,
    format: &'a Format,
}

impl<'a> Records<'a> {
    pub(super) fn open(index: usize, file: &'a InputFile, format: &'a Format) -> Result<Records<'a>, Fault> {
        Ok(Records { index, lines: Lines::open(file)?, format })
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
            let file = self.index;
            return Some(document(name, line, text, self.format).map(|text| Document {
                text,
                file,
                line,
                label: None,
                when: None,
            }));
        }
    }
}

fn document(file: &str, line: u64, text: &str, format: &Format) -> Result<String, Fault> {
    let broken = |e: &serde_json::Error| Box::new(e0554::broken_record(file, line, &jsonl::describe(e)));
    let record = jsonl::record(text).map_err(|e| broken(&e))?;
    let judged = judged(&record, format).map_err(|wrong| match wrong {
        Wrong::Fields(what) => Box::new(e0578::no_answers(file, line, &what, format)),
        Wrong::Answers(what) => Box::new(e0579::nothing_to_learn(file, line, &what)),
        Wrong::Turns(what) => Box::new(e0592::turns(file, line, &what)),
    })?;
    serde_json::to_string(&judged).map_err(|e| broken(&e))
}

/// The prompt and answers of a document.
pub(crate) fn read_back(text: &str) -> Option<Judged> {
    serde_json::from_str(text).ok()
}
