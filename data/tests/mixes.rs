//! Mixes: tokens of every source, divided without leakage between sources, drawn in the declared shares.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use proptest::prelude::*;
use regimen_base::data::{
    Dataset, Division, Mixing, NearDuplicates, Share, Source, SplitFacts, TextDocument, Weights,
};
use regimen_base::mixing::{Available, epoch, weights};
use regimen_data::{Mixed, NoProgress, Prepared, Stream, facts_if_cached};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// Lines of a word, a number, and the name of the source.
fn lines(name: &str, count: usize) -> String {
    (0..count).map(|i| format!("{name} {i} says {}\n", "so ".repeat(1 + (i * 7) % 5))).collect()
}

fn bench() -> Bench {
    Bench::new(&[
        ("web.txt", &lines("web", 400)),
        ("books.txt", &lines("books", 150)),
        ("code.txt", &lines("code", 60)),
    ])
}

/// A mix of lines of these files with these weights.
fn mix(parts: &[(&str, u64)], kind: Weights) -> Dataset {
    let source = |(name, weight): &(&str, u64)| {
        let alone = text(&format!("{name}.txt"), TextDocument::Line);
        Source { name: name.to_string(), share: share(*weight), ..alone.sources[0].clone() }
    };
    let mut mix = text("web.txt", TextDocument::Line);
    mix.sources = parts.iter().map(source).collect();
    mix.splits = splits(&[("train", 90), ("validation", 10)]);
    mix.mixing = Some(Mixing { weights: kind, temperature: 1.0 });
    // Numbers are all that tells these lines apart.
    mix.near_duplicates = NearDuplicates::Apart;
    mix
}

fn shares(parts: &[(&str, u64)]) -> Dataset {
    mix(parts, Weights::Shares)
}

fn texts_of(prepared: &Prepared, source: &str, split: &str) -> Vec<String> {
    let file = prepared.member(source).unwrap().split(split).unwrap();
    let bytes: Vec<u32> = (0..file.tokens()).map(|i| file.get(i).unwrap()).collect();
    let text = |words: &[u32]| String::from_utf8(words.iter().map(|b| *b as u8).collect()).unwrap();
    bytes.split(|token| *token == 256).map(text).filter(|text| !text.is_empty()).collect()
}

fn token_entries(bench: &Bench) -> BTreeMap<PathBuf, SystemTime> {
    let entries = fs::read_dir(bench.place.cache.join("tokens")).unwrap().map(|e| e.unwrap().path());
    let folders = entries.filter(|path| path.is_dir());
    folders
        .map(|path| (path.clone(), fs::metadata(path.join("manifest.json")).unwrap().modified().unwrap()))
        .collect()
}

fn streams(prepared: &Prepared, weights: &[u64], sequence: u64, key: Option<i64>) -> Mixed<Stream> {
    let one = |(member, weight): (&regimen_data::Member, &u64)| {
        (*weight, Stream::new(member.split("train").unwrap().clone(), sequence, key).unwrap())
    };
    Mixed::new(prepared.members.iter().zip(weights).map(one).collect(), key)
}

#[test]
fn every_source_has_its_own_tokens_and_its_share_of_every_part() {
    let bench = bench();
    let prepared = bench.prepare(&bytes(), &shares(&[("web", 60), ("books", 30), ("code", 10)])).unwrap();
    let [train, validation] = prepared.facts.splits.as_slice() else { panic!() };
    assert_eq!(train.documents + validation.documents, 610);
    for (member, lines) in validation.members.iter().zip([400.0, 150.0, 60.0]) {
        assert!((member.documents as f64 - lines / 10.0).abs() <= 2.0, "{member:?}");
        let texts = texts_of(&prepared, &member.name, "validation");
        assert_eq!(texts.len() as u64, member.documents);
        assert!(texts.iter().all(|text| text.starts_with(&member.name)));
    }
    let sum = |of: fn(&SplitFacts) -> u64| train.members.iter().map(of).sum::<u64>();
    assert_eq!((train.tokens, train.bytes), (sum(|m| m.tokens), sum(|m| m.bytes)));
    assert!(prepared.split("train").is_none(), "a mix has no single file");
}

#[test]
fn other_weights_need_no_tokens_again_and_another_source_only_its_own() {
    let bench = bench();
    let mix = shares(&[("web", 60), ("books", 40)]);
    let first = bench.prepare(&bytes(), &mix).unwrap();
    let before = token_entries(&bench);
    assert_eq!(before.len(), 2);
    let mut other = shares(&[("web", 10), ("books", 90)]);
    other.mixing = Some(Mixing { weights: Weights::Epochs, temperature: 3.0 });
    let known = facts_if_cached(&bench.place, &bytes(), None, &other).unwrap();
    assert_eq!(known.unwrap().dataset, first.facts, "known without reading anything");
    bench.prepare(&bytes(), &other).unwrap();
    assert_eq!(token_entries(&bench), before);
    let more = bench.prepare(&bytes(), &shares(&[("web", 50), ("books", 40), ("code", 10)])).unwrap();
    let after = token_entries(&bench);
    assert_eq!((after.len(), more.members.len()), (3, 3));
    assert!(before.iter().all(|(path, time)| after.get(path) == Some(time)));
    let mut renamed = mix.clone();
    renamed.sources[0].name = "pages".to_string();
    let known = facts_if_cached(&bench.place, &bytes(), None, &renamed).unwrap().unwrap().dataset;
    assert_eq!(known, bench.prepare(&bytes(), &renamed).unwrap().facts);
    assert_eq!((known.splits[0].members[0].name.as_str(), token_entries(&bench).len()), ("pages", 3));
    // What is damaged is made again, and said so.
    let victim = before.keys().next().unwrap();
    fs::write(victim.join("0.tokens"), b"short").unwrap();
    assert!(facts_if_cached(&bench.place, &bytes(), None, &mix).unwrap().is_none());
    let again = bench.prepare(&bytes(), &mix).unwrap();
    assert_eq!((again.facts, again.warnings.len()), (first.facts, 1));
}

#[test]
fn threads_change_nothing() {
    let mut seen = BTreeSet::new();
    for threads in [1, 2, 8] {
        let bench = bench();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mix = shares(&[("web", 60), ("books", 30), ("code", 10)]);
        let prepared = pool.install(|| bench.prepare(&bpe(300), &mix)).unwrap();
        let streams = streams(&prepared, &[6, 3, 1], 16, Some(5));
        let sample = |index| {
            let of = streams.of(index).unwrap();
            let (mut tokens, mut labels) = (vec![0; 16], vec![0; 16]);
            of.member.sample(of.index, &mut tokens, &mut labels);
            (of.place, tokens, labels)
        };
        seen.insert(((0..300).map(sample).collect::<Vec<_>>(), prepared.tokenizer_facts.content.clone()));
    }
    assert_eq!(seen.len(), 1);
}

#[test]
fn equal_and_nearly_equal_documents_of_two_sources_are_in_the_same_part() {
    let long = |i: usize| {
        format!("{} ghost walks the {} night and says nothing to any of the {} men", i * 3, i * 7, i * 11)
    };
    let web: String = (0..120).map(|i| long(i) + "\n").collect();
    // Equal ones, and some with one word more.
    let books: String = (0..120).map(|i| long(i) + if i % 2 == 0 { "\n" } else { " there\n" }).collect();
    let bench = Bench::new(&[("web.txt", &web), ("books.txt", &(books + &lines("books", 80)))]);
    let mut mix = shares(&[("web", 50), ("books", 50)]);
    mix.near_duplicates = NearDuplicates::Together;
    let prepared = bench.prepare(&bytes(), &mix).unwrap();
    let words = |text: &String| text.trim_end_matches(" there").to_string();
    let all = |split: &str| -> BTreeSet<String> {
        ["web", "books"]
            .iter()
            .flat_map(|source| texts_of(&prepared, source, split))
            .map(|t| words(&t))
            .collect()
    };
    let (train, validation) = (all("train"), all("validation"));
    assert_eq!(train.intersection(&validation).count(), 0);
    assert!(validation.len() >= 10, "{}", validation.len());
}

#[test]
fn a_source_with_parts_of_its_own_keeps_them() {
    let bench = bench();
    let mut mix = shares(&[("web", 50), ("books", 50)]);
    let own = splits(&[("train", 50), ("test", 50)]);
    mix.sources[0].division = Some(Division { splits: mix.splits.clone(), fold: None });
    mix.sources[1].division = Some(Division { splits: own.clone(), fold: None });
    mix.splits.extend(splits(&[("test", 50)]));
    let prepared = bench.prepare(&bytes(), &mix).unwrap();
    let documents = |split: usize, source: usize| prepared.facts.splits[split].members[source].documents;
    assert_eq!((documents(1, 1), documents(2, 0)), (0, 0), "neither source has the other's part");
    let mut alone = text("books.txt", TextDocument::Line);
    alone.splits = own;
    alone.near_duplicates = NearDuplicates::Apart;
    let alone = bench.prepare(&bytes(), &alone).unwrap();
    let of =
        |file: &regimen_data::TokenFile| (0..file.tokens()).map(|i| file.get(i).unwrap()).collect::<Vec<_>>();
    for split in ["train", "test"] {
        let mixed = prepared.member("books").unwrap().split(split).unwrap();
        assert_eq!(of(mixed), of(alone.split(split).unwrap()), "the same in the mix as alone");
    }
}

#[test]
fn steps_of_a_mix_are_made_before_it_is_divided() {
    use regimen_base::cleaning::{Exact, Level, Step};
    let bench = Bench::new(&[
        ("web.txt", &lines("web", 50)),
        ("books.txt", &(lines("web", 30) + &lines("books", 40))),
    ]);
    let mut mix = shares(&[("web", 50), ("books", 50)]);
    mix.clean = vec![Step::Exact(Exact { level: Level::Document })];
    let prepared = bench.prepare(&bytes(), &mix).unwrap();
    let all = |source: &str| {
        ["train", "validation"]
            .iter()
            .flat_map(|split| texts_of(&prepared, source, split))
            .collect::<Vec<_>>()
    };
    assert_eq!((all("web").len(), all("books").len()), (50, 40));
    assert!(all("books").iter().all(|text| text.starts_with("books")));
}

#[test]
fn a_tokenizer_learns_from_bytes_in_the_declared_shares() {
    let (a, b) = ("a ".repeat(20), "b ".repeat(20));
    let file = |word: &str, n: usize| (0..n).map(|i| format!("{word}{i}\n")).collect::<String>();
    let bench = Bench::new(&[("web.txt", &file(&a, 900)), ("books.txt", &file(&b, 100))]);
    let learned = |mix: &Dataset| bench.prepare(&bpe(280), mix).unwrap().tokenizer_facts.content;
    let even = learned(&shares(&[("web", 50), ("books", 50)]));
    // Ten per cent are the natural share: all text is learned from, as with one epoch of each.
    let natural = learned(&shares(&[("web", 90), ("books", 10)]));
    let epochs = learned(&mix(&[("web", 100), ("books", 100)], Weights::Epochs));
    assert_ne!(even, natural);
    assert_eq!(even, learned(&shares(&[("web", 50), ("books", 50)])));
    let joined = Bench::new(&[("all.txt", &(file(&a, 900) + &file(&b, 100)))]);
    let mut whole = text("all.txt", TextDocument::Line);
    whole.near_duplicates = NearDuplicates::Apart;
    let whole = joined.prepare(&bpe(280), &whole).unwrap().tokenizer_facts.content;
    let mut all = mix(&[("web", 100), ("books", 100)], Weights::Epochs);
    all.splits = splits(&[("train", 100)]);
    assert_eq!(learned(&all), whole);
    assert!(!epochs.is_empty());
}

#[test]
fn weights_follow_shares_epochs_and_temperature() {
    let has =
        |samples: &[u64]| samples.iter().map(|s| Available { samples: *s, tokens: 8.0 }).collect::<Vec<_>>();
    let mut two = shares(&[("web", 67), ("books", 33)]);
    assert_eq!(weights(&two, &has(&[10, 1000])), [67, 33]);
    assert_eq!(epoch(&two, &has(&[10, 1000])), 1010);
    // Samples of half as many tokens are drawn twice as often.
    let unlike = [Available { samples: 9, tokens: 4.0 }, Available { samples: 9, tokens: 8.0 }];
    let drawn = weights(&two, &unlike);
    assert!((drawn[0] as f64 / drawn[1] as f64 - 2.0 * 67.0 / 33.0).abs() < 1e-9);
    two.mixing = Some(Mixing { weights: Weights::Shares, temperature: 2.0 });
    let drawn = weights(&two, &has(&[10, 1000]));
    assert!((drawn[0] as f64 / drawn[1] as f64 - (67f64 / 33.0).sqrt()).abs() < 1e-9);
    let mut epochs = mix(&[("web", 100), ("books", 300)], Weights::Epochs);
    assert_eq!(weights(&epochs, &has(&[200, 10])), [20, 3]);
    assert_eq!(epoch(&epochs, &has(&[200, 10])), 230);
    epochs.sources[0].share = Share { numerator: 3, denominator: 2 };
    assert_eq!(epoch(&epochs, &has(&[200, 10])), 330);
}

#[test]
fn a_sample_of_each_source_predicts_the_mix() {
    let bench = bench();
    let mix = shares(&[("web", 60), ("books", 40)]);
    let predicted =
        regimen_data::predict(&bench.place, &bytes(), None, &mix, 0, &mut NoProgress).unwrap().unwrap();
    let exact = bench.prepare(&bytes(), &mix).unwrap().facts;
    let tokens =
        |facts: &regimen_base::data::DatasetFacts| -> u64 { facts.splits.iter().map(|s| s.tokens).sum() };
    let sampled = predicted.sampled.unwrap();
    assert!(sampled.low <= tokens(&exact) && tokens(&exact) <= sampled.high, "{sampled:?}");
    assert_eq!(predicted.splits[0].members.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    /// Whatever the weights: shares are met but for less than two samples at every moment, and every sequence of a source is seen once
    /// before any is seen twice.
    #[test]
    fn shares_are_met_and_sources_are_seen_whole(
        weights in prop::collection::vec(1u64..1000, 3),
        key: i64,
    ) {
        let bench = bench();
        let prepared = bench.prepare(&bytes(), &shares(&[("web", 60), ("books", 30), ("code", 10)])).unwrap();
        let streams = streams(&prepared, &weights, 32, Some(key));
        let whole: u64 = weights.iter().sum();
        let (mut drawn, mut seen) = ([0u64; 3], vec![BTreeSet::new(); 3]);
        for index in 0..600 {
            let of = streams.of(index).unwrap();
            prop_assert_eq!(of.index, drawn[of.place]);
            drawn[of.place] += 1;
            let samples = of.member.samples_per_epoch();
            let window = of.member.position(of.index) / 32;
            if of.index.is_multiple_of(samples) {
                seen[of.place].clear();
            }
            prop_assert!(seen[of.place].insert(of.member.position(of.index)), "window {window} twice");
            for (count, weight) in drawn.iter().zip(&weights) {
                let due = (index + 1) as f64 * *weight as f64 / whole as f64;
                prop_assert!((*count as f64 - due).abs() < 2.0);
            }
        }
    }
}
