//! Pairs of texts: what lies where, and that nothing but the content tells those that follow from others.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

use proptest::prelude::*;
use regimen_base::schedule::PairForm;
use regimen_data::token_file::TokenWriter;
use regimen_data::tokenizer::{Bytes, edges};
use regimen_data::{Pair, Pairs, Row, TokenFile};
use std::collections::BTreeSet;

const FORM: PairForm =
    PairForm { begin: 259, end: 260, padding: 258, end_of_text: 256, fixed: false, key: 5 };

/// A file of these documents, as bytes.
fn file(documents: &[String]) -> TokenFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0.tokens");
    let mut writer = TokenWriter::create(&path, 257).unwrap();
    for document in documents {
        let tokens: Vec<u32> = document.bytes().map(u32::from).chain([256]).collect();
        writer.push(&tokens).unwrap();
    }
    writer.finish().unwrap();
    TokenFile::open("train", &path).unwrap()
}

/// Documents whose letters are their own: `a` of the first, `b` of the second, …
fn documents(lengths: &[usize]) -> Vec<String> {
    let own = |(i, length): (usize, &usize)| char::from(b'a' + (i % 26) as u8).to_string().repeat(*length);
    lengths.iter().enumerate().map(own).collect()
}

#[derive(Debug, PartialEq)]
struct Sample {
    pair: Pair,
    tokens: Vec<i64>,
    types: Vec<i64>,
    segments: Vec<i64>,
}

impl Sample {
    /// The two texts.
    fn texts(&self) -> [String; 2] {
        [0, 1].map(|kind| {
            let of_text = self.tokens.iter().zip(&self.types).take(self.pair.length);
            let own = of_text.filter(|(token, t)| **t == kind && **token < 256);
            own.map(|(token, _)| char::from(*token as u8)).collect()
        })
    }
}

fn sample(pairs: &Pairs, index: u64, sequence: usize) -> Sample {
    let [mut tokens, mut labels, mut segments, mut types] = [(); 4].map(|()| vec![-1; sequence]);
    let row = Row {
        tokens: &mut tokens,
        labels: &mut labels,
        segments: &mut segments,
        positions: &mut [],
        types: &mut types,
    };
    let pair = pairs.sample(index, row);
    assert!(labels.iter().all(|label| *label == -100));
    Sample { pair, tokens, types, segments }
}

fn open(documents: &[String], sequence: u64, form: PairForm) -> Pairs {
    Pairs::new(file(documents), sequence, Some(3), form, edges(&Bytes).into()).unwrap()
}

proptest! {
    #[test]
    fn marks_stand_where_they_belong_and_only_the_second_text_may_be_of_another_document(
        lengths in prop::collection::vec(2usize..60, 2..9), sequence in 5u64..40, index in 0u64..200,
    ) {
        prop_assume!(lengths.iter().sum::<usize>() > sequence as usize);
        let pairs = open(&documents(&lengths), sequence, FORM);
        let found = sample(&pairs, index, sequence as usize);
        let length = found.pair.length;
        prop_assert!(length >= 5 && length <= sequence as usize);
        prop_assert_eq!(found.tokens[0], 259);
        prop_assert_eq!(found.tokens[length - 1], 260);
        prop_assert_eq!(found.tokens.iter().filter(|t| **t == 260).count(), 2);
        prop_assert!(found.tokens[length..].iter().all(|t| *t == 258));
        prop_assert_eq!(&found.segments[..length], &vec![1; length][..]);
        prop_assert!(found.segments[length..].iter().chain(&found.types[length..]).all(|t| *t == 0));
        prop_assert!(found.types[..length].is_sorted());
        let [first, second] = found.texts();
        prop_assert!(!first.is_empty() && !second.is_empty());
        let letters = |text: &str| text.chars().collect::<BTreeSet<char>>();
        prop_assert_eq!(letters(&first).len(), 1);
        prop_assert_eq!(letters(&second).len(), 1);
        prop_assert_eq!(letters(&first) == letters(&second), found.pair.label == 0);
    }
}

#[test]
fn half_of_the_second_texts_are_of_other_documents_and_all_of_them_occur() {
    let documents = documents(&[30; 8]);
    let pairs = open(&documents, 20, FORM);
    let samples: Vec<Sample> = (0..4000).map(|index| sample(&pairs, index, 20)).collect();
    let others: Vec<&Sample> = samples.iter().filter(|s| s.pair.label == 1).collect();
    // 2,000 expected, standard deviation 32.
    assert!((1840..2160).contains(&others.len()), "{}", others.len());
    let from: BTreeSet<[Option<char>; 2]> =
        others.iter().map(|s| s.texts().map(|t| t.chars().next())).collect();
    assert_eq!(from.len(), 8 * 7, "every document beside every other");
    // Lengths do not tell the two kinds apart: each is drawn before it is known which.
    let mean = |label: i64| {
        let of: Vec<usize> =
            samples.iter().filter(|s| s.pair.label == label).map(|s| s.pair.length).collect();
        of.iter().sum::<usize>() as f64 / of.len() as f64
    };
    assert!((mean(0) - mean(1)).abs() < 0.5, "{} and {}", mean(0), mean(1));
}

#[test]
fn texts_begin_with_sentences_where_there_are_some_and_never_inside_a_word() {
    let sentence = |n: usize| format!("Word{n} follows word. ");
    let documents: Vec<String> = (0..6)
        .map(|d| (0..40).map(|n| sentence(d * 100 + n)).collect::<String>().trim_end().to_owned())
        .collect();
    let pairs = open(&documents, 80, FORM);
    for index in 0..300 {
        let [first, second] = sample(&pairs, index, 80).texts();
        // A byte-level sentence ends with the full stop; the space after it is the first of the next.
        assert!(
            first.trim_start().starts_with("Word") && second.trim_start().starts_with("Word"),
            "{first}|{second}"
        );
        assert!(first.ends_with('.'), "{first}");
    }
}

#[test]
fn a_sample_is_a_function_of_its_index_and_fixed_pairs_come_again_in_every_epoch() {
    let documents = documents(&[40, 50, 60]);
    let pairs = open(&documents, 16, FORM);
    assert_eq!(sample(&pairs, 17, 16), sample(&pairs, 17, 16));
    let epoch = |pairs: &Pairs, number: u64| -> Vec<Vec<i64>> {
        let samples = pairs.samples_per_epoch();
        let mut all: Vec<Vec<i64>> =
            (number * samples..(number + 1) * samples).map(|index| sample(pairs, index, 16).tokens).collect();
        all.sort();
        all
    };
    assert_ne!(epoch(&pairs, 0), epoch(&pairs, 1));
    let fixed = open(&documents, 16, PairForm { fixed: true, ..FORM });
    assert_eq!(epoch(&fixed, 0), epoch(&fixed, 1));
}

#[test]
fn one_document_is_refused() {
    let refused = |documents: &[String]| {
        Pairs::new(file(documents), 8, None, FORM, edges(&Bytes).into()).unwrap_err().code.0
    };
    assert_eq!(refused(&documents(&[40])), "E0599");
    assert_eq!(refused(&documents(&[40, 1, 0, 1])), "E0599");
    assert_eq!(refused(&documents(&[1, 1])), "E0558");
}
