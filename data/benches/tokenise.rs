//! Tokenising, against the `tokenizers` crate's own batch encoding of the same text, on all cores.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up should stop"
)]

use rayon::prelude::*;
use regimen_data::Tokenize;
use regimen_data::tokenizer::Bpe;
use std::fs;
use std::hint::black_box;
use std::time::Instant;
use tokenizers::Tokenizer;

/// Text that is reproducible and not trivial: words of a small vocabulary in a pseudo-random order.
fn documents() -> Vec<String> {
    let words: Vec<String> = (0..5000u64).map(|n| word(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        // Squaring makes some words far more frequent than others, as in language.
        let share = (state >> 40) as f64 / (1u64 << 24) as f64;
        (share * share * 5000.0) as usize
    };
    let document = |_| {
        let mut text = String::new();
        for position in 0..20_000 {
            text.push_str(&words[next()]);
            text.push_str(if position % 11 == 10 { ",\n" } else { " " });
        }
        text
    };
    (0..24).map(document).collect()
}

fn word(mut seed: u64) -> String {
    let length = 2 + seed % 8;
    (0..length)
        .map(|_| {
            seed = seed.rotate_left(11).wrapping_mul(0xD129_0DDB_53C4_3E49);
            char::from(b'a' + (seed >> 32) as u8 % 26)
        })
        .collect()
}

fn encode_all(tokenizer: &dyn Tokenize, documents: &[String]) -> usize {
    let pieces: Vec<&str> = documents.iter().flat_map(|d| tokenizer.pieces(d)).collect();
    pieces.into_par_iter().map(|p| tokenizer.encode(p).map_or(0, |t| t.len())).sum()
}

/// Turns of which the medians count.
const TURNS: usize = 9;

/// Seconds of one run.
fn timed(run: impl FnOnce() -> usize) -> f64 {
    let began = Instant::now();
    black_box(run());
    began.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// One line of the table: ours and the crate's, in turns; whether ours is at least as fast.
fn compare(
    name: &str,
    bytes: usize,
    mut ours: impl FnMut() -> usize,
    mut theirs: impl FnMut() -> usize,
) -> bool {
    let (mut own, mut others) = (vec![], vec![]);
    for _ in 0..TURNS {
        own.push(timed(&mut ours));
        others.push(timed(&mut theirs));
    }
    let (own, others) = (median(own), median(others));
    let speed = |seconds: f64| bytes as f64 / 1e6 / seconds;
    println!("{name:34}{:>9.1} MB/s{:>9.1} MB/s{:>8.2}", speed(own), speed(others), others / own);
    others >= own
}

fn main() {
    let documents = documents();
    let bytes: usize = documents.iter().map(String::len).sum();
    let plays: Vec<String> = fs::read_dir("../examples/plays")
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let play_bytes: usize = plays.iter().map(String::len).sum();
    println!("{:34}{:>14}{:>14}{:>8}", "bpe, medians of nine turns", "ours", "tokenizers", "ratio");
    let mut fast = true;
    for (text, documents, bytes, vocab) in
        [("words", &documents, bytes, 4_096), ("plays", &plays, play_bytes, 8_192)]
    {
        let bpe = Bpe::train("bench", vocab, 2, documents.iter().cloned()).unwrap();
        let theirs = Tokenizer::from_bytes(bpe.to_json()).unwrap();
        let ours = || encode_all(&bpe, documents);
        // The crate takes its texts; it is timed with the copies that its own callers make.
        let batch = || theirs.encode_batch(documents.clone(), false).unwrap().len();
        let batch_fast = || theirs.encode_batch_fast(documents.clone(), false).unwrap().len();
        fast &= compare(&format!("{text}, encode_batch"), bytes, ours, batch);
        fast &= compare(&format!("{text}, encode_batch_fast"), bytes, ours, batch_fast);
    }
    if !fast {
        println!("slower than the crate");
        std::process::exit(1);
    }
}
