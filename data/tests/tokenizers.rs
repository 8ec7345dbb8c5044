//! Every tokenizer gives text back, and is what its `tokenizer.json` says to other tools.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

use proptest::prelude::*;
use regimen_data::Tokenize;
use regimen_data::tokenizer::{Bpe, Bytes, Chars, END_OF_TEXT, Hf, open, save, unigram, wordpiece};
use std::sync::LazyLock;
use tokenizers::Tokenizer;

const TEXT: &str = "To be, or not to be: that's the question.\nWhether 'tis nobler in the mind to suffer\n\
    The slings and arrows of outrageous fortune,\n\n  Or to take arms against 3 or 33 seas of troubles… ça été 漢字 😀\n";

static BPE: LazyLock<Bpe> = LazyLock::new(|| train(400));

fn train(vocab: u64) -> Bpe {
    Bpe::train("words", vocab, 2, std::iter::repeat_n(TEXT.to_string(), 4)).unwrap()
}

fn chars() -> Chars {
    Chars::new(TEXT.chars().collect())
}

/// The tokenizer as other tools see it.
fn theirs(tokenizer: &dyn Tokenize) -> Tokenizer {
    let mut theirs = Tokenizer::from_bytes(tokenizer.to_json()).unwrap();
    theirs.set_encode_special_tokens(true);
    theirs
}

fn ids(theirs: &Tokenizer, text: &str) -> Vec<u32> {
    theirs.encode(text, false).unwrap().get_ids().to_vec()
}

/// Text that meets the rules of words: letters, digits, spaces of all kinds, apostrophes, anything.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Z' ,.\n]{0,12}",
        1 => "[ \t\r\n\u{A0}\u{2003}]{0,6}",
        1 => "[0-9٣½ ]{0,6}",
        1 => "\\PC{0,8}",
        1 => any::<String>(),
        1 => Just(END_OF_TEXT.to_string()),
        1 => Just("to be or not ".repeat(20).replace(' ', "")),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn bytes_and_bpe_give_any_text_back(text in any_text()) {
        for tokenizer in [&Bytes as &dyn Tokenize, &*BPE] {
            let tokens = tokenizer.encode(&text).unwrap();
            prop_assert!(tokens.iter().all(|t| u64::from(*t) < tokenizer.vocab()));
            prop_assert!(!tokens.contains(&tokenizer.end_of_text()));
            prop_assert_eq!(tokenizer.decode(&tokens), text.clone());
        }
    }

    #[test]
    fn chars_give_back_what_their_alphabet_has(text in prop::collection::vec(prop::sample::select(TEXT.chars().collect::<Vec<_>>()), 0..200)) {
        let text: String = text.into_iter().collect();
        let chars = chars();
        let tokens = chars.encode(&text).unwrap();
        prop_assert_eq!(tokens.len(), text.chars().count());
        prop_assert_eq!(chars.decode(&tokens), text);
    }

    #[test]
    fn chars_have_one_token_for_every_character(text in any_text()) {
        prop_assert_eq!(chars().encode(&text).unwrap().len(), text.chars().count());
    }

    #[test]
    fn other_tools_encode_and_decode_alike(text in any_text()) {
        let chars = chars();
        for tokenizer in [&Bytes as &dyn Tokenize, &chars, &*BPE] {
            let theirs = theirs(tokenizer);
            let tokens = tokenizer.encode(&text).unwrap();
            prop_assert_eq!(&tokens, &ids(&theirs, &text), "{}", tokenizer.kind());
            prop_assert_eq!(tokenizer.decode(&tokens), theirs.decode(&tokens, false).unwrap());
        }
    }
}

#[test]
fn a_long_text_is_cut_into_pieces() {
    let text = "One line of a long play.\n".repeat(50_000);
    assert!(BPE.pieces(&text).len() > 3);
    assert_eq!(BPE.pieces("one line"), ["one line"]);
    assert_eq!(BPE.pieces(""), [""]);
}

#[test]
fn one_long_word_takes_no_quadratic_time() {
    let word = "nottobe".repeat(200_000);
    let start = std::time::Instant::now();
    let tokens = BPE.encode(&word).unwrap();
    assert_eq!(BPE.decode(&tokens), word);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn training_depends_neither_on_order_nor_on_threads() {
    let texts: Vec<String> =
        (0..200).map(|i| format!("{} {} {i}", &TEXT[..i % 90], TEXT.to_uppercase())).collect();
    let trained = |threads: usize, reversed: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut texts = texts.clone();
        if reversed {
            texts.reverse();
        }
        pool.install(|| Bpe::train("words", 600, 2, texts.into_iter()).unwrap().to_json())
    };
    let once = trained(1, false);
    assert_eq!(once, trained(1, false));
    assert_eq!(once, trained(2, false));
    assert_eq!(once, trained(8, true));
}

#[test]
fn saved_tokenizers_are_what_they_were() {
    let chars = chars();
    for tokenizer in [&Bytes as &dyn Tokenize, &chars, &*BPE] {
        let folder = tempfile::tempdir().unwrap();
        save(tokenizer, None, folder.path()).unwrap();
        let again = open("checkpoint", folder.path(), None).unwrap();
        assert_eq!(again.kind(), tokenizer.kind());
        assert_eq!(again.to_json(), tokenizer.to_json());
        assert_eq!(again.end_of_text(), tokenizer.end_of_text());
        assert_eq!(again.encode(TEXT).unwrap(), tokenizer.encode(TEXT).unwrap());
    }
}

#[test]
fn a_tokenizer_json_is_read_whatever_it_cuts_off_or_drops() {
    let json = BPE
        .to_json()
        .replace(
            r#""truncation":null"#,
            r#""truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst","stride":0}"#,
        )
        .replace(r#""dropout":null"#, r#""dropout":0.5"#);
    assert_ne!(json, BPE.to_json());
    let hf = Hf::from_json("tokenizer.json", json, None).unwrap();
    assert_eq!(hf.encode(TEXT).unwrap(), BPE.encode(TEXT).unwrap());
    assert_eq!(hf.encode(END_OF_TEXT).unwrap(), BPE.encode(END_OF_TEXT).unwrap());
    assert_eq!(hf.decode(&hf.encode(TEXT).unwrap()), TEXT);
    assert_eq!((hf.vocab(), hf.end_of_text()), (BPE.vocab(), BPE.end_of_text()));
}

#[test]
fn the_end_of_text_token_is_taken_from_the_files_beside() {
    let folder = tempfile::tempdir().unwrap();
    let json = BPE.to_json().replace(END_OF_TEXT, "<stop>");
    std::fs::write(folder.path().join("tokenizer.json"), json).unwrap();
    let missing = open("words", folder.path(), None).unwrap_err();
    assert_eq!(missing.code.0, "E0560");
    let wrong = open("words", folder.path(), Some("<halt>")).unwrap_err();
    assert!(wrong.title.contains("<halt>"));
    assert_eq!(open("words", folder.path(), Some("<stop>")).unwrap().end_of_text(), BPE.end_of_text());
    std::fs::write(folder.path().join("special_tokens_map.json"), r#"{"eos_token": {"content": "<stop>"}}"#)
        .unwrap();
    assert_eq!(open("words", folder.path(), None).unwrap().end_of_text(), BPE.end_of_text());
}

#[test]
fn broken_tokenizer_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(open("words", folder.path(), None).unwrap_err().code.0, "E0559");
    for content in
        ["", "{}", "[1]", r#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}"#]
    {
        std::fs::write(folder.path().join("tokenizer.json"), content).unwrap();
        let fault = open("words", folder.path(), None).unwrap_err();
        assert_eq!(fault.code.0, "E0559", "{content}");
        assert!(fault.title.contains("words/tokenizer.json"), "{}", fault.title);
    }
}

#[test]
fn a_vocabulary_without_room_for_the_bytes_is_refused() {
    let fault = Bpe::train("words", 256, 1, std::iter::empty()).unwrap_err();
    assert_eq!(fault.code.0, "E0561");
    assert_eq!(Bpe::train("words", 257, 1, std::iter::empty()).unwrap().vocab(), 257);
}

/// Text with rare characters, so that some lose their piece, and lines to shuffle.
fn lines() -> Vec<String> {
    let words = [
        "storm", "stormy", "river", "rivers", "candle", "candles", "winter", "wintry", "meadow", "Über",
        "naïve", "42",
    ];
    let line = |i: usize| {
        (0..9).map(|at| words[(i * 7 + at * at * (i % 5 + 1)) % words.len()]).collect::<Vec<_>>().join(" ")
    };
    let rare = ["x = {1}; y ~ z", "日本 and 🙂", "q\\w|e", "  two  spaces\tand a tab"];
    (0..300).map(line).chain(rare.map(str::to_owned)).collect()
}

type Train = fn(Vec<String>) -> Hf;

#[test]
fn wordpiece_and_unigram_are_the_same_whatever_the_order_and_the_threads() {
    let wordpiece: Train = |texts| wordpiece::train("words", 220, 2, true, texts.into_iter()).unwrap();
    let unigram: Train = |texts| unigram::train("words", 400, texts.into_iter()).unwrap();
    for train in [wordpiece, unigram] {
        let first = train(lines()).to_json();
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut texts = lines();
            texts.rotate_left(97);
            texts.reverse();
            let again = pool.install(|| train(texts).to_json());
            assert!(first == again, "{threads} threads");
        }
    }
}

#[test]
fn a_unigram_model_gives_every_text_back() {
    let words = unigram::train("words", 400, lines().into_iter()).unwrap();
    // So few words have no more pieces.
    assert!((280..400).contains(&words.vocab()), "{}", words.vocab());
    let texts = lines().into_iter().chain(
        ["", " ", "never ssen: ж\u{0}\r\n", "</s> <mask><unk> <0x41>", "<0x00> <s> <pad>"].map(str::to_owned),
    );
    for text in texts {
        let tokens = words.encode(&text).unwrap();
        assert_eq!(words.decode(&tokens), text);
        assert!(!tokens.contains(&words.end_of_text()), "letters stay letters");
    }
    // Also where the text that it was trained on has none of the letters.
    let plain = unigram::train("words", 400, ["жук жуки"; 9].map(str::to_owned).into_iter()).unwrap();
    for text in ["</s> <mask><unk> <0x41>", "<0xD0>ж"] {
        let tokens = plain.encode(text).unwrap();
        assert_eq!(plain.decode(&tokens), text);
        assert!(!tokens.iter().any(|token| *token < 5), "letters stay letters");
    }
    assert!(words.encode("storm river candle").unwrap().len() <= 6, "pieces are words");
    let marks = words.marks();
    assert_eq!((marks.begin, marks.end, marks.padding, words.mask()), (Some(1), Some(2), Some(3), Some(4)));
    let small = unigram::train("words", 270, lines().into_iter()).unwrap_err();
    assert_eq!(small.code.0, "E0561");
}

#[test]
fn wordpiece_gives_words_back_in_lower_case() {
    let words = wordpiece::train("words", 220, 2, true, lines().into_iter()).unwrap();
    let back = |text: &str| words.decode(&words.encode(text).unwrap());
    assert_eq!(back("Storm rivers  Über 42"), "storm rivers uber 42");
    assert_eq!(words.end_of_text(), 3);
    let marks = words.marks();
    assert_eq!((marks.begin, marks.end, marks.padding, words.mask()), (Some(2), Some(3), Some(0), Some(4)));
    let cased = wordpiece::train("words", 220, 2, false, lines().into_iter()).unwrap();
    assert_eq!(cased.decode(&cased.encode("Über naïve").unwrap()), "Über naïve");
    assert_eq!(wordpiece::train("words", 20, 2, true, lines().into_iter()).unwrap_err().code.0, "E0561");
}
