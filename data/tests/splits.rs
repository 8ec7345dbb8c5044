//! Splits: whole documents, equal ones together, whatever the files.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use proptest::prelude::*;
use regimen_base::cleaning::{Exact, Level, Step};
use regimen_base::data::{Dataset, Division, Fold, Format, NearDuplicates, Split, TextDocument};
use regimen_data::Outcome;
use regimen_data::split::{Fingerprint, Stratum, cut};
use std::collections::BTreeMap;

fn fingerprints(texts: &[String]) -> Vec<Fingerprint> {
    texts.iter().map(|t| Fingerprint::of(t)).collect()
}

/// The split of every document.
fn assign(name: &str, splits: &[Split], key: i64, documents: &[Fingerprint]) -> Outcome<Vec<u32>> {
    let folder = tempfile::tempdir().unwrap();
    let stratum = Stratum { name: name.into(), division: Division { splits: splits.to_vec(), fold: None } };
    let all = documents.iter().map(|document| Ok((*document, 0)));
    let cuts = cut(&[stratum], key, documents.len() as u64, all, folder.path())?;
    Ok(documents.iter().map(|document| cuts.split(&document.hash, 0).1).collect())
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

/// Texts of 40 words, and after every third one the same with another word at the end.
fn nearly_equal(count: usize) -> Vec<String> {
    let word = |i: usize| {
        ["storm", "river", "candle", "winter", "meadow", "thunder", "copper", "garden"][i * i % 8].to_string()
    };
    let text = |i: usize| {
        let words: Vec<String> = (0..40)
            .map(|at| format!("{}{}", word(at + i), char::from(b'a' + ((i * 7 + at * i) % 26) as u8)))
            .collect();
        format!("{} {}", char::from(b'a' + (i % 26) as u8), words.join(" "))
    };
    (0..count).flat_map(|i| [Some(text(i)), (i % 3 == 0).then(|| text(i) + " indeed")]).flatten().collect()
}

/// The lines of a split.
fn lines_of(prepared: &regimen_data::Prepared, split: &str) -> Vec<String> {
    let text = prepared.tokenizer.decode(&tokens(prepared, split));
    text.split("<|endoftext|>").filter(|line| !line.is_empty()).map(str::to_string).collect()
}

#[test]
fn near_duplicates_stay_together_with_any_number_of_threads() {
    let texts = nearly_equal(120);
    let mut dataset = text("a.txt", TextDocument::Line);
    dataset.splits = splits(&[("train", 50), ("validation", 50)]);
    let divided = |threads: usize, dataset: &Dataset| {
        let bench = Bench::new(&[("a.txt", &texts.join("\n"))]);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let prepared = pool.install(|| bench.prepare(&bytes(), dataset).unwrap());
        (lines_of(&prepared, "train"), lines_of(&prepared, "validation"))
    };
    let straddling = |(train, validation): &(Vec<String>, Vec<String>)| {
        let twin = |a: &[String], b: &[String]| {
            a.iter().filter(|line| b.contains(&format!("{line} indeed"))).count()
        };
        twin(train, validation) + twin(validation, train)
    };
    let one = divided(1, &dataset);
    assert_eq!(straddling(&one), 0);
    assert_eq!(one.0.len() + one.1.len(), texts.len(), "nothing is lost");
    assert!(one.0.len() > 50 && one.1.len() > 50, "{} and {}", one.0.len(), one.1.len());
    assert_eq!(divided(2, &dataset), one);
    assert_eq!(divided(8, &dataset), one);
    dataset.near_duplicates = NearDuplicates::Apart;
    assert!(straddling(&divided(2, &dataset)) > 5);
}

#[test]
fn folds_share_all_documents_but_those_of_other_parts() {
    let texts: Vec<String> = (0..200).map(|i| format!("document {i}")).collect();
    let bench = Bench::new(&[("a.txt", &texts.join("\n"))]);
    let mut dataset = text("a.txt", TextDocument::Line);
    dataset.splits = splits(&[("train", 60), ("test", 20), ("validation", 20)]);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut tests = vec![];
    for number in 1..=4 {
        dataset.fold = Some(Fold { number, of: 4 });
        let prepared = bench.prepare(&bytes(), &dataset).unwrap();
        let [train, test, validation] =
            ["train", "test", "validation"].map(|split| lines_of(&prepared, split));
        assert_eq!(train.len() + test.len() + validation.len(), 200);
        assert!((38..=42).contains(&validation.len()), "{}", validation.len());
        assert!(validation.iter().all(|line| !train.contains(line) && !test.contains(line)));
        validation.into_iter().for_each(|line| *seen.entry(line).or_default() += 1);
        tests.push(test);
    }
    assert!(tests.iter().all(|test| *test == tests[0]), "the part `test` is none of the folds' business");
    assert_eq!(seen.len() + tests[0].len(), 200);
    assert!(seen.values().all(|times| *times == 1), "each document validates once");
    dataset.fold = Some(Fold { number: 1, of: 300 });
    assert_eq!(bench.faults(&dataset)[0].code.0, "E0557");
}

/// Records with a text and a date: the later the number, the earlier the date.
fn dated(count: usize) -> Vec<(String, String)> {
    (0..count).map(|i| (format!("record {i}"), format!("20{:02}-01-01", 99 - i / 2))).collect()
}

#[test]
fn parts_follow_each_other_by_date_in_every_format() {
    let records = dated(60);
    let json: String =
        records.iter().map(|(text, date)| format!("{{\"date\": {date:?}, \"text\": {text:?}}}\n")).collect();
    let csv: String = "text,date\n"
        .chars()
        .chain(records.iter().flat_map(|(text, date)| format!("{text},{date}\n").chars().collect::<Vec<_>>()))
        .collect();
    let classes: String = records
        .iter()
        .zip(0..)
        .map(|((text, date), i)| {
            format!("{{\"date\": {date:?}, \"text\": {text:?}, \"label\": {}}}\n", i % 2)
        })
        .collect();
    let bench = Bench::new(&[("a.jsonl", &json), ("a.csv", &csv), ("b.jsonl", &classes)]);
    let labelled = Format::Labelled {
        text: "text".into(),
        label: "label".into(),
        delimiter: None,
        classes: vec![],
        stratified: false,
    };
    let csv = Format::Csv { field: "text".into(), delimiter: ',' };
    for mut data in [jsonl("a.jsonl", "text"), dataset("a.csv", csv), dataset("b.jsonl", labelled)] {
        data.ordered_by = Some("date".into());
        data.splits = splits(&[("train", 70), ("validation", 30)]);
        let prepared = bench.prepare(&bytes(), &data).unwrap();
        let facts = &prepared.facts.splits;
        assert_eq!(facts.iter().map(|s| s.documents).sum::<u64>(), 60);
        assert!((40..=44).contains(&facts[0].documents), "{facts:?}");
        // Two records share a date, so a part never ends between them; the earliest are the last of the file.
        assert!(facts[0].documents.is_multiple_of(2));
        let (train, validation) = (tokens(&prepared, "train"), tokens(&prepared, "validation"));
        let text = |tokens: &[u32]| prepared.tokenizer.decode(tokens);
        assert!(text(&train).contains("record 59") && !text(&train).contains("record 0"));
        assert!(text(&validation).contains("record 0") && text(&validation).contains("record 1"));
    }
}

#[test]
fn what_cleaning_leaves_keeps_its_date() {
    let json: String = dated(60)
        .iter()
        .map(|(text, date)| format!("{{\"date\": {date:?}, \"text\": {text:?}}}\n"))
        .chain(["{\"date\": \"2050-01-01\", \"text\": \"record 7\"}\n".to_string()])
        .collect();
    let bench = Bench::new(&[("a.jsonl", &json)]);
    let mut data = jsonl("a.jsonl", "text");
    data.ordered_by = Some("date".into());
    data.splits = splits(&[("train", 70), ("validation", 30)]);
    data.sources[0].cleaning.steps = vec![Step::Exact(Exact { level: Level::Document })];
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    assert_eq!(prepared.facts.splits.iter().map(|s| s.documents).sum::<u64>(), 60);
    assert!(lines_of(&prepared, "validation").contains(&"record 0".to_string()));
}

#[test]
fn later_copies_of_earlier_documents_are_in_no_part() {
    let mut lines: Vec<String> =
        (0..20).map(|i| format!("{{\"when\": {i}, \"text\": \"record {i}\"}}\n")).collect();
    lines.push("{\"when\": 30, \"text\": \"record 3\"}\n".into());
    let bench = Bench::new(&[("a.jsonl", &lines.concat())]);
    let mut data = jsonl("a.jsonl", "text");
    data.ordered_by = Some("when".into());
    data.splits = splits(&[("train", 70), ("validation", 30)]);
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    let facts = &prepared.facts.splits;
    assert_eq!((facts[0].left_out, facts[1].left_out), (0, 1));
    assert_eq!(facts[0].documents + facts[1].documents, 20);
    assert!(!lines_of(&prepared, "validation").contains(&"record 3".to_string()));
    assert!(lines_of(&prepared, "validation").contains(&"record 19".to_string()));
    let told = |text: &str| {
        let bench = Bench::new(&[("a.jsonl", text)]);
        titles(&bench.faults(&data))
    };
    let none = told("{\"text\": \"a\", \"when\": \"soon\"}\n");
    assert_eq!(none, ["E0577 `a.jsonl`, line 1: no date or number in field `when`"]);
    let mixed = told("{\"text\": \"a\", \"when\": 1}\n{\"text\": \"b\", \"when\": \"2024-01-01\"}\n");
    assert_eq!(mixed, ["E0577 `a.jsonl`, line 2: a date in field `when`, where records before have numbers"]);
    let same = told("{\"text\": \"a\", \"when\": 1}\n{\"text\": \"b\", \"when\": 1}\n");
    assert_eq!(same, ["E0557 the documents of `books` have 1 different date or number for 2 splits"]);
    let all = told("{\"text\": \"a\", \"when\": 1}\n{\"text\": \"a\", \"when\": 2}\n");
    assert_eq!(all, ["E0557 nothing is left for split `validation` of `books`"]);
}
