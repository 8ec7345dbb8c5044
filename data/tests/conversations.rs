//! From records of conversations to rows of tokens and labels.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::{ChatTemplate, Chats, Dataset, Format, Role};
use regimen_base::packing::filled;
use regimen_data::chat::template::Edges;
use regimen_data::chat::{Encoder, Message, Template, known};
use regimen_data::tokenizer::Bytes;
use regimen_data::{Row, Rows};
use std::collections::BTreeMap;
use std::fmt::Write;

const IGNORED: i64 = -100;

fn chats(pattern: &str, template: &str) -> Dataset {
    dataset(
        pattern,
        Format::Chats(Chats {
            template: vec![],
            chat_template: ChatTemplate::Known(template.into()),
            train_on: vec![Role::Assistant],
        }),
    )
}

/// Records whose answers have many lengths.
fn records(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let answer = "word ".repeat(1 + (i * 7) % 23);
        let _ = writeln!(
            text,
            r#"{{"messages": [{{"role": "user", "content": "say {i}"}}, {{"role": "assistant", "content": "{answer}"}}]}}"#
        );
    }
    text
}

/// One row, written out.
#[derive(Clone, Debug, PartialEq)]
struct Written {
    tokens: Vec<i64>,
    labels: Vec<i64>,
    segments: Vec<i64>,
    positions: Vec<i64>,
}

fn written(rows: &Rows, sequence: usize, index: u64) -> Written {
    let mut w = Written {
        tokens: vec![7; sequence],
        labels: vec![7; sequence],
        segments: vec![7; sequence],
        positions: vec![7; sequence],
    };
    let row = Row {
        tokens: &mut w.tokens,
        labels: &mut w.labels,
        segments: &mut w.segments,
        positions: &mut w.positions,
        types: &mut [],
    };
    rows.sample(index, row);
    w
}

/// The conversations of one epoch, as (inputs, labels), from what segments say; checks padding and positions.
fn taken_apart(rows: &Rows, sequence: usize, epoch: u64) -> BTreeMap<Vec<i64>, Vec<i64>> {
    let mut found = BTreeMap::new();
    for index in epoch * rows.samples_per_epoch()..(epoch + 1) * rows.samples_per_epoch() {
        let w = written(rows, sequence, index);
        let supervised = w.labels.iter().filter(|l| **l != IGNORED).count() as u64;
        assert_eq!(supervised, rows.supervised(index));
        let most = *w.segments.iter().max().unwrap();
        for number in 0..=most {
            let places: Vec<usize> = (0..sequence).filter(|i| w.segments[*i] == number).collect();
            let pick = |from: &[i64]| places.iter().map(|i| from[*i]).collect::<Vec<i64>>();
            if number == 0 {
                assert!(pick(&w.labels).iter().all(|l| *l == IGNORED));
                continue;
            }
            assert_eq!(pick(&w.positions), (0..places.len() as i64).collect::<Vec<_>>());
            assert!(found.insert(pick(&w.tokens), pick(&w.labels)).is_none(), "a conversation comes once");
        }
    }
    found
}

#[test]
fn rows_hold_every_conversation_with_its_labels_packed_or_not() {
    let bench = Bench::new(&[("a.jsonl", &records(60))]);
    let data = chats("a.jsonl", "zephyr");
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    let file = prepared.conversations("train").unwrap();
    let sequence = 128;
    let lengths = &prepared.facts.splits[0].lengths;

    // What the encoder makes of each record, by itself.
    let edges = Edges { beginning: String::new(), end: "<|endoftext|>".into() };
    let encoder = Encoder::new(
        Template::new(known::find("zephyr").unwrap(), edges).unwrap(),
        &Bytes,
        &[Role::Assistant],
    );
    let mut expected = BTreeMap::new();
    for i in 0..60 {
        let answer = "word ".repeat(1 + (i * 7) % 23);
        let messages =
            [Message::new(Role::User, &format!("say {i}")), Message::new(Role::Assistant, &answer)];
        let encoded = encoder.encode(&messages).unwrap();
        if encoded.tokens.len() <= sequence + 1 {
            let inputs =
                encoded.tokens[..encoded.tokens.len() - 1].iter().map(|t| i64::from(*t)).collect::<Vec<_>>();
            let label = |(token, counts): (&u32, &bool)| if *counts { i64::from(*token) } else { IGNORED };
            let labels: Vec<i64> = encoded.tokens.iter().zip(&encoded.counts).skip(1).map(label).collect();
            let answered: Vec<u8> =
                labels.iter().filter(|l| (0..256).contains(*l)).map(|l| *l as u8).collect();
            assert_eq!(String::from_utf8(answered).unwrap(), answer);
            assert_eq!(labels.iter().rfind(|l| **l != IGNORED), Some(&256), "the end of the turn is a label");
            expected.insert(inputs, labels);
        }
    }
    assert!(expected.len() < 60 && expected.len() > 40, "some are too long");
    for packing in [false, true] {
        let rows = Rows::new(file.clone(), sequence as u64, packing, Some(5)).unwrap();
        let counted = filled(lengths, sequence as u64, packing);
        assert_eq!(rows.samples_per_epoch(), counted.rows);
        assert_eq!(
            (counted.conversations, counted.too_long),
            (expected.len() as u64, 60 - expected.len() as u64)
        );
        let labels: u64 = (0..counted.rows).map(|i| rows.supervised(i)).sum();
        assert_eq!(labels, counted.supervised);
        assert_eq!(taken_apart(&rows, sequence, 0), expected);
        assert_eq!(taken_apart(&rows, sequence, 3), expected);
        let order = |epoch: u64| -> Vec<Written> {
            (0..counted.rows).map(|i| written(&rows, sequence, epoch * counted.rows + i)).collect()
        };
        assert_ne!(order(0), order(1), "each epoch has an order of its own");
        assert_eq!(order(1), order(1));
    }
    let packed = filled(lengths, sequence as u64, true);
    let alone = filled(lengths, sequence as u64, false);
    assert!(packed.rows < alone.rows, "{packed:?} {alone:?}");
}

#[test]
fn files_are_cached_by_content_template_and_roles() {
    let bench = Bench::new(&[("a.jsonl", &records(5)), ("mine.jinja", known::find("zephyr").unwrap())]);
    let tokens = |data: &Dataset| {
        let cached = regimen_data::facts_if_cached(&bench.place, &bytes(), None, data).unwrap();
        (cached.is_some(), bench.prepare(&bytes(), data).unwrap().facts.splits[0].lengths.clone())
    };
    let zephyr = chats("a.jsonl", "zephyr");
    assert!(!tokens(&zephyr).0);
    assert!(tokens(&zephyr).0);
    let mut file = zephyr.clone();
    let Format::Chats(declared) = &mut file.sources[0].format else { panic!() };
    declared.chat_template = ChatTemplate::File("mine.jinja".into());
    assert!(!tokens(&file).0);
    let before = tokens(&file).1;
    bench.write("mine.jinja", known::find("alpaca").unwrap().as_bytes());
    let (cached, after) = tokens(&file);
    assert!(!cached && after != before, "a changed template is another key");
}

#[test]
fn broken_conversations_are_named_or_left_out() {
    let lines = concat!(
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
        "\n",
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}"#,
        "\n",
        r#"{"text": "no conversation"}"#,
        "\n",
        r#"{"instruction": "do", "output": "done"}"#,
        "\n",
    );
    let bench = Bench::new(&[("a.jsonl", lines)]);
    let mut data = chats("a.jsonl", "zephyr");
    let faults = bench.faults(&data);
    assert_eq!(
        titles(&faults),
        [
            "E0592 `a.jsonl`, line 2: the turns of this conversation do not alternate",
            "E0591 `a.jsonl`, line 3: no conversation",
        ]
    );
    data.sources[0].cleaning.broken = 0.6;
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    assert_eq!(prepared.facts.splits[0].documents, 2);
}

#[test]
fn what_a_template_refuses_is_said_with_file_and_line() {
    let system = r#"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
    let bench = Bench::new(&[("a.jsonl", system)]);
    let faults = bench.faults(&chats("a.jsonl", "gemma"));
    assert_eq!(faults[0].code.0, "E0590");
    assert!(faults[0].title.contains("System role not supported"), "{}", faults[0].title);
    assert!(faults[0].notes.iter().any(|note| note.contains("`a.jsonl`, line 1")), "{:?}", faults[0].notes);
    let own = Dataset {
        sources: vec![{
            let mut source = chats("a.jsonl", "gemma").sources.remove(0);
            let Format::Chats(declared) = &mut source.format else { panic!() };
            declared.chat_template = ChatTemplate::Tokenizer;
            source
        }],
        ..chats("a.jsonl", "gemma")
    };
    assert_eq!(titles(&bench.faults(&own)), ["E0590 the tokenizer `words` has no chat template"]);
}
