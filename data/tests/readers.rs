//! What is found in files, and what is said about files that are wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::{Dataset, Format, TextDocument};
use regimen_data::{files, read};

/// The documents with their lines.
fn documents(bench: &Bench, dataset: &Dataset) -> Vec<(String, u64)> {
    let source = &dataset.sources[0];
    let files = files::find(&bench.place, &dataset.name, &source.files).unwrap();
    read::documents(&source.format, &files).map(|d| d.unwrap()).map(|d| (d.text, d.line)).collect()
}

fn owned(documents: &[(&str, u64)]) -> Vec<(String, u64)> {
    documents.iter().map(|(text, line)| (text.to_string(), *line)).collect()
}

const TEXT: &str = "\u{FEFF}one\r\ntwo\r\n \t\r\n\r\nthree\nfour\n\n";

#[test]
fn a_text_is_a_file_or_paragraphs_or_lines() {
    let bench = Bench::new(&[("a.txt", TEXT), ("empty.txt", ""), ("z.txt", "last")]);
    let found = |document| documents(&bench, &text("*.txt", document));
    let whole = TEXT.trim_start_matches('\u{FEFF}');
    assert_eq!(found(TextDocument::File), owned(&[(whole, 1), ("last", 1)]));
    let paragraphs = [("one\ntwo", 1), ("three\nfour", 5), ("last", 1)];
    assert_eq!(found(TextDocument::Paragraph), owned(&paragraphs));
    let lines = [("one", 1), ("two", 2), ("three", 5), ("four", 6), ("last", 1)];
    assert_eq!(found(TextDocument::Line), owned(&lines));
}

#[test]
fn a_jsonl_document_is_one_field() {
    let lines = "\u{FEFF}{\"id\": 1, \"text\": \"one\\n\\u00e9\", \"more\": {\"text\": [1, {}]}}\r\n\n{\"text\": \"\"}\n{\"text\":\"two\"}";
    let bench = Bench::new(&[("a.jsonl", lines)]);
    assert_eq!(documents(&bench, &jsonl("a.jsonl", "text")), owned(&[("one\né", 1), ("two", 4)]));
}

#[test]
fn broken_records_are_all_named_with_file_and_line() {
    let lines = "{\"text\": \"fine\"}\n{\"text\": \"cut\n[1]\n{\"body\": 1, \"title\": 2}\n{\"text\": 5}\n{\"text\": \"a\"} {}\n{\"text\": \"\\ud800\"}\nnull\n";
    let bench = Bench::new(&[("web/a.jsonl", lines)]);
    let faults = bench.faults(&jsonl("web/*.jsonl", "text"));
    assert_eq!(
        titles(&faults),
        [
            "E0554 `web/a.jsonl`, line 2: broken record",
            "E0554 `web/a.jsonl`, line 3: broken record",
            "E0555 `web/a.jsonl`, line 4: no text in field `text`",
            "E0555 `web/a.jsonl`, line 5: no text in field `text`",
            "E0554 `web/a.jsonl`, line 6: broken record",
            "E0554 `web/a.jsonl`, line 7: broken record",
            "E0554 `web/a.jsonl`, line 8: broken record",
        ]
    );
    assert_eq!(faults[2].notes, ["The record has `body`, `title`."]);
    assert_eq!(faults[3].notes, ["The field holds a number, not a string."]);
}

/// Most readers take the last of two equal keys, or the first of two equal columns, without a word.
#[test]
fn what_stands_twice_is_refused() {
    let twice = "{\"text\": \"one\", \"text\": \"two\"}\n{\"text\": \"x\", \"other\": 1, \"other\": 2}\n";
    let bench = Bench::new(&[
        ("a.jsonl", twice),
        ("a.csv", "id,text,text\n1,a,b\n"),
        ("b.csv", "id,id,text\n1,2,a\n"),
    ]);
    let faults = bench.faults(&jsonl("a.jsonl", "text"));
    assert_eq!(titles(&faults), ["E0554 `a.jsonl`, line 1: broken record"]);
    assert!(faults[0].notes[0].contains("the key `text` twice"), "{:?}", faults[0].notes);
    let csv = |pattern: &str| dataset(pattern, Format::Csv { field: "text".into(), delimiter: ',' });
    assert_eq!(titles(&bench.faults(&csv("a.csv"))), ["E0588 `a.csv` has two columns `text`"]);
    assert_eq!(documents(&bench, &csv("b.csv")), owned(&[("a", 2)]), "the other column is nobody's");
}

#[test]
fn very_deep_records_are_skipped_or_refused_without_harm() {
    let deep =
        format!("{{\"other\": {0}1{1}, \"text\": {0}1{1}}}\n", "[".repeat(200_000), "]".repeat(200_000));
    let bench = Bench::new(&[("a.jsonl", &deep)]);
    assert_eq!(titles(&bench.faults(&jsonl("a.jsonl", "text")))[0].get(..5), Some("E0554"));
}

#[test]
fn many_broken_records_are_not_all_reported() {
    let bench = Bench::new(&[("a.jsonl", &"{\n".repeat(1000))]);
    let told = bench.faults(&jsonl("a.jsonl", "text"));
    assert_eq!(told.len(), 1, "one cause is one message");
    assert_eq!(told[0].notes[1], "The same holds of at least 19 more.");
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    let bench = Bench::new(&[]);
    bench.write("a.txt", b"fine\nb\xE9d\n\nfine\n");
    for document in [TextDocument::File, TextDocument::Paragraph, TextDocument::Line] {
        let faults = bench.faults(&text("a.txt", document));
        assert_eq!(titles(&faults), ["E0553 `a.txt`, line 2: not UTF-8"], "{document:?}");
        assert_eq!(faults[0].notes, ["Byte 0xE9 at offset 6 of the file is not part of a UTF-8 character."]);
    }
}

#[test]
fn patterns_that_find_nothing_or_are_malformed_are_reported_together() {
    let bench = Bench::new(&[("a.txt", "text"), (".hidden.txt", "text")]);
    let mut dataset = text("b/*.txt", TextDocument::File);
    dataset.sources[0].files.extend(["a[.txt".to_string(), "a.txt".to_string(), "*idden.txt".to_string()]);
    let found = titles(&bench.faults(&dataset));
    assert_eq!(
        found,
        [
            "E0550 no file matches `b/*.txt`",
            "E0550 no file matches `*idden.txt`",
            "E0567 `a[.txt` is not a file pattern"
        ]
    );
}

#[test]
fn files_are_found_once_and_in_the_order_of_their_names() {
    let bench =
        Bench::new(&[("b/1.txt", "3"), ("a/2.txt", "2"), ("a/10.txt", "1"), ("a/deep/er/1.txt", "4")]);
    let mut dataset = text("b/*.txt", TextDocument::File);
    dataset.sources[0].files.extend(["a/*.txt".to_string(), "./*/1*.txt".to_string()]);
    let files = files::find(&bench.place, "books", &dataset.sources[0].files).unwrap();
    assert_eq!(files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a/10.txt", "a/2.txt", "b/1.txt"]);
    let deep = files::find(&bench.place, "books", &["**/*.txt".to_string()]).unwrap();
    assert_eq!(deep.len(), 4);
}

#[test]
fn brackets_in_the_root_are_only_a_name() {
    let bench = Bench::new(&[("run [1]/a.txt", "text")]);
    let place = regimen_data::Place::new(bench.place.root.join("run [1]"));
    assert_eq!(files::find(&place, "books", &["*.txt".to_string()]).unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_root_is_read_unless_allowed() {
    let outer = Bench::new(&[("secret.txt", "secret"), ("experiment/a.txt", "text")]);
    let root = outer.place.root.join("experiment");
    let mut place = regimen_data::Place::new(&root);
    std::os::unix::fs::symlink("../secret.txt", root.join("link.txt")).unwrap();
    let absolute = outer.place.root.join("secret.txt").display().to_string();
    for pattern in ["../secret.txt", "link.txt", "*.txt", absolute.as_str()] {
        let faults = files::find(&place, "books", &[pattern.to_string()]).unwrap_err();
        assert_eq!(faults[0].code.0, "E0551", "{pattern}");
    }
    place.outside = true;
    for pattern in ["../secret.txt", "link.txt", "*.txt", absolute.as_str()] {
        assert!(files::find(&place, "books", &[pattern.to_string()]).is_ok(), "{pattern}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_holds_itself_does_not_trap() {
    let bench = Bench::new(&[("a/1.txt", "text")]);
    std::os::unix::fs::symlink(".", bench.place.root.join("a/self")).unwrap();
    assert_eq!(files::find(&bench.place, "books", &["**/*.txt".to_string()]).unwrap().len(), 1);
}

#[test]
fn other_packings_are_refused_clearly() {
    let bench = Bench::new(&[("a.jsonl.bz2", "x"), ("b.jsonl.XZ", "x")]);
    let found = titles(&bench.faults(&jsonl("*.jsonl.*", "text")));
    assert_eq!(
        found,
        [
            "E0556 `a.jsonl.bz2` is packed in a way that is not read",
            "E0556 `b.jsonl.XZ` is packed in a way that is not read"
        ]
    );
}
