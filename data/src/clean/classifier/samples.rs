//! The documents of one side of a classifier, and which of them are held out.

use super::super::Cleaned;
use super::model::features;
use crate::Fault;
use crate::clean::text::words::words;
use regimen_base::cleaning;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Most documents of a side; of more, those whose hashes are smallest.
const MOST: usize = 20_000;

/// About this share of the documents is held out.
const HELD_OUT: f64 = 0.2;

/// Files are only held out if at least this share is left to learn from.
const LEAST_LEFT: f64 = 0.5;

/// Different documents by the hash of their text, with the number of their file and their features.
pub(super) struct Sample(BTreeMap<u64, (u32, Vec<u32>)>);

impl Sample {
    /// Reads the documents. Equal texts are one, so that none is on both sides of a division.
    pub(super) fn read(sides: &[Cleaned], asked: &cleaning::Classifier) -> Result<Sample, Fault> {
        let mut kept: BTreeMap<u64, (u32, Vec<u32>)> = BTreeMap::new();
        let mut first = 0;
        for cleaned in sides {
            for document in cleaned.documents() {
                let document = document?;
                let key = xxh3_64_with_seed(document.text.as_bytes(), asked.seed);
                if kept.len() >= MOST && kept.last_key_value().is_some_and(|(largest, _)| key > *largest) {
                    continue;
                }
                let features = || features(&words(&document.text), asked.ngram as usize);
                kept.entry(key).or_insert_with(|| (first + document.file as u32, features()));
                if kept.len() > MOST {
                    kept.pop_last();
                }
            }
            first += cleaned.files().len() as u32;
        }
        Ok(Sample(kept))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Files that are held out, if that leaves enough: those whose first documents have the smallest hashes.
    fn files(&self) -> Vec<u32> {
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        let mut order: Vec<u32> = vec![];
        for (file, _) in self.0.values() {
            if !sizes.contains_key(file) {
                order.push(*file);
            }
            *sizes.entry(*file).or_default() += 1;
        }
        let (whole, mut gone) = (self.len() as f64, 0);
        let mut held = vec![];
        for file in order {
            let size = sizes.get(&file).copied().unwrap_or(0);
            if gone as f64 >= HELD_OUT * whole {
                break;
            }
            if (gone + size) as f64 <= (1.0 - LEAST_LEFT) * whole {
                gone += size;
                held.push(file);
            }
        }
        held
    }

    /// Whether whole files can be held out.
    pub(super) fn by_files(&self) -> bool {
        !self.files().is_empty()
    }

    /// What is learned from, and what is held out: whole files, or every fifth document.
    pub(super) fn divided(self, by_files: bool) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
        let files = if by_files { self.files() } else { vec![] };
        let every = (1.0 / HELD_OUT) as usize;
        let (mut learned, mut held) = (vec![], vec![]);
        for (index, (file, features)) in self.0.into_values().enumerate() {
            let out = if by_files { files.contains(&file) } else { index % every == 0 };
            if out { held.push(features) } else { learned.push(features) }
        }
        (learned, held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(files: &[(u32, u64)]) -> Sample {
        let rows = files.iter().flat_map(|(file, count)| (0..*count).map(move |i| (*file, i)));
        let key = |file: u32, i: u64| xxh3_64_with_seed(&i.to_le_bytes(), u64::from(file));
        Sample(rows.map(|(file, i)| (key(file, i), (file, vec![file]))).collect())
    }

    #[test]
    fn whole_files_are_held_out_where_that_leaves_enough() {
        let many = sample(&[(0, 30), (1, 30), (2, 30), (3, 30), (4, 30)]);
        assert!(many.by_files());
        let (learned, held) = many.divided(true);
        assert!(held.len() >= 30 && learned.len() >= 75);
        assert!(held.iter().all(|row| !learned.contains(row)));
        assert!(!sample(&[(0, 30)]).by_files());
        // A large file cannot be spared, the small one can.
        assert_eq!(sample(&[(0, 100), (1, 10)]).files(), [1]);
        let (learned, held) = sample(&[(0, 30)]).divided(false);
        assert_eq!((learned.len(), held.len()), (24, 6));
    }
}
