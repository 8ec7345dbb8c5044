//! Tables and packed files: what was written is read; whatever is done to a file, nothing panics and no good record is lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::basic::Compression as Pages;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use regimen_base::data::{Dataset, Format, TextDocument};
use regimen_data::NoProgress;
use regimen_data::{files, read};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Write as _;
use std::sync::Arc;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A parquet file with a column of numbers and one of texts, in row groups of `rows`.
fn table(texts: &[Option<&str>], rows: usize, pages: Pages) -> Vec<u8> {
    let schema = Arc::new(
        parse_message_type("message m { REQUIRED INT64 id; OPTIONAL BYTE_ARRAY text (UTF8); }").unwrap(),
    );
    let properties = Arc::new(WriterProperties::builder().set_compression(pages).build());
    let mut writer = SerializedFileWriter::new(vec![], schema, properties).unwrap();
    for group in texts.chunks(rows.max(1)) {
        let mut groups = writer.next_row_group().unwrap();
        let mut ids = groups.next_column().unwrap().unwrap();
        let numbers: Vec<i64> = (0..group.len() as i64).collect();
        ids.typed::<parquet::data_type::Int64Type>().write_batch(&numbers, None, None).unwrap();
        ids.close().unwrap();
        let mut column = groups.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = group.iter().flatten().map(|text| ByteArray::from(*text)).collect();
        let levels: Vec<i16> = group.iter().map(|text| i16::from(text.is_some())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        groups.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn csv(pattern: &str) -> Dataset {
    dataset(pattern, Format::Csv { field: "text".into(), delimiter: ',' })
}

fn parquet(pattern: &str) -> Dataset {
    dataset(pattern, Format::Parquet { field: "text".into() })
}

/// Good documents with their lines, and the codes of the faults between them.
fn read_all(bench: &Bench, dataset: &Dataset) -> (Vec<(String, u64)>, Vec<String>) {
    let files = files::find(&bench.place, &dataset.name, &dataset.sources[0].files).unwrap();
    let (mut good, mut faults) = (vec![], vec![]);
    for document in read::documents(&dataset.sources[0].format, &files) {
        match document {
            Ok(document) => good.push((document.text, document.line)),
            Err(fault) => faults.push(fault.code.0.to_string()),
        }
        assert!(good.len() + faults.len() < 100_000, "it never ends");
    }
    (good, faults)
}

fn pairs(documents: &[(&str, u64)]) -> Vec<(String, u64)> {
    documents.iter().map(|(text, line)| (text.to_string(), *line)).collect()
}

#[test]
fn files_packed_in_any_number_of_parts_are_read() {
    let bench = Bench::new(&[]);
    bench.write("a.jsonl.gz", &[gzip(b"{\"text\": \"one\"}\n"), gzip(b"{\"text\": \"two\"}\n")].concat());
    let skipped = [&0x184D_2A50u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"meta"].concat();
    bench.write(
        "b.jsonl.zst",
        &[zstd(b"{\"text\": \"three\"}\n"), skipped, zstd(b"{\"text\": \"four\"}")].concat(),
    );
    let (good, faults) = read_all(&bench, &jsonl("*.jsonl.*", "text"));
    assert_eq!((good, faults), (pairs(&[("one", 1), ("two", 2), ("three", 1), ("four", 2)]), vec![]));
    bench.write("whole.txt.GZ", &gzip("ganz\n".as_bytes()));
    assert_eq!(read_all(&bench, &text("*.txt.GZ", TextDocument::File)).0, pairs(&[("ganz\n", 1)]));
}

#[test]
fn tables_are_read_with_quotes_and_line_breaks() {
    let bench = Bench::new(&[(
        "a.csv",
        "\u{FEFF}id,text\r\n1,\"one, \"\"two\"\"\nthree\"\r\n2,\r\n3,four\r\n4\r\n5,five\r\n",
    )]);
    let (good, faults) = read_all(&bench, &csv("a.csv"));
    assert_eq!(good, pairs(&[("one, \"two\"\nthree", 2), ("four", 5), ("five", 7)]));
    assert_eq!(faults, ["E0581"]);
    let tabs = dataset("b.tsv.gz", Format::Csv { field: "text".into(), delimiter: '\t' });
    bench.write("b.tsv.gz", &gzip(b"text\tid\nx\t1\n"));
    assert_eq!(read_all(&bench, &tabs).0, pairs(&[("x", 2)]));
    bench.write("c.csv", b"title\nx\n");
    assert_eq!(titles(&bench.faults(&csv("c.csv"))), ["E0588 `c.csv` has no column of text `text`"]);
    bench.write("d.csv", b"text\nok\n\xff\xfe\nfine\n");
    assert_eq!(
        read_all(&bench, &csv("d.csv")),
        (pairs(&[("ok", 2), ("fine", 4)]), vec!["E0553".to_string()])
    );
}

#[test]
fn a_quote_that_is_never_closed_loses_no_record_silently() {
    let bench = Bench::new(&[
        ("open.csv", "text\na\n\"b\nc\nd\n"),
        ("open_at_once.csv", "text\na\n\"b\nc"),
        ("closed.csv", "text\na\n\"b\nc\"\n"),
        ("closed_at_once.csv", "text\na\n\"b\n\""),
    ]);
    for (name, good) in
        [("open.csv", 1), ("open_at_once.csv", 1), ("closed.csv", 2), ("closed_at_once.csv", 2)]
    {
        let (documents, faults) = read_all(&bench, &csv(name));
        assert_eq!(documents.len(), good, "{name}");
        assert_eq!(faults, ["E0589"][..2 - good], "{name}");
    }
}

#[test]
fn parquet_is_read_whatever_packs_its_pages() {
    let texts = [Some("one"), None, Some(""), Some("zwei ä"), Some("three")];
    let expected = pairs(&[("one", 1), ("zwei ä", 4), ("three", 5)]);
    for pages in [Pages::UNCOMPRESSED, Pages::SNAPPY, Pages::GZIP(Default::default()), Pages::LZ4_RAW] {
        let bench = Bench::new(&[]);
        bench.write("a.parquet", &table(&texts, 2, pages));
        bench.write("b.parquet.gz", &gzip(&table(&texts, 5, pages)));
        assert_eq!(read_all(&bench, &parquet("a.parquet")), (expected.clone(), vec![]), "{pages:?}");
        assert_eq!(read_all(&bench, &parquet("b.parquet.gz")).0, expected);
    }
    let bench = Bench::new(&[("x.parquet", "no table")]);
    assert_eq!(titles(&bench.faults(&parquet("x.parquet"))), ["E0582 `x.parquet` cannot be read as parquet"]);
    bench.write("y.parquet", &table(&texts, 2, Pages::SNAPPY));
    let numbers = dataset("y.parquet", Format::Parquet { field: "id".into() });
    assert_eq!(bench.faults(&numbers)[0].code.0, "E0588");
}

#[test]
fn the_first_record_is_looked_at_before_anything_runs() {
    let bench = Bench::new(&[("a.jsonl", "{\"body\": \"x\"}\n{\"text\": \"y\"}\n"), ("b.csv", "body\nx\n")]);
    for (dataset, code) in [(jsonl("a.jsonl", "text"), "E0555"), (csv("b.csv"), "E0588")] {
        let wrong = regimen_data::facts_if_cached(&bench.place, &bytes(), None, &dataset).unwrap_err();
        assert_eq!(wrong[0].code.0, code);
    }
    // Also where the files are known already, by another field.
    let dataset = |field| jsonl("a.jsonl", field);
    regimen_data::facts(&bench.place, &bytes(), None, &dataset("body"), &mut NoProgress).unwrap_err();
    bench.write("a.jsonl", b"{\"body\": \"x\"}\n{\"body\": \"y\"}\n");
    regimen_data::facts(&bench.place, &bytes(), None, &dataset("body"), &mut NoProgress).unwrap();
    let wrong = regimen_data::facts_if_cached(&bench.place, &bytes(), None, &dataset("text")).unwrap_err();
    assert_eq!(wrong[0].code.0, "E0555");
}

/// Words without what would need quotes or escapes.
fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-zäß ]{1,30}", 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Broken lines among good ones: all good ones come, with their lines, and each broken one is told once.
    #[test]
    fn no_good_record_is_lost_among_broken_ones(good in texts(), broken in proptest::collection::vec((0usize..30, 0usize..4), 0..8)) {
        let mut lines: Vec<(Vec<u8>, bool)> =
            good.iter().map(|text| (format!("{{\"text\": \"{text}\"}}").into_bytes(), true)).collect();
        let wrecks: [&[u8]; 4] = [b"{\"text\": \"cut", b"\xff\xfe", b"[]", b"{\"text\": 1}"];
        for (at, kind) in &broken {
            lines.insert(at % (lines.len() + 1), (wrecks[*kind].to_vec(), false));
        }
        let whole = lines.iter().map(|(line, _)| line.as_slice()).collect::<Vec<_>>().join(&b'\n');
        for (name, bytes) in [("a.jsonl", whole.clone()), ("a.jsonl.gz", gzip(&whole)), ("a.jsonl.zst", zstd(&whole))] {
            let bench = Bench::new(&[]);
            bench.write(name, &bytes);
            let (found, faults) = read_all(&bench, &jsonl(name, "text"));
            let expected: Vec<u64> = (1..).zip(&lines).filter(|(_, (_, good))| *good).map(|(line, _)| line).collect();
            prop_assert_eq!(found.iter().map(|(_, line)| *line).collect::<Vec<_>>(), expected);
            prop_assert_eq!(faults.len(), broken.len());
        }
    }

    /// A file that is cut off gives the records before the cut, whatever its format.
    #[test]
    fn a_cut_file_gives_what_stands_before_the_cut(good in texts(), at in 0.0..1.0f64) {
        let whole: String = good.iter().map(|text| format!("{{\"text\": \"{text}\"}}\n")).collect();
        for (name, bytes) in [("a.jsonl", whole.clone().into_bytes()), ("a.jsonl.gz", gzip(whole.as_bytes())), ("a.jsonl.zst", zstd(whole.as_bytes()))] {
            let bench = Bench::new(&[]);
            bench.write(name, &bytes[..(bytes.len() as f64 * at) as usize]);
            let (found, _) = read_all(&bench, &jsonl(name, "text"));
            prop_assert!(found.iter().map(|(text, _)| text).eq(good.iter().take(found.len())));
        }
    }

    /// Any bytes, and any damage to a good file, end in documents or messages.
    #[test]
    fn damage_never_panics(good in texts(), damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6), noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let csv_text: String = std::iter::once("text\n".to_string()).chain(good.iter().map(|t| format!("\"{t}\"\n"))).collect();
        let rows: Vec<Option<&str>> = good.iter().map(|t| Some(t.as_str())).collect();
        let all: [(&str, Vec<u8>, Dataset); 5] = [
            ("a.csv", csv_text.clone().into_bytes(), csv("a.csv")),
            ("b.csv.gz", gzip(csv_text.as_bytes()), csv("b.csv.gz")),
            ("c.csv.zst", zstd(csv_text.as_bytes()), csv("c.csv.zst")),
            ("d.parquet", table(&rows, 7, Pages::SNAPPY), parquet("d.parquet")),
            ("e.parquet", table(&rows, 7, Pages::UNCOMPRESSED), parquet("e.parquet")),
        ];
        for (name, mut bytes, dataset) in all {
            let bench = Bench::new(&[]);
            bench.write(name, &noise);
            read_all(&bench, &dataset);
            for (at, value) in &damage {
                let at = *at as usize % bytes.len();
                bytes[at] = *value;
            }
            bench.write(name, &bytes);
            read_all(&bench, &dataset);
        }
    }

    /// What is written into a table is read from it.
    #[test]
    fn tables_keep_every_text(texts in proptest::collection::vec("\\PC{1,40}", 1..20), rows in 1usize..9) {
        let bench = Bench::new(&[]);
        let some: Vec<Option<&str>> = texts.iter().map(|t| Some(t.as_str())).collect();
        bench.write("a.parquet", &table(&some, rows, Pages::SNAPPY));
        let mut quoted = String::from("id,text\n");
        texts.iter().for_each(|text| quoted.push_str(&format!("1,\"{}\"\n", text.replace('"', "\"\""))));
        bench.write("a.csv", quoted.as_bytes());
        for dataset in [parquet("a.parquet"), csv("a.csv")] {
            let (found, faults) = read_all(&bench, &dataset);
            prop_assert_eq!(found.into_iter().map(|(text, _)| text).collect::<Vec<_>>(), texts.clone());
            prop_assert!(faults.is_empty());
        }
    }
}

#[test]
fn a_column_of_numbers_orders_the_records_of_a_parquet_file() {
    let texts = [Some("one"), Some("two"), None, Some("three"), Some("four"), Some("five")];
    let bench = Bench::new(&[]);
    bench.write("a.parquet", &table(&texts, 6, Pages::SNAPPY));
    let mut data = parquet("a.parquet");
    data.ordered_by = Some("id".into());
    data.splits = splits(&[("train", 60), ("validation", 40)]);
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    let text = |split: &str| prepared.tokenizer.decode(&tokens(&prepared, split));
    assert_eq!(text("train"), "one<|endoftext|>two<|endoftext|>three<|endoftext|>");
    assert_eq!(text("validation"), "four<|endoftext|>five<|endoftext|>");
    data.ordered_by = Some("day".into());
    assert_eq!(bench.faults(&data)[0].code.0, "E0588");
    // The column of texts holds no dates.
    data.ordered_by = Some("text".into());
    assert_eq!(bench.faults(&data)[0].code.0, "E0577");
}
