//! Pipelines from files to what is left of them: order, counts, deduplication, interruption, threads, broken records.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up should stop")]

mod common;

use common::*;
use regimen_base::cleaning::*;
use regimen_base::data::{Dataset, TextDocument, Tokenizer, TokenizerKind};
use regimen_data::clean::why::Fate;
use regimen_data::clean::{Cleaned, clean, clean_in_parts};
use regimen_data::{NoProgress, Progress};
use std::fmt::Write;

fn gopher() -> Gopher {
    Gopher {
        min_words: 5,
        max_words: 100_000,
        min_word_length: 2.0,
        max_word_length: 10.0,
        max_symbols: 0.1,
        max_bullet_lines: 0.9,
        max_ellipsis_lines: 0.3,
        min_alphabetic_words: 0.8,
        min_stop_words: 0,
    }
}

fn minhash(level: Level) -> Step {
    Step::Minhash(Minhash { level, similarity: 0.72, ngram: 5, hashes: 112 })
}

fn exact(level: Level) -> Step {
    Step::Exact(Exact { level })
}

fn pii() -> Step {
    Step::Pii(Pii { action: Action::Redact, kinds: vec![PiiKind::Email] })
}

fn with(mut dataset: Dataset, steps: Vec<Step>) -> Dataset {
    dataset.sources[0].cleaning.steps = steps;
    dataset
}

/// Texts of several dozen different words, the `number`-th of them.
fn story(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..60)
        .map(|_| (0..5).map(|_| char::from(b'a' + (next() % 26) as u8)).collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

fn texts(cleaned: &Cleaned) -> Vec<String> {
    cleaned.documents().map(|d| d.unwrap().text).collect()
}

fn lines_of(texts: &[String]) -> String {
    texts.iter().fold(String::new(), |mut all, text| {
        let _ = writeln!(all, "{text}");
        all
    })
}

#[test]
fn steps_run_in_their_order_and_everything_is_counted() {
    let long = story(1);
    let all = [
        "too short".to_string(),
        format!("{long} ann@example.org"),
        format!("{long} bob@example.org"),
        story(2),
        story(2).to_uppercase(),
    ];
    let bench = Bench::new(&[("a.txt", lines_of(&all).as_str())]);
    let steps = vec![Step::Gopher(gopher()), pii(), exact(Level::Document), minhash(Level::Document)];
    let dataset = with(text("*.txt", TextDocument::Line), steps);
    let cleaned = clean(&bench.place, &dataset, &mut NoProgress).unwrap();
    assert_eq!(texts(&cleaned), [format!("{long} <EMAIL>"), story(2)]);
    let report = &cleaned.reports[0];
    let steps: Vec<(&str, u64, u64, u64)> = report
        .steps
        .iter()
        .map(|s| (s.step.as_str(), s.before.documents, s.after.documents, s.changed))
        .collect();
    assert_eq!(steps, [("gopher", 5, 4, 0), ("pii", 4, 4, 2), ("exact", 4, 3, 0), ("minhash", 3, 2, 0)]);
    assert_eq!((report.before.documents, report.after.documents), (5, 2));
    assert_eq!(report.steps[0].rules["too few words"].amount.documents, 1);
    assert_eq!(report.steps[1].notes["email"], 2);
    for pair in report.steps.windows(2) {
        assert_eq!(pair[0].after, pair[1].before, "{}", pair[1].step);
    }
    assert_eq!(report.lengths_before.values().sum::<u64>(), 5);
    assert_eq!(report.lengths_after.values().sum::<u64>(), 2);
    assert_eq!(report.languages.values().sum::<u64>(), 2);

    let step = |asked: &str| match cleaned.why(asked).unwrap() {
        Fate::Dropped { step, rule, detail, .. } => format!("{step}: {rule} ({detail})"),
        other => format!("{other:?}"),
    };
    assert_eq!(step("a.txt:1"), "gopher: too few words (2.000, at least 5)");
    assert_eq!(step("a.txt:3"), "exact: duplicate (of a.txt:2)");
    assert_eq!(step("a.txt:5"), "minhash: duplicate (of a.txt:4)");
    assert_eq!(cleaned.why("a.txt:4").unwrap(), Fate::Kept { text: story(2) });
    assert!(cleaned.why("a.txt:9").is_err() && cleaned.why("b.txt:1").is_err());
    assert_eq!(cleaned.sample(5).unwrap().len(), 2);
}

#[test]
fn paragraphs_that_came_before_are_cut_out() {
    let (shared, own) = (story(3), story(4));
    let bench = Bench::new(&[
        ("a.txt", format!("{shared}\n\n{own}").as_str()),
        ("b.txt", format!("{}\n\n\n{shared}", story(5)).as_str()),
        ("c.txt", shared.as_str()),
    ]);
    for step in [exact(Level::Paragraph), minhash(Level::Paragraph)] {
        let dataset = with(text("*.txt", TextDocument::File), vec![step]);
        let cleaned = clean(&bench.place, &dataset, &mut NoProgress).unwrap();
        assert_eq!(texts(&cleaned), [format!("{shared}\n\n{own}"), story(5)]);
        let step = &cleaned.reports[0].steps[0];
        assert_eq!((step.changed, step.notes["duplicate paragraphs"]), (1, 1));
        assert_eq!(step.rules["only duplicate paragraphs"].amount.documents, 1);
    }
}

/// Counts how much text goes through.
#[derive(Default)]
struct Counting(u64);

impl Progress for Counting {
    fn begin(&mut self, _: &str, _: Option<u64>) {}
    fn advance(&mut self, amount: u64) {
        self.0 += amount;
    }
    fn finish(&mut self) {}
}

fn many() -> (Bench, Dataset) {
    // Every third is a copy of an earlier one, with another end.
    let text_of = |i: u64| if i % 3 == 2 { format!("{} again", story(i - 2)) } else { story(i) };
    let texts: Vec<String> = (0..3_000).map(text_of).collect();
    let bench = Bench::new(&[
        ("a.txt", lines_of(&texts[..1_400]).as_str()),
        ("b.txt", lines_of(&texts[1_400..]).as_str()),
    ]);
    let steps = vec![Step::Gopher(gopher()), minhash(Level::Document), pii(), exact(Level::Document)];
    (bench, with(text("*.txt", TextDocument::Line), steps))
}

#[test]
fn threads_and_parts_do_not_change_what_is_left() {
    let (bench, dataset) = many();
    let mut all = vec![];
    for (threads, part) in [(1, 1), (2, 100_000), (8, 64 << 20)] {
        let _ = std::fs::remove_dir_all(&bench.place.cache);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let place = bench.place.clone();
        let cleaned = pool.install(|| clean_in_parts(&place, &dataset, part, &mut NoProgress)).unwrap();
        all.push((texts(&cleaned), cleaned.reports, cleaned.key));
    }
    assert_eq!(all[0].0.len(), 2_000);
    assert_eq!(all[0], all[1]);
    assert_eq!(all[1], all[2]);
}

#[test]
fn an_interrupted_run_goes_on() {
    let (bench, dataset) = many();
    let place = bench.place.clone();
    let whole = clean(&place, &dataset, &mut NoProgress).unwrap();
    let expected = (texts(&whole), whole.reports.clone());
    // From the cache, nothing is done again.
    let mut counting = Counting::default();
    clean(&place, &dataset, &mut counting).unwrap();
    assert_eq!(counting.0, 0);
    // As if the process had been killed just before the end: the entry is gone, and of the last pass the last part.
    let cleaned = place.cache.join("cleaned");
    std::fs::remove_dir_all(&cleaned).unwrap();
    let mut first = Counting::default();
    let mut stopping = Stopping { counting: &mut first, phases: 3 };
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        clean_in_parts(&place, &dataset, 1, &mut stopping).map(|_| ())
    }));
    assert!(stopped.is_err(), "it was not interrupted");
    let mut second = Counting::default();
    let again = clean_in_parts(&place, &dataset, 1, &mut second).unwrap();
    assert_eq!((texts(&again), again.reports.clone()), expected);
    assert!(second.0 < first.0, "{} of text went through again, {} before", second.0, first.0);
    assert!(!place.cache.join("cleaning").join(&again.key).exists());
}

/// Ends the run when the third pass begins, as a kill would: nothing is tidied up.
struct Stopping<'a> {
    counting: &'a mut Counting,
    phases: usize,
}

impl Progress for Stopping<'_> {
    fn begin(&mut self, phase: &str, _: Option<u64>) {
        if phase.starts_with("cleaning") {
            self.phases -= 1;
        }
        if self.phases == 0 {
            panic!("interrupted");
        }
    }
    fn advance(&mut self, amount: u64) {
        self.counting.0 += amount;
    }
    fn finish(&mut self) {}
}

#[test]
fn broken_records_are_counted_listed_and_limited() {
    let mut lines: Vec<String> = (0..50).map(|i| format!("{{\"text\": \"{}\"}}", story(i))).collect();
    lines[9] = "{\"text\": \"cut".to_string();
    let bench = Bench::new(&[("web/a.jsonl", lines_of(&lines).as_str())]);
    let mut dataset = jsonl("web/*.jsonl", "text");
    dataset.sources[0].cleaning.broken = 0.02;
    let cleaned = clean(&bench.place, &dataset, &mut NoProgress).unwrap();
    assert_eq!((cleaned.reports[0].broken, cleaned.reports[0].after.documents), (1, 49));
    match cleaned.why("web/a.jsonl:10").unwrap() {
        Fate::Broken { message } => {
            assert!(message.starts_with("`web/a.jsonl`, line 10: broken record"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    dataset.sources[0].cleaning.broken = 0.019;
    let wrong = clean(&bench.place, &dataset, &mut NoProgress).unwrap_err();
    assert_eq!(titles(&wrong), ["E0585 1 of 50 records of `books` are broken"]);
    assert!(wrong[0].notes.iter().any(|note| note.contains("line 10")), "{:?}", wrong[0].notes);
}

#[test]
fn a_mix_cleans_its_sources_apart_and_then_together() {
    let bench = Bench::new(&[
        ("a.txt", lines_of(&[story(1), story(2)]).as_str()),
        ("b.txt", lines_of(&[story(2), story(1), story(3)]).as_str()),
    ]);
    let (mut mix, second) = (text("a.txt", TextDocument::Line), text("b.txt", TextDocument::Line));
    mix.sources.push(regimen_base::data::Source { name: "web".into(), ..second.sources[0].clone() });
    mix.clean = vec![exact(Level::Document)];
    let cleaned = clean(&bench.place, &mix, &mut NoProgress).unwrap();
    assert_eq!(texts(&cleaned), [story(1), story(2), story(3)]);
    assert_eq!(cleaned.reports.len(), 3);
    match cleaned.why("b.txt:1").unwrap() {
        Fate::Dropped { detail, .. } => assert_eq!(detail, "of a.txt:2"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn training_sees_what_cleaning_left() {
    let bench = Bench::new(&[("a.txt", lines_of(&[story(1), story(1), "short".into(), story(2)]).as_str())]);
    let dataset =
        with(text("*.txt", TextDocument::Line), vec![Step::Gopher(gopher()), exact(Level::Document)]);
    let facts = regimen_data::facts_if_cached(&bench.place, &bytes(), None, &dataset).unwrap();
    assert_eq!(facts, None);
    let prepared = bench.prepare(&bytes(), &dataset).unwrap();
    assert_eq!(prepared.facts.splits[0].documents, 2);
    let again = regimen_data::facts_if_cached(&bench.place, &bytes(), None, &dataset).unwrap();
    assert_eq!(again.map(|f| f.dataset), Some(prepared.facts));
    let other = with(dataset, vec![exact(Level::Document)]);
    assert_eq!(bench.prepare(&bytes(), &other).unwrap().facts.splits[0].documents, 3);
}

#[test]
fn nothing_left_is_an_error_that_names_the_step() {
    let bench = Bench::new(&[("a.txt", "short\nalso short\n")]);
    let dataset = with(text("*.txt", TextDocument::Line), vec![Step::Gopher(gopher())]);
    let wrong = clean(&bench.place, &dataset, &mut NoProgress).unwrap_err();
    assert_eq!(titles(&wrong), ["E0586 cleaning leaves none of the 2 documents of `books`"]);
}

#[test]
fn lists_and_evaluation_data_are_part_of_the_key() {
    let bench = Bench::new(&[
        ("a.txt", lines_of(&[story(1), story(2)]).as_str()),
        ("exam/1.txt", &story(9)),
        ("bad.txt", "# none\nxyzzy\n"),
    ]);
    let exam = text("exam/*.txt", TextDocument::File).sources.remove(0);
    let steps = vec![
        Step::WordList(WordList { file: "bad.txt".into(), action: Action::Drop, tolerate: 0 }),
        Step::Decontaminate(Decontaminate { against: vec![exam], ngram: 12 }),
    ];
    let dataset = with(text("a.txt", TextDocument::Line), steps);
    let left = |bench: &Bench| texts(&clean(&bench.place, &dataset, &mut NoProgress).unwrap());
    assert_eq!(left(&bench).len(), 2);
    let stolen: Vec<String> = story(1).split(' ').skip(20).take(12).map(str::to_uppercase).collect();
    bench.write("exam/1.txt", stolen.join(", ").as_bytes());
    assert_eq!(left(&bench), [story(2)]);
    let word = story(2).split(' ').next().unwrap().to_string();
    bench.write("bad.txt", word.as_bytes());
    bench.write("exam/1.txt", b"nothing");
    assert_eq!(left(&bench), [story(1)]);
    bench.write("bad.txt", b"# nothing\n");
    assert_eq!(
        titles(&clean(&bench.place, &dataset, &mut NoProgress).unwrap_err()),
        ["E0583 the word list `bad.txt` is empty"]
    );
}

#[test]
fn figures_tell_language_from_words_in_any_order() {
    let play = std::fs::read_to_string("../examples/plays/henry_v.txt").unwrap();
    let speeches = |turn: fn(&[&str]) -> String| {
        let spoken = play.split("\n\n").map(|s| s.split_whitespace().skip(1).collect::<Vec<_>>());
        let rows: Vec<String> = spoken.filter(|words| words.len() > 20).map(|words| turn(&words)).collect();
        lines_of(&rows)
    };
    let mixed = |words: &[&str]| {
        let mut words: Vec<(u64, &str)> = (0..).zip(words).map(|(i, w)| (i * 7_919 % 101, *w)).collect();
        words.sort_unstable();
        words.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    };
    let misspelt = |words: &[&str]| words.join(" ").replace(" the ", " teh ").replace(" which ", " whcih ");
    let bench = Bench::new(&[
        ("true.txt", &speeches(|words| words.join(" "))),
        ("mixed.txt", &speeches(mixed)),
        ("misspelt.txt", &speeches(misspelt)),
        ("twice.txt", &format!("{0}{0}", speeches(|words| words.join(" ")))),
    ]);
    let quality = |file: &str| {
        let cleaned = clean(&bench.place, &text(file, TextDocument::Line), &mut NoProgress).unwrap();
        cleaned.reports[0].quality_after.clone()
    };
    let (good, mixed, misspelt, twice) =
        (quality("true.txt"), quality("mixed.txt"), quality("misspelt.txt"), quality("twice.txt"));
    let well = |q: &regimen_data::clean::quality::Quality| q.well_formed.value().unwrap();
    assert!(well(&good) > 0.7 && well(&mixed) < 0.3, "{} {}", well(&good), well(&mixed));
    let wrong = |q: &regimen_data::clean::quality::Quality| q.misspelt.value().unwrap();
    assert!(wrong(&good) < 0.002 && wrong(&misspelt) > 0.02, "{} {}", wrong(&good), wrong(&misspelt));
    assert_eq!((good.duplicate_documents, twice.duplicate_documents), (Some(0.0), Some(0.5)));
    assert!(twice.distinct[2].unwrap() < 0.6 * good.distinct[2].unwrap(), "{:?} {:?}", twice, good);
}

#[test]
fn a_mix_knows_how_much_of_each_source_is_left_and_records_their_classes() {
    let bench = Bench::new(&[
        ("a.txt", lines_of(&[story(1), story(2)]).as_str()),
        ("b.txt", lines_of(&[story(2), story(1), story(3)]).as_str()),
        (
            "c.csv",
            "text,label\nThis film was great,pos\nThis film was bad,neg\nThis film was so so,meh\nBad,neg\n",
        ),
    ]);
    let (mut mix, second) = (text("a.txt", TextDocument::Line), text("b.txt", TextDocument::Line));
    mix.sources.push(regimen_base::data::Source { name: "web".into(), ..second.sources[0].clone() });
    mix.clean = vec![exact(Level::Document)];
    let cleaned = clean(&bench.place, &mix, &mut NoProgress).unwrap();
    assert_eq!(cleaned.sources(), [("books".to_string(), 120), ("web".to_string(), 60)]);
    mix.clean = vec![];
    let cleaned = clean(&bench.place, &mix, &mut NoProgress).unwrap();
    assert_eq!(cleaned.sources(), [("books".to_string(), 120), ("web".to_string(), 180)]);
    let mut records = text("c.csv", TextDocument::Line);
    records.sources[0].format = regimen_base::data::Format::Labelled {
        text: "text".into(),
        label: "label".into(),
        delimiter: Some(','),
        classes: vec!["neg".into(), "pos".into()],
        stratified: false,
    };
    let report = clean(&bench.place, &records, &mut NoProgress).unwrap().reports.remove(0);
    let lines = |check: &str| report.checks[check].examples.iter().map(|e| e.line).collect::<Vec<_>>();
    assert_eq!((lines("class not declared"), lines("fewer than 3 words")), (vec![4], vec![5]));
}

/// Words of a play, so many of them from a place that the number decides.
fn passage(words: &[&str], number: u64) -> String {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let length = 20 + (mixed % 37).pow(2) as usize / 8;
    words.iter().cycle().skip((mixed % 100_003) as usize).take(length).copied().collect::<Vec<_>>().join(" ")
}

#[test]
fn tokens_are_predicted_and_the_truth_is_within_the_interval() {
    let play = std::fs::read_to_string("../examples/plays/henry_v.txt").unwrap();
    let words: Vec<&str> = play.split_whitespace().collect();
    // A tenth is too short, a fifth comes twice, some hold an address.
    let document = |i: u64| match i % 10 {
        0 => "too short".to_string() + &i.to_string(),
        1 | 2 => passage(&words, i / 20),
        3 => format!("{} somebody{i}@example.org", passage(&words, i)),
        _ => passage(&words, i),
    };
    let all: Vec<String> = (0..9_000).map(document).collect();
    let bench = Bench::new(&[("a.txt", &lines_of(&all))]);
    let steps = vec![Step::Gopher(gopher()), pii(), exact(Level::Document)];
    let dataset = with(text("*.txt", TextDocument::Line), steps);
    for tokenizer in [bytes(), bpe(600)] {
        let seeds = 0..if tokenizer == bytes() { 20 } else { 4 };
        let predicted: Vec<_> = seeds
            .map(|seed| {
                let place = &bench.place;
                let facts =
                    regimen_data::predict(place, &tokenizer, Some(&dataset), &dataset, seed, &mut NoProgress);
                let facts = facts.unwrap().unwrap();
                (facts.splits[0].tokens, facts.sampled.unwrap())
            })
            .collect();
        let truth = bench.prepare(&tokenizer, &dataset).unwrap().facts;
        let tokens = truth.splits[0].tokens;
        let hit = predicted.iter().filter(|(_, s)| s.low <= tokens && tokens <= s.high).count();
        // 95 of 100; of 20, fewer than 17 happen once in two hundred times.
        assert!(hit * 20 >= predicted.len() * 17, "{tokens} is in {hit} of {predicted:?}");
        assert!(
            predicted.iter().all(|(n, s)| s.documents == 2_000 && s.low < *n && *n < s.high),
            "{predicted:?}"
        );
        let wide = predicted.iter().map(|(n, s)| (s.high - s.low) as f64 / *n as f64).fold(0.0, f64::max);
        // Half of the sample that a tokenizer of its own learns from makes it less sure.
        let most = if tokenizer == bytes() { 0.12 } else { 0.25 };
        assert!(wide < most, "{wide}: {predicted:?}");
        // What was prepared is not predicted.
        let again =
            regimen_data::predict(&bench.place, &tokenizer, Some(&dataset), &dataset, 0, &mut NoProgress);
        assert_eq!(again.unwrap(), Some(truth));
        let _ = std::fs::remove_dir_all(&bench.place.cache);
    }
}

#[test]
fn tokens_of_a_tokenizer_whose_training_a_sample_says_little_of_are_not_predicted() {
    let bench = Bench::new(&[("a.txt", &lines_of(&["to be or not".into(), "to be that is".into()]))]);
    let dataset = with(text("*.txt", TextDocument::Line), vec![]);
    let train_on = || "books".to_string();
    let kinds = [
        TokenizerKind::Wordpiece { train_on: train_on(), vocab: 100, min_frequency: 1, lowercase: false },
        TokenizerKind::Unigram { train_on: train_on(), vocab: 100 },
    ];
    for kind in kinds {
        let tokenizer = Tokenizer { name: "words".into(), kind };
        let predicted =
            regimen_data::predict(&bench.place, &tokenizer, Some(&dataset), &dataset, 0, &mut NoProgress);
        assert_eq!(predicted.unwrap(), None, "{tokenizer:?}");
    }
}

/// The speeches of a play, a line each; `turn` says what becomes of one.
fn speeches(play: &str, turn: impl Fn(Vec<&str>) -> String) -> String {
    let text = std::fs::read_to_string(format!("../examples/plays/{play}.txt")).unwrap();
    let speeches = text.split("\n\n").map(|s| s.split_whitespace().collect::<Vec<_>>());
    lines_of(&speeches.filter(|words| words.len() > 15).map(turn).collect::<Vec<_>>())
}

/// The same words in an order that only depends on them.
fn shuffled(words: Vec<&str>) -> String {
    let mut words: Vec<(u64, &str)> =
        (1u64..).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7).zip(words).collect();
    words.sort_unstable();
    words.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

fn classifier(positive: Dataset, negative: Dataset, keep: Side) -> Step {
    let named = |name: &str, mut dataset: Dataset| {
        dataset.sources[0].name = name.into();
        vec![Dataset { name: name.into(), ..dataset }]
    };
    let (positive, negative) = (named("good", positive), named("bad", negative));
    Step::Classifier(Classifier { positive, negative, threshold: 0.5, keep, ngram: 2, seed: 0 })
}

#[test]
fn a_classifier_tells_documents_of_unseen_sources_apart() {
    let whole = |words: Vec<&str>| words.join(" ");
    let bench = Bench::new(&[("noise/n.txt", &lines_of(&(0..200).map(story).collect::<Vec<_>>()))]);
    let good =
        ["henry_v", "winters_tale", "twelfth_night", "measure_for_measure", "hamlet", "tempest", "othello"];
    for play in good {
        bench.write(&format!("good/{play}.txt"), speeches(play, whole).as_bytes());
    }
    // Other plays: no speech is on both sides.
    let bad = [
        "richard_iii",
        "romeo_and_juliet",
        "much_ado_about_nothing",
        "lear",
        "pericles",
        "macbeth",
        "coriolanus",
    ];
    for play in bad {
        bench.write(&format!("bad/{play}.txt"), speeches(play, shuffled).as_bytes());
    }
    for page in ["language", "errors", "benchmarks"] {
        let text = std::fs::read_to_string(format!("../docs/{page}.md")).unwrap();
        bench.write(&format!("docs/{page}.txt"), text.as_bytes());
    }
    let test = format!("{}{}", speeches("cymbeline", whole), speeches("john", shuffled));
    let good = speeches("cymbeline", whole).lines().count();
    bench.write("web.txt", test.as_bytes());
    let lines = |files: &str| text(files, TextDocument::Line);
    let run = |step: Step| {
        let cleaned = clean(&bench.place, &with(lines("web.txt"), vec![step]), &mut NoProgress).unwrap();
        let trained = cleaned.reports[0].steps[0].trained.clone().unwrap();
        let warnings: Vec<&str> = cleaned.warnings().iter().map(|w| w.code.0).collect::<Vec<_>>();
        let right = cleaned.documents().filter(|d| d.as_ref().unwrap().line <= good as u64).count();
        (trained, warnings, right, cleaned.reports[0].after.documents as usize)
    };
    let (trained, warnings, right, left) =
        run(classifier(lines("good/*.txt"), lines("bad/*.txt"), Side::Positive));
    assert!(trained.other_files && trained.auc > 0.92, "{trained:?}");
    assert!(trained.held_out.iter().all(|n| *n > 100) && warnings.is_empty());
    // Of plays that it never saw, most of the good half stays and most of the other goes.
    assert!(
        right * 10 > good * 8 && (left - right) * 10 < good * 4,
        "{right} of {good}, {} others",
        left - right
    );
    // Keeping the negative ones keeps the rest.
    let (_, _, right_too, left_too) =
        run(classifier(lines("good/*.txt"), lines("bad/*.txt"), Side::Negative));
    assert_eq!((right + right_too, left + left_too), (good, test.lines().count()));
    // Noise in one file, prose of another kind in several.
    let (trained, ..) = run(classifier(lines("good/*.txt"), lines("noise/*.txt"), Side::Positive));
    assert!(!trained.other_files && trained.auc > 0.99, "{trained:?}");
    let paragraphs = text("docs/*.txt", TextDocument::Paragraph);
    let (trained, ..) = run(classifier(lines("good/*.txt"), paragraphs, Side::Positive));
    assert!(trained.other_files && trained.auc > 0.98, "{trained:?}");
    // Plays against plays: nothing to learn.
    let (trained, warnings, ..) =
        run(classifier(lines("good/[hw]*.txt"), lines("good/[tm]*.txt"), Side::Positive));
    assert!(trained.auc < 0.8, "{trained:?}");
    assert_eq!(warnings, ["E0595"]);
    let few = text("docs/language.txt", TextDocument::File);
    let step = classifier(few, lines("bad/*.txt"), Side::Positive);
    let wrong = clean(&bench.place, &with(lines("web.txt"), vec![step]), &mut NoProgress).unwrap_err();
    assert_eq!(titles(&wrong), ["E0596 a classifier cannot learn from `good`: 1 different documents"]);
}

#[test]
fn a_classifier_is_the_same_for_any_number_of_threads_and_is_cached() {
    let bench = Bench::new(&[
        ("good.txt", &speeches("henry_v", |words| words.join(" "))),
        ("bad.txt", &speeches("richard_iii", shuffled)),
        ("web.txt", &speeches("cymbeline", |words| words.join(" "))),
    ]);
    let lines = |files: &str| text(files, TextDocument::Line);
    let dataset =
        with(lines("web.txt"), vec![classifier(lines("good.txt"), lines("bad.txt"), Side::Positive)]);
    let mut all = vec![];
    for threads in [1, 2, 8] {
        let _ = std::fs::remove_dir_all(&bench.place.cache);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let cleaned = pool.install(|| clean(&bench.place, &dataset, &mut NoProgress)).unwrap();
        all.push((texts(&cleaned), cleaned.reports, cleaned.key));
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    let made = || std::fs::read_dir(bench.place.cache.join("classifiers")).unwrap().count();
    let before = made();
    // Other data, the same classifier.
    let mut counting = Counting::default();
    let other = with(lines("good.txt"), dataset.sources[0].cleaning.steps.clone());
    clean(&bench.place, &other, &mut counting).unwrap();
    assert_eq!(made(), before);
    bench.write("bad.txt", speeches("john", shuffled).as_bytes());
    assert_ne!(clean(&bench.place, &dataset, &mut NoProgress).unwrap().key, all[0].2);
    assert!(made() > before);
}
