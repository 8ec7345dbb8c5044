//! A throw-away experiment folder with data in it.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
#![allow(dead_code, reason = "every test file uses a part of it")]

use regimen_base::Diagnostic;
use regimen_base::data::{Dataset, Format, Share, Source, Split, TextDocument, Tokenizer, TokenizerKind};
use regimen_data::{NoProgress, Outcome, Place, Prepared};
use std::fs;
use tempfile::TempDir;

/// The folder; it is removed with the value.
pub struct Bench {
    pub folder: TempDir,
    pub place: Place,
}

impl Bench {
    pub fn new(files: &[(&str, &str)]) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        let bench = Bench { folder, place };
        for (name, text) in files {
            bench.write(name, text.as_bytes());
        }
        bench
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.place.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn prepare(&self, tokenizer: &Tokenizer, dataset: &Dataset) -> Outcome<Prepared> {
        regimen_data::prepare(&self.place, tokenizer, Some(dataset), dataset, &mut NoProgress)
    }

    /// Everything that is wrong with preparing this dataset as bytes.
    pub fn faults(&self, dataset: &Dataset) -> Vec<Diagnostic> {
        self.prepare(&bytes(), dataset).err().unwrap_or_default()
    }
}

pub fn bytes() -> Tokenizer {
    Tokenizer { name: "words".to_string(), kind: TokenizerKind::Bytes }
}

pub fn chars() -> Tokenizer {
    Tokenizer { name: "words".to_string(), kind: TokenizerKind::Chars { train_on: "books".to_string() } }
}

pub fn bpe(vocab: u64) -> Tokenizer {
    let kind = TokenizerKind::Bpe { train_on: "books".to_string(), vocab, min_frequency: 2 };
    Tokenizer { name: "words".to_string(), kind }
}

pub fn hf(path: &str) -> Tokenizer {
    let kind = TokenizerKind::Hf { path: path.to_string(), end_of_text: None };
    Tokenizer { name: "words".to_string(), kind }
}

pub fn share(percent: u64) -> Share {
    Share { numerator: percent, denominator: 100 }
}

pub fn splits(parts: &[(&str, u64)]) -> Vec<Split> {
    parts.iter().map(|(name, percent)| Split { name: name.to_string(), share: share(*percent) }).collect()
}

pub fn text(pattern: &str, document: TextDocument) -> Dataset {
    dataset(pattern, Format::Text { document })
}

pub fn jsonl(pattern: &str, field: &str) -> Dataset {
    dataset(pattern, Format::Jsonl { field: field.to_string() })
}

/// A dataset that is one split.
pub fn dataset(pattern: &str, format: Format) -> Dataset {
    Dataset {
        name: "books".to_string(),
        sources: vec![Source {
            name: "books".to_string(),
            format,
            files: vec![pattern.to_string()],
            share: share(100),
            cleaning: Default::default(),
            division: None,
        }],
        clean: vec![],
        mixing: None,
        splits: splits(&[("train", 100)]),
        key: 1337,
        fold: None,
        ordered_by: None,
        near_duplicates: Default::default(),
    }
}

/// All tokens of a split.
pub fn tokens(prepared: &Prepared, split: &str) -> Vec<u32> {
    let file = prepared.split(split).unwrap();
    (0..file.tokens()).map(|i| file.get(i).unwrap()).collect()
}

/// The codes and titles, as a user would see them.
pub fn titles(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|d| format!("{} {}", d.code, d.title)).collect()
}
