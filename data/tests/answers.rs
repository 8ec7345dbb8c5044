//! Preferences and feedback from files to tokens.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::data::{ChatTemplate, Dataset, Feedback, Format, Marks, Preferences, Rendering, Texts};
use regimen_data::{Compared, ComparedSample, PairLayout};

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

/// Pairs of the part `train`, in samples of so many tokens.
fn compared(
    prepared: &regimen_data::Prepared,
    layout: PairLayout,
    shuffle: Option<i64>,
) -> Result<Compared, String> {
    let (tokens, records) = (prepared.split("train").unwrap(), prepared.records("train").unwrap());
    Compared::new(tokens.clone(), records, layout, shuffle).map_err(|fault| fault.title)
}

/// A sample as two texts, in which `_` is padding, `<` and `>` the marks and `.` the token between documents.
fn sample(pairs: &Compared, index: u64, sequence: usize) -> (Vec<String>, ComparedSample) {
    let mut both = vec![-1; 2 * sequence];
    let (chosen, rejected) = both.split_at_mut(sequence);
    let found = pairs.sample(index, [chosen, rejected]);
    let letter = |id: &i64| match *id {
        256 => '.',
        300 => '<',
        301 => '>',
        302 => '_',
        id => char::from(u8::try_from(id).unwrap()),
    };
    (both.chunks(sequence).map(|text| text.iter().map(letter).collect()).collect(), found)
}

#[test]
fn both_texts_of_a_pair_have_the_prompt_and_long_pairs_are_left_out() {
    let line = |prompt: &str, chosen: &str, rejected: &str, by: f64| {
        let record = serde_json::json!({"question": prompt, "better": chosen, "worse": rejected, "by": by});
        format!("{record}\n")
    };
    let lines = [line("ab", "c", "de", 0.5), line("f", "ghijkl", "m", 2.0), line("n", "o", "p", -1.0)];
    let bench = Bench::new(&[("a.jsonl", &lines.concat())]);
    let mut data = preferences("a.jsonl", Rendering::default());
    let plain = bench.prepare(&bytes(), &data).unwrap();
    if let Format::Preferences(preferences) = &mut data.sources[0].format {
        preferences.margin = Some("by".into());
    }
    let prepared = bench.prepare(&bytes(), &data).unwrap();
    let marks = Marks { begin: Some(300), end: Some(301), padding: Some(302) };
    let layout = PairLayout { sequence: 8, marks, margins: true };
    let facts = prepared.facts.splits[0].answers.clone().unwrap();
    let texts = |longest, records, tokens| Texts { longest, records, tokens };
    assert_eq!(facts.texts, [texts(3, 1, 6), texts(5, 1, 9), texts(8, 1, 11)]);
    assert_eq!((facts.fit(8, 2).pairs, facts.fit(8, 2).too_long), (2, 1));
    let pairs = compared(&prepared, layout, None).unwrap();
    assert_eq!(pairs.pairs(), 2);
    let first = ComparedSample { lengths: [6, 7], margin: 0.5 };
    assert_eq!(sample(&pairs, 0, 8), (vec!["<abc.>__".into(), "<abde.>_".into()], first));
    let second = ComparedSample { lengths: [5, 5], margin: -1.0 };
    assert_eq!(sample(&pairs, 3, 8), (vec!["<no.>___".into(), "<np.>___".into()], second));
    // Every epoch has every pair once, in an order of its own.
    let shuffled = compared(&prepared, layout, Some(7)).unwrap();
    for epoch in 0..4 {
        let mut margins: Vec<f32> = (0..2).map(|i| sample(&shuffled, 2 * epoch + i, 8).1.margin).collect();
        margins.sort_by(f32::total_cmp);
        assert_eq!(margins, [-1.0, 0.5]);
    }
    // Without marks and margins the longest fits too.
    let bare =
        PairLayout { sequence: 8, marks: Marks { padding: Some(302), ..Marks::default() }, margins: false };
    let pairs = compared(&plain, bare, None).unwrap();
    let longest = ComparedSample { lengths: [8, 3], margin: 0.0 };
    assert_eq!(sample(&pairs, 1, 8), (vec!["fghijkl.".into(), "fm._____".into()], longest));
    let short = PairLayout { sequence: 2, ..bare };
    assert_eq!(
        compared(&plain, short, None).unwrap_err(),
        "no pair of answers of `train` fits into 2 tokens"
    );
}
