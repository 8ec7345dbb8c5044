//! Recall and false positives of personal data, on the set of `tests/oracle/pii.py`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::cleaning::{Action, Pii, PiiKind, Step};
use regimen_data::NoProgress;
use regimen_data::clean::clean;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Least share of each kind that must be replaced, whole and nothing else: what docs/benchmarks.md says, rounded down.
const LEAST: [(&str, f64); 6] =
    [("email", 1.0), ("phone", 0.94), ("ip", 1.0), ("card", 1.0), ("national_id", 0.88), ("iban", 1.0)];

struct Row {
    kind: String,
    text: String,
    value: String,
}

fn rows() -> Vec<Row> {
    let plain = |text: &str| text.replace("\\n", "\n").replace("\\t", "\t");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        Row { kind: columns[0].into(), text: plain(columns[2]), value: columns[3].into() }
    };
    std::fs::read_to_string("tests/pii.tsv").unwrap().lines().map(row).collect()
}

#[test]
fn personal_data_of_the_set_are_found() {
    let rows = rows();
    let lines = rows.iter().fold(String::new(), |mut all, row| {
        let _ = writeln!(all, "{}", serde_json::json!({ "text": row.text }));
        all
    });
    let bench = Bench::new(&[("set.jsonl", &lines)]);
    let mut dataset = jsonl("set.jsonl", "text");
    let kinds = PiiKind::ALL.to_vec();
    dataset.sources[0].cleaning.steps = vec![Step::Pii(Pii { action: Action::Redact, kinds })];
    let cleaned = clean(&bench.place, &dataset, &mut NoProgress).unwrap();
    let texts: Vec<String> = cleaned.documents().map(|d| d.unwrap().text).collect();
    assert_eq!(texts.len(), rows.len());
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = vec![];
    let mut wrong = vec![];
    for (row, text) in rows.iter().zip(&texts) {
        if row.kind == "none" {
            if *text != row.text {
                wrong.push(text);
            }
            continue;
        }
        let expected = row.text.replace(&row.value, &format!("<{}>", row.kind.to_uppercase()));
        let (found, all) = counts.entry(&row.kind).or_default();
        *found += usize::from(*text == expected);
        *all += 1;
        if *text != expected {
            missed.push(format!("{}: {text}", row.kind));
        }
    }
    println!("{counts:?}\n{}", missed.join("\n"));
    assert!(wrong.is_empty(), "false positives: {wrong:?}");
    for (kind, least) in LEAST {
        let (found, all) = counts[kind];
        assert!(
            all >= 40 && found as f64 >= least * all as f64,
            "{kind}: {found} of {all}\n{}",
            missed.join("\n")
        );
    }
}
