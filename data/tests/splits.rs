//! Splits: whole documents, equal ones together, whatever the files.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use proptest::prelude::*;
use regimen_base::data::TextDocument;
use regimen_data::split::{Fingerprint, assign};
use std::collections::BTreeMap;

fn fingerprints(texts: &[String]) -> Vec<Fingerprint> {
    texts.iter().map(|t| Fingerprint::of(t)).collect()
}

proptest! {
    #[test]
    fn equal_documents_stay_together_and_shares_are_met(
        texts in prop::collection::vec("[ab]{1,4}|[a-z]{5,80}", 1..120),
        first in 1u64..99, second in 0u64..99, key: i64
    ) {
        let second = second.min(100 - first);
        let parts = [("train", first), ("validation", second), ("test", 100 - first - second)];
        let parts = splits(&parts);
        let documents = fingerprints(&texts);
        let mut copies: BTreeMap<&str, u64> = BTreeMap::new();
        for text in &texts {
            *copies.entry(text).or_default() += text.len() as u64;
        }
        let assigned = match assign("books", &parts, key, &documents) {
            Ok(assigned) => assigned,
            Err(faults) => {
                prop_assert!(copies.len() < 3);
                prop_assert_eq!(faults[0].code.0, "E0557");
                return Ok(());
            }
        };
        let mut place: BTreeMap<&str, u32> = BTreeMap::new();
        let mut bytes = [0u64; 3];
        for (text, split) in texts.iter().zip(&assigned) {
            prop_assert_eq!(*place.entry(text).or_insert(*split), *split, "a document in two splits");
            bytes[*split as usize] += text.len() as u64;
        }
        prop_assert!(bytes.iter().all(|b| *b > 0), "an empty split: {:?}", bytes);
        // No cut is further from its share than the largest document (with its copies), unless a
        // split would be empty.
        let largest = *copies.values().max().unwrap();
        let total: u64 = bytes.iter().sum();
        for (index, (part, bytes)) in parts.iter().zip(bytes).enumerate() {
            let off = (bytes as f64 - part.share.as_f64() * total as f64).abs();
            prop_assert!(off <= 3.0 * largest as f64, "split {index} is {off} bytes off");
        }
    }

    #[test]
    fn neither_order_nor_names_matter(texts in prop::collection::vec("[a-z]{1,20}", 4..60), key: i64) {
        let parts = splits(&[("train", 70), ("validation", 30)]);
        let mut reversed = texts.clone();
        reversed.reverse();
        if let Ok(assigned) = assign("books", &parts, key, &fingerprints(&texts)) {
            let mut other = assign("novels", &parts, key, &fingerprints(&reversed)).unwrap();
            other.reverse();
            prop_assert_eq!(assigned, other);
        }
    }
}

#[test]
fn other_keys_give_other_splits() {
    let texts: Vec<String> = (0..100).map(|i| format!("document {i}")).collect();
    let parts = splits(&[("train", 50), ("validation", 50)]);
    let with = |key| assign("books", &parts, key, &fingerprints(&texts)).unwrap();
    assert_ne!(with(1), with(2));
    assert_eq!(with(1), with(1));
}

#[test]
fn many_documents_meet_the_shares_closely() {
    let texts: Vec<String> = (0..10_000).map(|i| format!("document number {i}")).collect();
    let parts = splits(&[("train", 90), ("validation", 7), ("test", 3)]);
    let assigned = assign("books", &parts, 3, &fingerprints(&texts)).unwrap();
    let count = |split| assigned.iter().filter(|s| **s == split).count() as f64;
    assert!(
        (count(0) - 9000.0).abs() < 10.0
            && (count(1) - 700.0).abs() < 10.0
            && (count(2) - 300.0).abs() < 10.0
    );
}

#[test]
fn how_documents_are_spread_over_files_does_not_matter() {
    let lines: Vec<String> = (0..60).map(|i| format!("line {}", i % 50)).collect();
    let one = Bench::new(&[("a.txt", &lines.join("\n"))]);
    let two = Bench::new(&[("b.txt", &lines[..20].join("\n")), ("a.txt", &lines[20..].join("\n"))]);
    let mut dataset = text("*.txt", TextDocument::Line);
    dataset.splits = splits(&[("train", 80), ("validation", 20)]);
    let validation = |bench: &Bench| {
        let prepared = bench.prepare(&bytes(), &dataset).unwrap();
        let text = prepared.tokenizer.decode(&tokens(&prepared, "validation"));
        let mut lines: Vec<String> = text.split("<|endoftext|>").map(str::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(validation(&one), validation(&two));
    assert!(validation(&one).len() > 5);
}

#[test]
fn too_few_documents_are_reported() {
    let bench = Bench::new(&[("a.txt", "same"), ("b.txt", "same"), ("c.txt", "")]);
    let mut dataset = text("*.txt", TextDocument::File);
    dataset.splits = splits(&[("train", 90), ("validation", 10)]);
    assert_eq!(titles(&bench.faults(&dataset)), ["E0557 `books` has 1 different document for 2 splits"]);
}

#[test]
fn a_tokenizer_needs_a_training_split_and_sees_no_other() {
    let bench = Bench::new(&[("a.txt", "abc\nabd\nxyz\nabe\nabf")]);
    let mut dataset = text("a.txt", TextDocument::Line);
    dataset.splits = splits(&[("train", 60), ("validation", 40)]);
    let prepared = bench.prepare(&chars(), &dataset).unwrap();
    let train: std::collections::BTreeSet<u32> = tokens(&prepared, "train").into_iter().collect();
    // Every character of the alphabet is one of the training split; unknown and end of text come on top.
    assert_eq!(prepared.tokenizer_facts.vocab as usize, train.len() - 1 + 2);
    dataset.splits[0].name = "training".to_string();
    let faults = bench.prepare(&chars(), &dataset).unwrap_err();
    assert_eq!(faults[0].code.0, "E0570");
}
