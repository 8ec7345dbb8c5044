//! Single documents: why one went, and some of those that stay.

use super::part::Dropped;
use super::{Cleaned, DROPPED, QUARANTINE};
use crate::codes::{e0552, e0587};
use crate::{Fault, read};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It stays.
    Kept {
        /// Its text as the steps left it.
        text: String,
    },
    /// A rule dropped it.
    Dropped {
        /// The declaration whose step it was.
        dataset: String,
        /// Number of the step, from 1.
        number: usize,
        /// The step.
        step: String,
        /// Its rule.
        rule: String,
        /// What the rule found.
        detail: String,
    },
    /// It could not be read.
    Broken {
        /// What is wrong with it.
        message: String,
    },
}

impl Cleaned {
    /// What became of the document that begins in a line of a file: `web/a.jsonl:17`; without a line, in the first.
    ///
    /// # Errors
    /// If there is no such document.
    pub fn why(&self, asked: &str) -> Result<Fate, Fault> {
        let (name, line) = match asked.rsplit_once(':') {
            Some((name, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => {
                (name, line.parse().unwrap_or(0))
            }
            _ => (asked, 1),
        };
        let Some(file) = self.files().iter().position(|file| file == name) else {
            let some: Vec<String> = self.files().iter().take(5).map(|file| format!("`{file}`")).collect();
            return Err(Box::new(e0587::unknown(asked, &format!("The files are {}.", some.join(", ")))));
        };
        for document in self.documents() {
            let document = document?;
            if (document.file, document.line) == (file, line) {
                return Ok(Fate::Kept { text: document.text });
            }
        }
        match self.dropped(file as u32, line)? {
            Some(fate) => Ok(fate),
            None => match self.broken(&format!("`{name}`, line {line}:"))? {
                Some(fate) => Ok(fate),
                None => Err(Box::new(e0587::unknown(asked, "No document begins there."))),
            },
        }
    }

    fn dropped(&self, file: u32, line: u64) -> Result<Option<Fate>, Fault> {
        for (report, folder) in self.reports.iter().zip(self.folders()) {
            for row in lines(&folder.join(DROPPED))? {
                let Ok(dropped) = serde_json::from_str::<Dropped>(&row) else { continue };
                if (dropped.place.file, dropped.place.line) == (file, line) {
                    let step = report.steps.get(dropped.step).map(|s| s.step.clone()).unwrap_or_default();
                    let (dataset, number) = (report.name.clone(), dropped.step + 1);
                    let Dropped { rule, detail, .. } = dropped;
                    return Ok(Some(Fate::Dropped { dataset, number, step, rule, detail }));
                }
            }
        }
        Ok(None)
    }

    fn broken(&self, begin: &str) -> Result<Option<Fate>, Fault> {
        for folder in self.folders() {
            for row in lines(&folder.join(QUARANTINE))? {
                let message =
                    serde_json::from_str::<super::chain::Broken>(&row).map(|b| b.message).unwrap_or_default();
                if message.starts_with(begin) {
                    return Ok(Some(Fate::Broken { message }));
                }
            }
        }
        Ok(None)
    }

    /// Every document that went, in the order of the steps: index of its file, its line, its rule.
    ///
    /// # Errors
    /// If the logs cannot be read.
    pub fn log(&self) -> Result<Vec<(usize, u64, String)>, Fault> {
        let mut all = vec![];
        for folder in self.folders() {
            let rows =
                lines(&folder.join(DROPPED))?.filter_map(|row| serde_json::from_str::<Dropped>(&row).ok());
            all.extend(rows.map(|dropped| (dropped.place.file as usize, dropped.place.line, dropped.rule)));
        }
        Ok(all)
    }

    /// So many of the documents that stay, evenly from all of them, always the same ones.
    ///
    /// # Errors
    /// If the documents cannot be read.
    pub fn sample(&self, count: usize) -> Result<Vec<read::Document>, Fault> {
        // The smallest keyed hashes of their places: a uniform sample in one pass.
        let mut chosen: Vec<(u64, u64, read::Document)> = vec![];
        for (number, document) in (0u64..).zip(self.documents()) {
            let document = document?;
            let hash = xxh3_64_with_seed(&number.to_le_bytes(), 0x5A3);
            if chosen.len() < count || chosen.last().is_some_and(|(largest, ..)| hash < *largest) {
                let at = chosen.partition_point(|(other, ..)| *other < hash);
                chosen.insert(at, (hash, number, document));
                chosen.truncate(count);
            }
        }
        chosen.sort_by_key(|(_, number, _)| *number);
        Ok(chosen.into_iter().map(|(_, _, document)| document).collect())
    }
}

/// The lines of a log.
fn lines(path: &std::path::Path) -> Result<impl Iterator<Item = String> + use<>, Fault> {
    let file =
        File::open(path).map_err(|error| Box::new(e0552::unreadable(&path.display().to_string(), &error)))?;
    Ok(BufReader::new(file).lines().map_while(Result::ok))
}
