//! Files that were damaged in one place: nothing panics, everything ends, and what lies elsewhere in the file is still read.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use flate2::write::GzEncoder;
use parquet::basic::{BrotliLevel, Compression, GzipLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use regimen_base::data::Format;
use regimen_data::files;
use regimen_data::read::documents;
use std::collections::BTreeSet;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// Damaged copies of each file.
const TURNS: u64 = 400;

/// Rows of a file, and of a row group of it.
const ROWS: usize = 200;
const GROUP: usize = 50;

fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 27)
}

fn row(number: usize) -> String {
    format!("document {number} says {} and no more", mixed(number as u64))
}

/// A damaged copy, and where it differs.
fn damaged(whole: &[u8], turn: u64) -> (Vec<u8>, Range<usize>) {
    let at = mixed(turn) as usize % whole.len();
    let byte = mixed(turn + 1_000_000) as u8;
    let mut bytes = whole.to_vec();
    match turn % 4 {
        0 => bytes[at] ^= 1 << (byte % 8),
        1 => bytes[at] = byte,
        2 => {
            let end = (at + 1 + byte as usize % 16).min(bytes.len());
            bytes[at..end].fill(if byte.is_multiple_of(2) { 0xFF } else { 0 });
            return (bytes, at..end);
        }
        _ => {
            bytes.truncate(at);
            return (bytes, at..whole.len());
        }
    }
    (bytes, at..at + 1)
}

/// The documents that are read of a file, and how many faults are told.
fn read(bench: &Bench, name: &str, format: &Format) -> (BTreeSet<String>, usize) {
    let files = files::find(&bench.place, "books", &[name.to_string()]).unwrap();
    let (mut texts, mut faults) = (BTreeSet::new(), 0);
    for document in documents(format, &files) {
        match document {
            Ok(document) => {
                texts.insert(document.text);
            }
            Err(fault) => {
                assert!(fault.title.contains(name), "{fault:?}");
                faults += 1;
            }
        }
        assert!(texts.len() + faults <= 4 * ROWS, "it does not end");
    }
    (texts, faults)
}

/// Reads every damaged copy of a file; `touched` names the rows that a damaged stretch may cost.
fn try_all(name: &str, format: &Format, whole: &[u8], touched: impl Fn(Range<usize>) -> Range<usize>) {
    let bench = Bench::new(&[]);
    bench.write(name, whole);
    assert_eq!(read(&bench, name, format), ((0..ROWS).map(row).collect(), 0), "{name}");
    for turn in 0..TURNS {
        let (bytes, at) = damaged(whole, turn);
        bench.write(name, &bytes);
        let (texts, _) = read(&bench, name, format);
        let may_go = touched(at.clone());
        let lost: Vec<usize> =
            (0..ROWS).filter(|n| !may_go.contains(n) && !texts.contains(&row(*n))).collect();
        assert!(lost.is_empty(), "{name}, turn {turn}, damaged at {at:?}: {lost:?} are lost");
    }
}

fn lines() -> Vec<u8> {
    (0..ROWS).flat_map(|n| format!("{{\"text\": \"{}\"}}\n", row(n)).into_bytes()).collect()
}

/// Rows that lie in a stretch of a file of lines, and the one after it, whose beginning may be gone.
fn rows_at(whole: &[u8], at: Range<usize>) -> Range<usize> {
    let row = |end: usize| whole[..end.min(whole.len())].iter().filter(|b| **b == b'\n').count();
    row(at.start)..row(at.end) + 1
}

#[test]
fn lines_of_json_that_are_whole_are_read() {
    let whole = lines();
    try_all("a.jsonl", &Format::Jsonl { field: "text".into() }, &whole, |at| rows_at(&whole, at));
}

#[test]
fn damaged_tables_and_packed_files_end_in_messages() {
    let all = |_: Range<usize>| 0..ROWS;
    let table: Vec<u8> = std::iter::once("text\n".to_string())
        .chain((0..ROWS).map(|n| format!("\"{}\"\n", row(n))))
        .flat_map(String::into_bytes)
        .collect();
    try_all("a.csv", &Format::Csv { field: "text".into(), delimiter: ',' }, &table, all);
    let format = Format::Jsonl { field: "text".into() };
    // Of each of several parts, those before the damaged one are read.
    let parts: Vec<Vec<u8>> = lines().chunks(lines().len() / 4 + 1).map(<[u8]>::to_vec).collect();
    let gz = |part: &Vec<u8>| {
        let mut out = GzEncoder::new(vec![], flate2::Compression::default());
        out.write_all(part).unwrap();
        out.finish().unwrap()
    };
    let zst = |part: &Vec<u8>| {
        ruzstd::encoding::compress_to_vec(part.as_slice(), ruzstd::encoding::CompressionLevel::Fastest)
    };
    for (name, packed) in [
        ("a.jsonl.gz", parts.iter().map(gz).collect::<Vec<_>>()),
        ("a.jsonl.zst", parts.iter().map(zst).collect()),
    ] {
        let ends: Vec<usize> = packed
            .iter()
            .scan(0, |end, p| {
                Some({
                    *end += p.len();
                    *end
                })
            })
            .collect();
        let unpacked: Vec<usize> = parts
            .iter()
            .scan(0, |end, p| {
                Some({
                    *end += p.len();
                    *end
                })
            })
            .collect();
        let whole = packed.concat();
        let plain = lines();
        try_all(name, &format, &whole, |at| {
            let part = ends.iter().filter(|end| **end <= at.start).count();
            let from = part.checked_sub(1).map_or(0, |before| unpacked[before]);
            rows_at(&plain, from..from).start..ROWS
        });
    }
}

/// A parquet file and where its row groups lie.
fn parquet(packing: Compression) -> (Vec<u8>, Vec<Range<usize>>) {
    let schema = Arc::new(parse_message_type("message m { required binary text (UTF8); }").unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(packing).build());
    let mut bytes = vec![];
    let mut groups = vec![];
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    for group in 0..ROWS / GROUP {
        let start = writer.bytes_written();
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> =
            (group * GROUP..(group + 1) * GROUP).map(|n| ByteArray::from(row(n).into_bytes())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        groups.push(start..writer.bytes_written());
    }
    writer.close().unwrap();
    (bytes, groups)
}

#[test]
fn row_groups_that_are_whole_are_read() {
    for packing in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
    ] {
        let (whole, groups) = parquet(packing);
        try_all("a.parquet", &Format::Parquet { field: "text".into() }, &whole, |at| {
            let hit = groups.iter().position(|g| g.contains(&at.start) && at.end <= g.end);
            // What lies at the end of the file says where everything is.
            hit.map_or(0..ROWS, |group| group * GROUP..(group + 1) * GROUP)
        });
    }
}
