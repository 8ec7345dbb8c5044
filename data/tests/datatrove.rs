//! The published quality rules against datatrove's verdicts on 2,000 constructed documents, rule by rule
//! (`tests/oracle/cleaning.py` makes them).
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use flate2::read::GzDecoder;
use regimen_base::cleaning::*;
use regimen_data::NoProgress;
use regimen_data::clean::{Cleaned, clean};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// datatrove's names of its rules, and ours. `char_dup_ratio` is FineWeb's, `dup_line_char_frac` Gopher's: both count characters in
/// duplicate lines.
const RULES: &[(&str, &str)] = &[
    ("gopher_short_doc", "too few words"),
    ("gopher_long_doc", "too many words"),
    ("gopher_below_avg_threshold", "words too short"),
    ("gopher_above_avg_threshold", "words too long"),
    ("gopher_too_many_hashes", "too many hash signs"),
    ("gopher_too_many_ellipsis", "too many ellipses"),
    ("gopher_too_many_bullets", "too many bullets"),
    ("gopher_too_many_end_ellipsis", "too many lines cut off"),
    ("gopher_below_alpha_threshold", "too few words with letters"),
    ("gopher_enough_stop_words", "too few stop words"),
    ("dup_para_frac", "duplicate paragraphs"),
    ("dup_para_char_frac", "characters in duplicate paragraphs"),
    ("dup_line_frac", "duplicate lines"),
    ("dup_line_char_frac", "characters in duplicate lines"),
    ("top_2_gram", "top 2-gram"),
    ("top_3_gram", "top 3-gram"),
    ("top_4_gram", "top 4-gram"),
    ("duplicated_5_n_grams", "duplicate 5-grams"),
    ("duplicated_6_n_grams", "duplicate 6-grams"),
    ("duplicated_7_n_grams", "duplicate 7-grams"),
    ("duplicated_8_n_grams", "duplicate 8-grams"),
    ("duplicated_9_n_grams", "duplicate 9-grams"),
    ("duplicated_10_n_grams", "duplicate 10-grams"),
    ("too_few_sentences", "too few sentences"),
    ("lorem_ipsum", "lorem ipsum"),
    ("curly_bracket", "curly bracket"),
    ("empty", "nothing but white space"),
    ("line_punct_ratio", "too few lines that end"),
    ("short_line_ratio", "too many short lines"),
    ("char_dup_ratio", "characters in duplicate lines"),
    ("list_ratio", "too many line feeds"),
];

fn step(filter: &str) -> Step {
    match filter {
        "gopher" => Step::Gopher(Gopher {
            min_words: 50,
            max_words: 100_000,
            min_word_length: 3.0,
            max_word_length: 10.0,
            max_symbols: 0.1,
            max_bullet_lines: 0.9,
            max_ellipsis_lines: 0.3,
            min_alphabetic_words: 0.8,
            min_stop_words: 2,
        }),
        "gopher_repetition" => Step::GopherRepetition(GopherRepetition {
            duplicate_lines: 0.3,
            duplicate_paragraphs: 0.3,
            duplicate_line_characters: 0.2,
            duplicate_paragraph_characters: 0.2,
            top_n_grams: vec![0.2, 0.18, 0.16],
            duplicate_n_grams: vec![0.15, 0.14, 0.13, 0.12, 0.11, 0.1],
        }),
        "c4" => Step::C4(C4 {
            min_sentences: 5,
            min_words_per_line: 3,
            max_word_length: 1_000,
            terminal_punctuation: true,
            citations: true,
            javascript: true,
            policies: true,
            curly_brackets: true,
            lorem_ipsum: true,
        }),
        _ => Step::Fineweb(Fineweb {
            min_terminal_lines: 0.12,
            max_short_lines: 0.67,
            short_line: 30,
            max_duplicate_characters: 0.01,
            max_newlines: 0.3,
        }),
    }
}

/// Our verdict on the document of each line, in datatrove's words, and what is left of it.
fn ours(cleaned: &Cleaned, fineweb: bool) -> BTreeMap<u64, (String, String)> {
    let mut all = BTreeMap::new();
    for document in cleaned.documents() {
        let document = document.unwrap();
        all.insert(document.line, ("keep".to_string(), document.text));
    }
    for (_, line, rule) in cleaned.log().unwrap() {
        let named =
            |(theirs, ours): &&(&str, &str)| *ours == rule && (*theirs == "char_dup_ratio") <= fineweb;
        // FineWeb's rules stand last.
        let found = if fineweb { RULES.iter().rev().find(named) } else { RULES.iter().find(named) };
        let theirs = found.map_or(rule.as_str(), |(theirs, _)| theirs);
        all.insert(line, (theirs.to_string(), String::new()));
    }
    all
}

/// Lines on which the rules are known to differ, each with the reason.
const DIFFERENT: &[(&str, u64, &str)] = &[];

#[test]
fn the_same_rule_decides_on_every_document() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/cleaning/cleaning.jsonl.gz");
    let packed = std::fs::read(golden).unwrap();
    let mut text = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2_000);
    let bench = Bench::new(&[]);
    bench.write("cleaning.jsonl.gz", &packed);
    let mut wrong = vec![];
    for filter in ["gopher", "gopher_repetition", "c4", "fineweb"] {
        let mut dataset = jsonl("cleaning.jsonl.gz", "text");
        dataset.sources[0].cleaning.steps = vec![step(filter)];
        let cleaned = clean(&bench.place, &dataset, &mut NoProgress).unwrap();
        let ours = ours(&cleaned, filter == "fineweb");
        let mut used: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut all, mut agree) = (0u64, 0u64);
        for (line, row) in (1..).zip(&rows) {
            // An empty text is no document.
            if row["text"].as_str().unwrap().is_empty() {
                continue;
            }
            all += 1;
            let theirs = row[filter].as_str().unwrap();
            *used.entry(theirs).or_default() += 1;
            let (verdict, left) = &ours[&line];
            let hash = || regimen_data::cache::hex(&Sha256::digest(left.as_bytes())[..8]);
            let same_text = row["left"].as_str().filter(|_| filter == "c4").is_none_or(|left| left == hash());
            if verdict == theirs && same_text {
                agree += 1;
            } else if !DIFFERENT.iter().any(|(f, l, _)| (*f, *l) == (filter, line)) {
                wrong.push(format!("{filter}, line {line}: {theirs} there, {verdict} here"));
            }
        }
        println!("{filter}: {agree} of {all} agree, {used:?}");
        assert!(agree as f64 >= all as f64 * 0.99, "{filter}: only {agree} of {all}:\n{}", wrong.join("\n"));
        // Every rule was asked, and kept and dropped.
        let known = RULES.iter().filter(|(theirs, _)| used.contains_key(theirs)).count();
        let expected = [("gopher", 10), ("gopher_repetition", 13), ("c4", 3), ("fineweb", 5)];
        assert_eq!(Some(&(filter, known)), expected.iter().find(|(f, _)| *f == filter), "{used:?}");
    }
    assert!(wrong.is_empty(), "differences without a reason:\n{}", wrong.join("\n"));
}
