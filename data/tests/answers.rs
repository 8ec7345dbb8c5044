//! Preferences and feedback from files to tokens.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::{ChatTemplate, Dataset, Feedback, Format, Preferences, Rendering};

fn preferences(pattern: &str, rendering: Rendering) -> Dataset {
    let [prompt, chosen, rejected] = ["question", "better", "worse"].map(str::to_owned);
    dataset(pattern, Format::Preferences(Preferences { prompt, chosen, rejected, margin: None, rendering }))
}

fn feedback(pattern: &str) -> Dataset {
    let [prompt, completion, label] = ["prompt", "completion", "label"].map(str::to_owned);
    dataset(
        pattern,
        Format::Feedback(Feedback { prompt, completion, label, rendering: Rendering::default() }),
    )
}

fn numbers(prepared: &regimen_data::Prepared, split: &str) -> Vec<u32> {
    let file = prepared.records(split).unwrap();
    (0..file.tokens()).map(|i| file.get(i).unwrap()).collect()
}

#[test]
fn pairs_become_tokens_with_their_lengths() {
    let bench = Bench::new(&[(
        "a.jsonl",
        "{\"question\": \"ab\", \"better\": \"c\", \"worse\": \"defg\"}\n{\"question\": \"abcdefgh\", \"better\": \"c\", \"worse\": \"d\"}\n",
    )]);
    let prepared = bench.prepare(&bytes(), &preferences("a.jsonl", Rendering::default())).unwrap();
    // The token between documents ends each answer.
    assert_eq!(
        prepared.tokenizer.decode(&tokens(&prepared, "train")),
        "abc<|endoftext|>defg<|endoftext|>abcdefghc<|endoftext|>d<|endoftext|>"
    );
    assert_eq!(numbers(&prepared, "train"), [2, 2, 5, 8, 2, 2]);
    let facts = prepared.facts.splits[0].answers.clone().unwrap();
    assert_eq!(
        (facts.prompts, facts.good, facts.bad),
        (vec![(2, 1), (8, 1)], vec![(2, 2)], vec![(2, 1), (5, 1)])
    );
    let short = Rendering { max_length: Some(9), ..Rendering::default() };
    let prepared = bench.prepare(&bytes(), &preferences("a.jsonl", short)).unwrap();
    assert_eq!(prepared.facts.splits[0].answers.as_ref().unwrap().too_long, 1);
    assert_eq!(numbers(&prepared, "train"), [2, 2, 5]);
}

#[test]
fn feedback_keeps_its_verdict() {
    let bench = Bench::new(&[(
        "a.jsonl",
        "{\"prompt\": \"ab\", \"completion\": \"c\", \"label\": false}\n{\"prompt\": \"a\", \"completion\": \"cd\", \"label\": 1}\n",
    )]);
    let prepared = bench.prepare(&bytes(), &feedback("a.jsonl")).unwrap();
    assert_eq!(numbers(&prepared, "train"), [2, 2, 0, 1, 3, 1]);
    let facts = prepared.facts.splits[0].answers.clone().unwrap();
    assert_eq!((facts.good, facts.bad), (vec![(3, 1)], vec![(2, 1)]));
}

#[test]
fn messages_need_a_template_and_texts_take_none() {
    let messages = "{\"question\": [{\"role\": \"user\", \"content\": \"a\"}], \"better\": [{\"role\": \"assistant\", \"content\": \"b\"}], \"worse\": [{\"role\": \"assistant\", \"content\": \"c\"}]}\n";
    let bench = Bench::new(&[
        ("a.jsonl", messages),
        ("b.jsonl", "{\"question\": \"a\", \"better\": \"b\", \"worse\": \"c\"}\n"),
    ]);
    let plain = Rendering::default();
    assert_eq!(
        titles(&bench.faults(&preferences("a.jsonl", plain.clone()))),
        ["E0590 records hold messages, and the tokenizer has no chat template"]
    );
    let known = Rendering { chat_template: Some(ChatTemplate::Known("zephyr".into())), ..plain };
    let prepared = bench.prepare(&bytes(), &preferences("a.jsonl", known.clone())).unwrap();
    let text = prepared.tokenizer.decode(&tokens(&prepared, "train"));
    assert_eq!(text, "<|user|>\na<|endoftext|>\n<|assistant|>\nb<|endoftext|>\nc<|endoftext|>\n");
    assert_eq!(
        titles(&bench.faults(&preferences("b.jsonl", known))),
        ["E0590 a chat template is declared, and records hold text"]
    );
}

#[test]
fn records_that_teach_nothing_are_told_and_some_may_be_left_out() {
    let good = "{\"question\": \"a\", \"better\": \"b\", \"worse\": \"c\"}\n";
    let same = "{\"question\": \"a\", \"better\": \"b\", \"worse\": \"b\"}\n";
    let bench = Bench::new(&[
        ("a.jsonl", &format!("{same}{}", good.repeat(9))),
        (
            "b.jsonl",
            "{\"prompt\": \"a\", \"better\": \"b\", \"worse\": \"c\"}\n{\"question\": 1, \"better\": \"b\", \"worse\": \"c\"}",
        ),
    ]);
    let mut data = preferences("a.jsonl", Rendering::default());
    assert_eq!(titles(&bench.faults(&data)), ["E0579 `a.jsonl`, line 1: these answers teach nothing"]);
    data.sources[0].cleaning.broken = 0.2;
    assert_eq!(bench.prepare(&bytes(), &data).unwrap().facts.splits[0].documents, 9);
    // Without the prompt, it is what both answers begin with: nothing.
    let faults = titles(&bench.faults(&preferences("b.jsonl", Rendering::default())));
    assert_eq!(
        faults,
        [
            "E0579 `b.jsonl`, line 1: these answers teach nothing",
            "E0578 `b.jsonl`, line 2: no prompt with answers"
        ]
    );
    assert_eq!(
        regimen_data::first_record(&bench.place, &feedback("b.jsonl")).unwrap_err()[0].code.0,
        "E0578"
    );
}

#[test]
fn no_prompt_is_on_both_sides_of_a_split() {
    let record = |i: usize, answer: usize| {
        format!(
            "{{\"question\": \"prompt {i}\", \"better\": \"good {answer}\", \"worse\": \"bad {answer}\"}}\n"
        )
    };
    let text: String = (0..40).flat_map(|i| (0..3).map(move |answer| record(i, answer))).collect();
    let bench = Bench::new(&[("a.jsonl", &text)]);
    let mut data = preferences("a.jsonl", Rendering::default());
    data.splits = splits(&[("train", 60), ("validation", 40)]);
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    let text = |split: &str| prepared.tokenizer.decode(&tokens(&prepared, split));
    let (train, validation) = (text("train"), text("validation"));
    for i in 0..40 {
        let there = |text: &str| text.matches(&format!("prompt {i}good")).count();
        assert_eq!((there(&train) + there(&validation), there(&train) % 3), (3, 0), "prompt {i}");
    }
    assert!(prepared.facts.splits.iter().all(|split| split.documents >= 30));
}
