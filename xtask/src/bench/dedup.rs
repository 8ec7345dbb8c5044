//! Deduplication of more text than fits in memory: constructed documents, exact and near duplicates planted among them, and how much memory
//! `regimen data` takes for them at its highest point.

use super::processes::peak_of;
use crate::tools::{regimen, root};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

/// Bytes of text, unless others are asked for.
const BYTES: u64 = 5_000_000_000;

/// Most memory, in megabytes.
const MEMORY: f64 = 2_000.0;

/// Bytes of one file.
const FILE: u64 = 250_000_000;

const EXPERIMENT: &str =
    "data web : text { files = \"*.txt\", document = line, clean = [exact {}, minhash {}] }\n";

/// Of every ten documents, the last is a copy of an earlier one and the one before it nearly so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    New,
    Near,
    Copy,
}

/// Makes the documents, deduplicates them, and prints what it took; fails if the memory is exceeded or planted copies are not found.
pub fn run(bytes: Option<&str>) -> Result<(), String> {
    let bytes = match bytes {
        Some(text) => {
            text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a number of bytes"))?
        }
        None => BYTES,
    };
    let regimen = regimen(false)?;
    let folder = root().join("target/bench-dedup");
    let failed = |e: std::io::Error| format!("cannot write to {}: {e}", folder.display());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    let (all, near, copies) = documents(&folder, bytes).map_err(failed)?;
    fs::write(folder.join("dedup.exp"), EXPERIMENT).map_err(failed)?;
    let began = Instant::now();
    let (megabytes, report) = peak_of(&regimen, &folder, &["data", "dedup.exp", "web", "--format", "json"])?;
    let seconds = began.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_str(&report).map_err(|e| format!("{e}: {report}"))?;
    let gone = |step: usize| {
        let step = &report[0]["steps"][step];
        step["before"]["documents"].as_u64().unwrap_or(0) - step["after"]["documents"].as_u64().unwrap_or(0)
    };
    println!(
        "{all} documents, {:.2} GB: {seconds:.0} s, {:.1} MB/s; memory at the highest point {megabytes:.0} MB (limit {MEMORY:.0})",
        bytes as f64 / 1e9,
        bytes as f64 / 1e6 / seconds
    );
    println!("copies: {copies} planted, {} found; near copies: {near} planted, {} found", gone(0), gone(1));
    fs::remove_dir_all(&folder).map_err(failed)?;
    match () {
        () if megabytes > MEMORY => Err(format!("{megabytes:.0} MB of memory, not {MEMORY:.0}")),
        () if gone(0) != copies => Err(format!("{} copies found, {copies} planted", gone(0))),
        // One word of 120 changed leaves a similarity of about 0.9, which 14 bands of 8 find in more than 99 of 100 pairs.
        () if (gone(1) as f64) < 0.99 * near as f64 || gone(1) > near => {
            Err(format!("{} near copies found, {near} planted", gone(1)))
        }
        () => Ok(()),
    }
}

/// Writes documents of so many bytes in all; how many there are, near copies and copies among them.
fn documents(folder: &Path, bytes: u64) -> std::io::Result<(u64, u64, u64)> {
    let words: Vec<String> = (0..50_000).map(word).collect();
    let (mut number, mut written, mut near, mut copies) = (0u64, 0u64, 0u64, 0u64);
    for file in 0.. {
        let mut out = BufWriter::new(File::create(folder.join(format!("{file:04}.txt")))?);
        let end = ((file + 1) * FILE).min(bytes);
        while written < end {
            let (text, what) = document(number, &words);
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            written += text.len() as u64 + 1;
            near += u64::from(what == What::Near);
            copies += u64::from(what == What::Copy);
            number += 1;
        }
        out.flush()?;
        if written >= bytes {
            break;
        }
    }
    Ok((number, near, copies))
}

/// The document with this number. Copies are of documents from all over what came before.
fn document(number: u64, words: &[String]) -> (String, What) {
    let what = match number % 10 {
        8 => What::Near,
        9 => What::Copy,
        _ => What::New,
    };
    // Each new document is copied at most once exactly and once nearly: counts stay exact.
    let block = number / 10;
    let of = if what == What::New { mixed(block, 7) % (block + 1) } else { block };
    let original = match what {
        What::New => number,
        What::Copy => block * 10 + of % 4,
        What::Near => block * 10 + 4 + of % 4,
    };
    let length = 400 + mixed(original, 1) % 200;
    let mut out = String::with_capacity(length as usize * 8);
    for position in 0..length {
        let seed = if what == What::Near && position % 120 == 60 { number } else { original };
        // Squaring makes some words far more frequent than others, as in language.
        let share = (mixed(seed, position + 2) >> 40) as f64 / (1u64 << 24) as f64;
        let word = words.get((share * share * words.len() as f64) as usize);
        out.push_str(word.map_or("", String::as_str));
        out.push(' ');
    }
    out.pop();
    (out, what)
}

/// A well-mixed number of two (splitmix64).
fn mixed(seed: u64, index: u64) -> u64 {
    let mut z =
        seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(index.wrapping_mul(0xD129_0DDB_53C4_3E49));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn word(number: u64) -> String {
    let length = 2 + mixed(number, 0) % 8;
    (0..length).map(|at| char::from(b'a' + (mixed(number, at + 1) % 26) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_copies_and_near_ones_differ_little() {
        let words: Vec<String> = (0..50_000).map(word).collect();
        let texts: Vec<(String, What)> = (0..1_000).map(|number| document(number, &words)).collect();
        for block in texts.chunks(10) {
            let (near, copy) = (&block[8].0, &block[9].0);
            assert_eq!(block[..8].iter().filter(|(text, _)| text == copy).count(), 1);
            let differ = |text: &str| text.split(' ').zip(near.split(' ')).filter(|(a, b)| a != b).count();
            let least = block[4..8].iter().map(|(text, _)| differ(text)).min().unwrap();
            assert!((3..=5).contains(&least), "{least}");
        }
    }
}
