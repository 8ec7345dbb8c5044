//! The way from files to batches on a small book of plays.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::TextDocument;
use regimen_data::{Evaluation, Stream, facts_if_cached};
use std::time::Instant;

fn plays() -> Bench {
    let play = |n: u64| {
        (0..200 + n)
            .map(|i| format!("KING {n}:\nLine {} of the play, my lord.\n\n", i * n))
            .collect::<String>()
    };
    let files: Vec<(String, String)> = (1..=12).map(|n| (format!("plays/{n:02}.txt"), play(n))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    Bench::new(&files)
}

#[test]
fn every_tokenizer_prepares_and_gives_the_text_back() {
    let bench = plays();
    let mut dataset = text("plays/*.txt", TextDocument::File);
    dataset.splits = splits(&[("train", 80), ("validation", 20)]);
    for tokenizer in [bytes(), chars(), bpe(400)] {
        let prepared = bench.prepare(&tokenizer, &dataset).unwrap();
        assert_eq!(prepared.warnings, []);
        let mut all = String::new();
        for split in ["train", "validation"] {
            let text = prepared.tokenizer.decode(&tokens(&prepared, split));
            all.push_str(&text);
        }
        let mut documents: Vec<&str> = all.split("<|endoftext|>").filter(|d| !d.is_empty()).collect();
        documents.sort_unstable();
        let mut expected: Vec<String> = (1..=12)
            .map(|n| std::fs::read_to_string(bench.place.root.join(format!("plays/{n:02}.txt"))).unwrap())
            .collect();
        expected.sort_unstable();
        assert_eq!(documents, expected, "{tokenizer:?}");
        let facts = &prepared.facts;
        assert_eq!(facts.splits.iter().map(|s| s.documents).sum::<u64>(), 12);
        assert_eq!(facts.splits[0].tokens, prepared.split("train").unwrap().tokens());
    }
}

#[test]
fn facts_are_known_after_preparing_and_told_quickly() {
    let bench = plays();
    let dataset = text("plays/*.txt", TextDocument::File);
    let tokenizer = bpe(400);
    let look = || facts_if_cached(&bench.place, &tokenizer, Some(&dataset), &dataset).unwrap();
    assert_eq!(look(), None);
    let prepared = bench.prepare(&tokenizer, &dataset).unwrap();
    let facts = look().unwrap();
    // The fastest of a few, since other tests run beside. An optimised build takes well under a millisecond;
    // a check has ten for everything.
    let once = |_| {
        let start = Instant::now();
        assert!(look().is_some());
        start.elapsed()
    };
    let fastest = (0..20).map(once).min().unwrap();
    assert!(fastest.as_millis() < 10, "{fastest:?}");
    assert_eq!(facts.dataset, prepared.facts);
    assert_eq!(facts.tokenizer, prepared.tokenizer_facts);
    assert_eq!(facts.tokenizer.vocab, 400);
}

#[test]
fn batches_come_from_the_tokens() {
    let bench = plays();
    let mut dataset = text("plays/*.txt", TextDocument::File);
    dataset.splits = splits(&[("train", 80), ("validation", 20)]);
    let prepared = bench.prepare(&chars(), &dataset).unwrap();
    let stream = Stream::new(prepared.split("train").unwrap().clone(), 32, Some(1)).unwrap();
    let (mut inputs, mut labels) = ([0; 32], [0; 32]);
    stream.sample(5, &mut inputs, &mut labels);
    assert_eq!(inputs[1..], labels[..31]);
    let evaluation = Evaluation::new(prepared.split("validation").unwrap().clone(), 32, 4).unwrap();
    assert_eq!(evaluation.batches(), ((prepared.facts.splits[1].tokens - 1) / 32).div_ceil(4));
}
