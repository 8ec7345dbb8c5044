//! Labelled records: classes and their numbers, parts, samples, and what is wrong with records.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::{Bench, bytes, dataset, splits};
use proptest::prelude::*;
use regimen_base::data::{Dataset, Format, Marks, RecordFacts};
use regimen_data::{Labelled, Prepared};
use std::collections::BTreeMap;

fn labelled(pattern: &str, delimiter: Option<char>, classes: &[&str], stratified: bool) -> Dataset {
    let classes = classes.iter().map(|c| c.to_string()).collect();
    let (text, label) = ("text".to_string(), "kind".to_string());
    dataset(pattern, Format::Labelled { text, label, delimiter, classes, stratified })
}

/// Records `{"text": "a0", "kind": "a"}` of these classes, one after another.
fn records(classes: &[&str]) -> String {
    let line = |(i, class): (usize, &&str)| format!("{{\"kind\": \"{class}\", \"text\": \"{class}{i}\"}}\n");
    classes.iter().enumerate().map(line).collect()
}

fn facts(prepared: &Prepared, split: &str) -> RecordFacts {
    prepared.facts.splits.iter().find(|s| s.name == split).unwrap().records.clone().unwrap()
}

fn open(prepared: &Prepared, split: &str, marks: Marks, shuffle: Option<i64>) -> Labelled {
    let (tokens, records) = (prepared.split(split).unwrap(), prepared.records(split).unwrap());
    Labelled::new(tokens.clone(), records, marks, shuffle).unwrap()
}

/// A sample as text, and its class.
fn sample(data: &Labelled, index: u64, sequence: usize) -> (Vec<i64>, usize, u32) {
    let mut tokens = vec![-1; sequence];
    let (length, class) = data.sample(index, &mut tokens);
    (tokens, length, class)
}

#[test]
fn classes_are_those_of_the_training_part_in_order_or_those_declared() {
    let bench = Bench::new(&[("x.jsonl", &records(&["b", "a", "c", "a"]))]);
    let found = bench.prepare(&bytes(), &labelled("x.jsonl", None, &[], false)).unwrap();
    let count = |name: &str, n| (name.to_string(), n);
    assert_eq!(facts(&found, "train").classes, [count("a", 2), count("b", 1), count("c", 1)]);
    assert_eq!(facts(&found, "train").lengths, [(2, 4)]);
    let declared = labelled("x.jsonl", None, &["c", "x", "b", "a"], false);
    let prepared = bench.prepare(&bytes(), &declared).unwrap();
    assert_eq!(
        facts(&prepared, "train").classes,
        [count("c", 1), count("x", 0), count("b", 1), count("a", 2)]
    );
    // Again, from the cache.
    let again = bench.prepare(&bytes(), &declared).unwrap();
    assert_eq!((again.facts, again.members[0].records.len()), (prepared.facts, 1));
}

#[test]
fn a_sample_is_its_text_between_marks_cut_or_filled_up() {
    let bench = Bench::new(&[(
        "x.jsonl",
        "{\"text\": \"abcdef\", \"kind\": 7}\n{\"text\": \"gh\", \"kind\": true}\n",
    )]);
    let prepared = bench.prepare(&bytes(), &labelled("x.jsonl", None, &[], false)).unwrap();
    let marks = Marks { begin: Some(1), end: Some(2), padding: Some(3) };
    let data = open(&prepared, "train", marks, None);
    let text = |s: &str| s.bytes().map(i64::from).collect::<Vec<_>>();
    assert_eq!(sample(&data, 0, 6), ([vec![1], text("abcd"), vec![2]].concat(), 6, 0));
    assert_eq!(sample(&data, 1, 6), ([vec![1], text("gh"), vec![2, 3, 3]].concat(), 4, 1));
    // The next epoch; without marks.
    let plain = open(&prepared, "train", Marks { padding: Some(9), ..Marks::default() }, None);
    assert_eq!(sample(&plain, 3, 3), ([text("gh"), vec![9]].concat(), 2, 1));
    assert_eq!(sample(&plain, 2, 3), (text("abc"), 3, 0));
}

#[test]
fn tables_are_read_too() {
    let bench = Bench::new(&[
        ("x.csv", "kind,text\nb,one\na,\"two, three\"\n"),
        ("x.tsv", "text\tkind\r\none\ta\r\ntwo\tb\r\n"),
    ]);
    for (file, delimiter) in [("x.csv", ','), ("x.tsv", '\t')] {
        let prepared = bench.prepare(&bytes(), &labelled(file, Some(delimiter), &[], false)).unwrap();
        let classes: Vec<(String, u64)> = facts(&prepared, "train").classes;
        assert_eq!(classes, [("a".to_string(), 1), ("b".to_string(), 1)], "{file}");
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let told = |text: &str, classes: &[&str]| {
        let bench = Bench::new(&[("x.jsonl", text)]);
        let faults = bench.faults(&labelled("x.jsonl", None, classes, false));
        faults.into_iter().map(|d| (d.code.0, d.title)).collect::<Vec<_>>()
    };
    let both = records(&["a", "b"]);
    let missing = told(&format!("{both}{{\"text\": \"x\"}}\n"), &[]);
    assert_eq!(missing, [("E0575", "`x.jsonl`, line 3: no class in field `kind`".to_string())]);
    let list = told(&format!("{both}{{\"text\": \"x\", \"kind\": [1]}}\n"), &[]);
    assert_eq!(list[0].0, "E0575");
    let unknown = told(&records(&["a", "b", "c"]), &["a", "b"]);
    assert_eq!(unknown, [("E0576", "`x.jsonl`, line 3: unknown class `c`".to_string())]);
    assert_eq!(told(&records(&["a", "a"]), &[])[0].0, "E0576");
    let bench = Bench::new(&[("x.csv", "kind,text\n,one\n")]);
    assert_eq!(bench.faults(&labelled("x.csv", Some(','), &[], false))[0].code.0, "E0575");
    let bench = Bench::new(&[("x.csv", "text\none\n")]);
    assert_eq!(bench.faults(&labelled("x.csv", Some(','), &[], false))[0].code.0, "E0588");
}

#[test]
fn a_class_that_only_validation_has_is_unknown_unless_parts_are_stratified() {
    // One record of `rare` among many: some key puts it into validation.
    let mut classes = ["a", "b"].repeat(20);
    classes.push("rare");
    let bench = Bench::new(&[("x.jsonl", &records(&classes))]);
    let told = (0..20).find_map(|key| {
        let mut dataset = labelled("x.jsonl", None, &[], false);
        (dataset.splits, dataset.key) = (splits(&[("train", 50), ("validation", 50)]), key);
        bench.prepare(&bytes(), &dataset).err()
    });
    let told = told.expect("the rare record is somewhere in validation");
    assert_eq!(told[0].title, "`x.jsonl`, line 41: unknown class `rare`");
    assert!(told[0].help.as_ref().unwrap().contains("stratified"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_record_is_in_one_part_and_every_class_in_each_share(counts in prop::collection::vec(20usize..60, 2..5), key: i64) {
        let names = ["a", "b", "c", "d"];
        let classes: Vec<&str> = counts.iter().zip(names).flat_map(|(n, name)| vec![name; *n]).collect();
        // Shares are of bytes: texts of one length make them shares of records.
        let line = |(i, class): (usize, &&str)| format!("{{\"kind\": \"{class}\", \"text\": \"{class}{i:03}\"}}\n");
        let bench = Bench::new(&[("x.jsonl", &classes.iter().enumerate().map(line).collect::<String>())]);
        let mut dataset = labelled("x.jsonl", None, &[], true);
        (dataset.splits, dataset.key) = (splits(&[("train", 80), ("validation", 20)]), key);
        let prepared = bench.prepare(&bytes(), &dataset).unwrap();
        let of = |split: &str| facts(&prepared, split).classes.into_iter().collect::<BTreeMap<_, _>>();
        let (train, validation) = (of("train"), of("validation"));
        for (n, name) in counts.iter().zip(names) {
            prop_assert_eq!(train[name] + validation[name], *n as u64);
            let wanted = *n as f64 * 0.2;
            prop_assert!((validation[name] as f64 - wanted).abs() <= 1.5, "{} of {n}", validation[name]);
        }
        // An epoch has every record once, with its class.
        let data = open(&prepared, "train", Marks::default(), Some(key));
        let mut seen = BTreeMap::new();
        for index in data.records()..2 * data.records() {
            let (tokens, length, class) = sample(&data, index, 8);
            prop_assert_eq!(tokens[0], i64::from(b'a') + i64::from(class));
            *seen.entry(tokens[..length].to_vec()).or_insert(0) += 1;
        }
        prop_assert_eq!(seen.len() as u64, data.records());
    }
}
