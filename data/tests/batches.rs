//! Samples: every token once an epoch, one order whatever the batch size.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

use proptest::prelude::*;
use regimen_base::data::samples_per_epoch;
use regimen_data::batch::IGNORED;
use regimen_data::token_file::TokenWriter;
use regimen_data::{Evaluation, Prefetch, Stream, TokenFile};

/// A file of the tokens 0, 1, 2, …
fn counting(tokens: u32) -> TokenFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0.tokens");
    let mut writer = TokenWriter::create(&path, 1 << 20).unwrap();
    writer.push(&(0..tokens).collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    // On Unix a mapped file stays readable when its name is gone.
    TokenFile::open("train", &path).unwrap()
}

fn sample(stream: &Stream, index: u64) -> (Vec<i64>, Vec<i64>) {
    let mut tokens = vec![-1; stream.sequence() as usize];
    let mut labels = tokens.clone();
    stream.sample(index, &mut tokens, &mut labels);
    (tokens, labels)
}

proptest! {
    #[test]
    fn every_token_is_an_input_once_an_epoch(
        tokens in 2u32..600, sequence in 1u64..40, key in prop::option::of(any::<i64>()), epoch in 0u64..5
    ) {
        prop_assume!(u64::from(tokens) > sequence);
        let stream = Stream::new(counting(tokens), sequence, key).unwrap();
        let samples = stream.samples_per_epoch();
        prop_assert_eq!(samples, samples_per_epoch(u64::from(tokens), sequence));
        let mut seen = Vec::new();
        for index in epoch * samples..(epoch + 1) * samples {
            let (inputs, labels) = sample(&stream, index);
            for (input, label) in inputs.iter().zip(&labels) {
                prop_assert_eq!(*label, (input + 1) % i64::from(tokens));
            }
            seen.extend(inputs);
        }
        let total = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), total, "no token twice");
        prop_assert!(tokens as usize - total <= sequence as usize, "almost none left out");
    }

    #[test]
    fn batches_do_not_depend_on_their_size(key: i64, first in 0u64..500, size in 1u64..7, ahead in 0usize..4) {
        let stream = Stream::new(counting(500), 16, Some(key)).unwrap();
        let mut prefetch = Prefetch::new(stream.clone(), first, size, ahead).unwrap();
        let mut index = first;
        for _ in 0..6 {
            let batch = prefetch.next_batch().unwrap();
            prop_assert_eq!(batch.first, index);
            for (tokens, labels) in batch.tokens.chunks(16).zip(batch.labels.chunks(16)) {
                prop_assert_eq!((tokens.to_vec(), labels.to_vec()), sample(&stream, index));
                index += 1;
            }
            prefetch.give_back(batch);
        }
    }

    #[test]
    fn evaluation_sees_every_window_once(tokens in 17u32..400, micro_batch in 1u64..9) {
        let evaluation = Evaluation::new(counting(tokens), 16, micro_batch).unwrap();
        let windows = samples_per_epoch(u64::from(tokens), 16);
        prop_assert_eq!(evaluation.batches(), windows.div_ceil(micro_batch));
        let mut inputs = vec![-1; 16 * micro_batch as usize];
        let mut labels = inputs.clone();
        let mut seen = Vec::new();
        for index in 0..evaluation.batches() {
            evaluation.batch(index, &mut inputs, &mut labels);
            prop_assert!(inputs.iter().all(|t| *t >= 0));
            seen.extend(labels.iter().copied().filter(|l| *l != IGNORED));
        }
        prop_assert_eq!(seen.len() as u64, evaluation.supervised());
        prop_assert_eq!(evaluation.supervised(), Evaluation::supervised_of(u64::from(tokens), 16));
        prop_assert_eq!(seen, (1..=windows as i64 * 16).collect::<Vec<_>>());
    }
}

#[test]
fn without_a_key_samples_come_in_order() {
    let stream = Stream::new(counting(50), 16, None).unwrap();
    assert_eq!(stream.samples_per_epoch(), 3);
    assert_eq!(sample(&stream, 0).0, (0..16).collect::<Vec<_>>());
    assert_eq!(sample(&stream, 2).1, (33..49).collect::<Vec<_>>());
    assert_eq!(sample(&stream, 3), sample(&stream, 0));
}

#[test]
fn shuffled_epochs_differ_in_order_and_in_cuts() {
    let stream = Stream::new(counting(5000), 16, Some(7)).unwrap();
    let starts = |epoch: u64| -> Vec<i64> {
        let samples = stream.samples_per_epoch();
        (epoch * samples..(epoch + 1) * samples).map(|i| sample(&stream, i).0[0]).collect()
    };
    assert_ne!(starts(0), starts(1));
    let phases: std::collections::BTreeSet<i64> = (0..40).map(|e| starts(e)[0] % 16).collect();
    assert!(phases.len() > 8, "{phases:?}");
    assert!(!starts(0).is_sorted());
}

#[test]
fn a_split_shorter_than_a_sample_is_reported() {
    let fault = Stream::new(counting(16), 16, None).unwrap_err();
    assert_eq!(fault.code.0, "E0558");
    assert!(fault.title.contains("16 tokens"));
    assert!(Stream::new(counting(17), 16, Some(1)).is_ok());
    assert!(Stream::new(counting(17), 0, None).is_err());
}

#[test]
fn dropping_a_prefetch_ends_its_thread() {
    let stream = Stream::new(counting(500), 16, Some(1)).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..20 {
        drop(Prefetch::new(stream.clone(), 0, 4, 2).unwrap());
    }
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn narrow_and_wide_tokens_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    for vocab in [1u64 << 16, 70_000] {
        let path = folder.path().join(format!("{vocab}.tokens"));
        let mut writer = TokenWriter::create(&path, vocab).unwrap();
        writer.push(&[5, 65_535, 0]).unwrap();
        writer.push(&[7]).unwrap();
        assert_eq!(writer.finish().unwrap(), 4);
        let file = TokenFile::open("train", &path).unwrap();
        assert!(file.verify());
        assert_eq!(
            (0..5).map(|i| file.get(i)).collect::<Vec<_>>(),
            [Some(5), Some(65_535), Some(0), Some(7), None]
        );
        let mut some = [0; 8];
        assert_eq!(file.copy(2, &mut some), 2);
        assert_eq!(some[..2], [0, 7]);
    }
    let path = folder.path().join("outside.tokens");
    assert!(TokenWriter::create(&path, 100).unwrap().push(&[70_000]).is_err());
}
