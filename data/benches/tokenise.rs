//! Tokenising, against the `tokenizers` crate's own batch encoding of the same text, on all cores.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up should stop")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use regimen_data::Tokenize;
use regimen_data::tokenizer::{Bpe, Bytes, Chars};
use std::hint::black_box;
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

fn tokenise(criterion: &mut Criterion) {
    let documents = documents();
    let bytes: usize = documents.iter().map(String::len).sum();
    let bpe = Bpe::train("bench", 4096, 2, documents.iter().cloned()).unwrap();
    let theirs = Tokenizer::from_bytes(bpe.to_json()).unwrap();
    let chars = Chars::new(documents.iter().flat_map(|d| d.chars()).collect());
    let mut group = criterion.benchmark_group("tokenise");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);
    let ours: [(&str, &dyn Tokenize); 3] = [("bytes", &Bytes), ("chars", &chars), ("bpe", &bpe)];
    for (name, tokenizer) in ours {
        group.bench_with_input(BenchmarkId::new("ours", name), &documents, |bench, documents| {
            bench.iter(|| encode_all(tokenizer, black_box(documents)));
        });
    }
    for (name, fast) in [("encode_batch", false), ("encode_batch_fast", true)] {
        group.bench_with_input(BenchmarkId::new("crate", name), &documents, |bench, documents| {
            bench.iter_batched(
                || documents.clone(),
                |documents| {
                    if fast {
                        theirs.encode_batch_fast(documents, false).unwrap().len()
                    } else {
                        theirs.encode_batch(documents, false).unwrap().len()
                    }
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, tokenise);
criterion_main!(benches);
