//! The cache: right after every change, whole after every accident.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::{Dataset, TextDocument};
use regimen_data::{NoProgress, Prepared, Progress, facts_if_cached, tokenizer_facts_if_cached};
use std::fs;
use std::path::PathBuf;

fn books() -> Bench {
    Bench::new(&[("a.txt", "first line\nsecond line\nthird line\n"), ("b.txt", "fourth line\nfifth line\n")])
}

fn lines() -> Dataset {
    let mut dataset = text("*.txt", TextDocument::Line);
    dataset.splits = splits(&[("train", 60), ("validation", 40)]);
    dataset
}

/// Counts phases: a preparation from the cache has none.
#[derive(Default)]
struct Phases(Vec<String>);

impl Progress for Phases {
    fn begin(&mut self, phase: &str, _total: Option<u64>) {
        self.0.push(phase.to_string());
    }
    fn advance(&mut self, _amount: u64) {}
    fn finish(&mut self) {}
}

fn phases(bench: &Bench, dataset: &Dataset) -> Vec<String> {
    let mut phases = Phases::default();
    regimen_data::prepare(&bench.place, &chars(), Some(dataset), dataset, &mut phases).unwrap();
    phases.0
}

/// The files of this name or ending in the cache.
fn cached(bench: &Bench, ending: &str) -> Vec<PathBuf> {
    let kinds = fs::read_dir(&bench.place.cache).unwrap().map(|k| k.unwrap().path());
    let entries = kinds.flat_map(|k| fs::read_dir(k).unwrap()).map(|e| e.unwrap().path());
    let files = entries.flat_map(|e| {
        if e.is_dir() { fs::read_dir(e).unwrap().map(|f| f.unwrap().path()).collect() } else { vec![e] }
    });
    files.filter(|f| f.to_string_lossy().ends_with(ending)).collect()
}

fn all(prepared: &Prepared) -> Vec<Vec<u32>> {
    vec![tokens(prepared, "train"), tokens(prepared, "validation")]
}

#[test]
fn nothing_is_done_twice() {
    let bench = books();
    let dataset = lines();
    assert_eq!(
        phases(&bench, &dataset),
        ["reading files", "finding documents", "comparing documents", "training the tokenizer", "tokenising"]
    );
    assert_eq!(phases(&bench, &dataset), Vec::<String>::new());
    // Names do not matter.
    let mut renamed = dataset.clone();
    renamed.name = "novels".to_string();
    assert_eq!(phases(&bench, &renamed), Vec::<String>::new());
    // A split does, but the files need not be read for their contents again.
    renamed.splits = splits(&[("train", 50), ("validation", 50)]);
    assert_eq!(
        phases(&bench, &renamed),
        ["finding documents", "comparing documents", "training the tokenizer", "tokenising"]
    );
}

#[test]
fn a_change_of_content_is_noticed() {
    let bench = books();
    let dataset = lines();
    let before = bench.prepare(&bytes(), &dataset).unwrap();
    let look = || facts_if_cached(&bench.place, &bytes(), None, &dataset).unwrap();
    assert!(look().is_some());
    // Same length, so that only the times tell.
    bench.write("b.txt", b"fourth LINE\nfifth line\n");
    assert_eq!(look(), None);
    let after = bench.prepare(&bytes(), &dataset).unwrap();
    assert_ne!(before.facts.content, after.facts.content);
    assert_ne!(all(&before), all(&after));
    bench.write("b.txt", b"fourth line\nfifth line\n");
    let again = bench.prepare(&bytes(), &dataset).unwrap();
    assert_eq!(before.facts, again.facts);
    assert_eq!(all(&before), all(&again));
    bench.write("c.txt", b"a new file");
    assert_eq!(look(), None);
}

#[test]
fn damaged_and_missing_files_are_made_again_with_a_warning() {
    let dataset = lines();
    type Damage = fn(&PathBuf);
    let cut: Damage = |file| {
        let content = fs::read(file).unwrap();
        fs::write(file, &content[..content.len() - 3]).unwrap();
    };
    let flip: Damage = |file| {
        let mut content = fs::read(file).unwrap();
        let last = content.len() - 1;
        content[last] ^= 1;
        fs::write(file, content).unwrap();
    };
    let empty: Damage = |file| fs::write(file, "").unwrap();
    let remove: Damage = |file| fs::remove_file(file).unwrap();
    for ending in ["0.tokens", "1.tokens", "manifest.json", "tokenizer.json"] {
        for (name, damage) in [("cut", cut), ("flip", flip), ("empty", empty), ("remove", remove)] {
            let bench = books();
            let prepared = bench.prepare(&chars(), &dataset).unwrap();
            // Copied, and unmapped before the files are cut.
            let (before, facts) = (all(&prepared), prepared.tokenizer_facts.clone());
            drop(prepared);
            let files = cached(&bench, ending);
            assert!(!files.is_empty());
            files.iter().for_each(damage);
            let after = bench.prepare(&chars(), &dataset).unwrap();
            assert_eq!(before, all(&after), "{name} {ending}");
            assert_eq!(facts, after.tokenizer_facts);
            let codes: Vec<&str> = after.warnings.iter().map(|w| w.code.0).collect();
            assert_eq!(codes, vec!["E0563"; files.len()], "{name} {ending}");
            assert_eq!(bench.prepare(&chars(), &dataset).unwrap().warnings, []);
        }
    }
}

#[test]
fn a_damaged_index_of_contents_is_only_made_again() {
    let bench = books();
    let dataset = lines();
    let before = bench.prepare(&chars(), &dataset).unwrap();
    for folder in fs::read_dir(bench.place.cache.join("contents")).unwrap() {
        fs::write(folder.unwrap().path(), "{\"a.txt\": ").unwrap();
    }
    assert_eq!(facts_if_cached(&bench.place, &bytes(), None, &dataset).unwrap(), None);
    assert_eq!(bench.prepare(&chars(), &dataset).unwrap().facts, before.facts);
}

#[test]
fn preparing_at_once_from_many_sides_gives_one_result() {
    let bench = books();
    let dataset = lines();
    let results: Vec<_> = std::thread::scope(|scope| {
        let work = || bench.prepare(&chars(), &dataset).map(|p| (all(&p), p.facts, p.warnings));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
    });
    assert!(results.iter().all(|r| *r == results[0]));
    assert_eq!(results[0].2, []);
    assert_eq!(cached(&bench, ".tokens").len(), 2);
    let left: Vec<_> =
        cached(&bench, "").into_iter().filter(|f| f.to_string_lossy().contains("aside")).collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let bench = books();
    let dataset = lines();
    bench.prepare(&bytes(), &dataset).unwrap();
    let entry = cached(&bench, "0.tokens")[0].parent().unwrap().to_path_buf();
    let left = entry.with_file_name(format!("{}.aside-1-2-3", entry.file_name().unwrap().to_string_lossy()));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("0.tokens"), "half").unwrap();
    fs::remove_dir_all(&entry).unwrap();
    bench.prepare(&bytes(), &dataset).unwrap();
    assert!(!left.exists());
    assert!(entry.exists());
}

#[test]
fn a_cache_that_cannot_be_written_is_reported_and_nothing_is_left() {
    let bench = books();
    // A file where the folder should be: fails for every user, also for one who may write anywhere.
    fs::create_dir_all(&bench.place.cache).unwrap();
    fs::write(bench.place.cache.join("tokens"), "in the way").unwrap();
    let faults = bench.prepare(&bytes(), &lines()).unwrap_err();
    assert_eq!(faults[0].code.0, "E0564");
    fs::remove_file(bench.place.cache.join("tokens")).unwrap();
    assert!(bench.prepare(&bytes(), &lines()).is_ok());
}

#[test]
fn a_tokenizer_from_a_file_is_known_without_parsing_it() {
    let bench = books();
    let dataset = lines();
    let trained = bench.prepare(&bpe(300), &dataset).unwrap();
    assert_eq!(trained.warnings[0].code.0, "E0562");
    fs::create_dir(bench.place.root.join("words")).unwrap();
    regimen_data::tokenizer::save(trained.tokenizer.as_ref(), None, &bench.place.root.join("words")).unwrap();
    let look = || tokenizer_facts_if_cached(&bench.place, &hf("words"), None).unwrap();
    assert_eq!(look(), None);
    let read = bench.prepare(&hf("words"), &dataset).unwrap();
    assert_eq!(look(), Some(read.tokenizer_facts.clone()));
    assert_eq!(all(&read), all(&trained));
    let facts =
        regimen_data::facts(&bench.place, &hf("words/tokenizer.json"), None, &dataset, &mut NoProgress);
    assert_eq!(facts.unwrap().tokenizer.vocab, read.tokenizer_facts.vocab);
}

#[test]
fn tokens_that_the_tokenizer_does_not_know_are_counted() {
    let bench = Bench::new(&[("books.txt", "abcabc\n"), ("others.txt", "abxya\ncab\n")]);
    let (books, others) = (text("books.txt", TextDocument::Line), text("others.txt", TextDocument::Line));
    let found = regimen_data::facts(&bench.place, &chars(), Some(&books), &others, &mut NoProgress).unwrap();
    // `x` and `y` of eight characters; two ends of documents are tokens, too.
    let split = &found.dataset.splits[0];
    assert_eq!((split.unknown, split.tokens), (2, 10));
}
