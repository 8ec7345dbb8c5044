//! A unigram language model of pieces, trained here: SentencePiece's kind of tokenizer for the experiment's own text.
//!
//! The `tokenizers` crate trains and encodes. Its trainer adds floating-point numbers in an order that depends on the number of threads and
//! on hash maps; here it is given words in their order, has one thread, and what hash maps decide afterwards (numbers of pieces with equal
//! scores, scores of characters that no piece is left of) is decided anew.
//!
//! Spaces are part of pieces, nothing is normalised, and characters without a piece become bytes: every text comes back as it was, but for
//! the sign that stands for spaces.

use super::Hf;
use crate::Fault;
use crate::codes::{e0559, e0561};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::models::unigram::{Unigram, UnigramTrainer};
use tokenizers::normalizers::replace::Replace;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer};

const SPECIAL: [&str; 5] = ["<unk>", "<s>", "</s>", "<pad>", "<mask>"];
const UNKNOWN: usize = 0;
const END: &str = "</s>";
const SPACE: char = '\u{2581}';

/// Score of special tokens and bytes. The model takes its pieces wherever the text has their letters, so text that is written like one of
/// them would become it; this is less than the letters of any of them have together, which all have pieces of their own.
const RESERVED: f64 = -1e4;

/// What special tokens and bytes are written with.
const LETTERS: &str = "</>0123456789ABCDEFadkmnpsux";

/// What each of the characters that lost their piece has more than the one before it: the trainer's.
const STEP: f64 = 0.0001;

/// Trains a tokenizer of `vocab` tokens on the texts. Neither the order of the texts nor the number of threads matters.
///
/// # Errors
/// If the vocabulary has no room for every character.
pub fn train(name: &str, vocab: u64, texts: impl Iterator<Item = String> + Send) -> Result<Hf, Fault> {
    let failed = |why: String| Box::new(e0559::bad_tokenizer_file(name, &why));
    let mut words: BTreeMap<String, u32> = BTreeMap::new();
    for text in texts {
        for word in divided(&text).map_err(|e| failed(e.to_string()))? {
            let count = words.entry(word).or_default();
            *count = count.saturating_add(1);
        }
    }
    let found: BTreeSet<char> = words.keys().flat_map(|word| word.chars()).collect();
    let first =
        (SPECIAL.len() + 256 + LETTERS.chars().filter(|letter| !found.contains(letter)).count()) as u64;
    let needed = first + found.len() as u64 + 1;
    if vocab < needed {
        return Err(Box::new(e0561::too_small_for_characters(name, vocab, needed)));
    }
    let size = u32::try_from(vocab - first).unwrap_or(u32::MAX);
    let pieces = pieces(size, words.into_iter().collect()).map_err(failed)?;
    assembled(pieces)
        .and_then(|tokenizer| tokenizer.to_string(false))
        .map_err(|e| failed(e.to_string()))
        .and_then(|json| Hf::from_json(name, json, Some(END)))
}

/// The words of a text with the spaces before them, as the tokenizer will find them.
fn divided(text: &str) -> tokenizers::Result<Vec<String>> {
    let mut words = PreTokenizedString::from(text);
    spaces().pre_tokenize(&mut words)?;
    let splits = words.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(splits.into_iter().map(|(word, ..)| word.to_owned()).collect())
}

fn spaces() -> Metaspace {
    Metaspace::new(SPACE, PrependScheme::Never, true)
}

/// Pieces with their scores, the likeliest first.
fn pieces(size: u32, words: Vec<(String, u32)>) -> Result<Vec<(String, f64)>, String> {
    let trainer = UnigramTrainer::builder()
        .show_progress(false)
        .vocab_size(size)
        .unk_token(None)
        .special_tokens(vec![])
        .build()
        .map_err(|e| e.to_string())?;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| e.to_string())?;
    let mut model = Unigram::default();
    // The trainer compares numbers that it takes for granted to be some: a text that breaks it must not end the process.
    let trained = catch_unwind(AssertUnwindSafe(|| alone.install(|| trainer.do_train(words, &mut model))));
    match trained {
        Ok(Ok(_)) => Ok(in_order(model.iter().cloned().collect())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its trainer gave up: the text may be too small for such a vocabulary".into()),
    }
}

/// The same pieces, whatever hash maps made of them: characters that lost their piece have the lowest scores, a step between two of them, in
/// no order; they get them in that of their code points.
fn in_order(mut pieces: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let single = |piece: &str| piece.chars().nth(1).is_none();
    let least = pieces.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    let mut steps: Vec<(String, f64)> = vec![];
    let mut penalty = 0.0;
    loop {
        // Pieces that were learned may have the least score too: all of a score are taken together, so that it does not matter which is which.
        let these = pieces.iter().filter(|(piece, score)| single(piece) && *score == least + penalty);
        let before = steps.len();
        steps.extend(these.cloned());
        if steps.len() == before {
            break;
        }
        penalty += STEP;
    }
    let mut lost: Vec<String> = steps.iter().map(|(piece, _)| piece.clone()).collect();
    lost.sort_unstable();
    let given: BTreeMap<String, f64> =
        lost.into_iter().zip(steps.into_iter().map(|(_, score)| score)).collect();
    for (piece, score) in &mut pieces {
        *score = given.get(piece).copied().unwrap_or(*score);
    }
    pieces.sort_by(|(a, one), (b, other)| other.total_cmp(one).then_with(|| a.cmp(b)));
    pieces
}

fn assembled(pieces: Vec<(String, f64)>) -> tokenizers::Result<Tokenizer> {
    let special = SPECIAL.map(|token| (token.to_owned(), RESERVED));
    let bytes = (0..=255u8).map(|byte| (format!("<0x{byte:02X}>"), RESERVED));
    // A piece that is written like a special token or a byte would have two numbers.
    let reserved: BTreeSet<String> =
        special.iter().map(|(token, _)| token.clone()).chain(bytes.clone().map(|(token, _)| token)).collect();
    let least = pieces.iter().map(|(_, score)| *score).fold(0.0, f64::min);
    let lacking = |letter: &char| !pieces.iter().any(|(piece, _)| piece.chars().eq([*letter]));
    let letters: Vec<(String, f64)> =
        LETTERS.chars().filter(lacking).map(|letter| (letter.to_string(), least)).collect();
    let own = pieces.into_iter().filter(|(piece, _)| !reserved.contains(piece));
    let vocab = special.into_iter().chain(bytes).chain(own).chain(letters).collect();
    let mut tokenizer = Tokenizer::new(Unigram::from(vocab, Some(UNKNOWN), true)?);
    let back = Sequence::new(vec![
        Replace::new(SPACE.to_string(), " ")?.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ]);
    let around = TemplateProcessing::builder()
        .try_single("<s> $A </s>")?
        .try_pair("<s> $A </s> </s> $B:1 </s>:1")?
        .special_tokens(vec![("<s>", 1), (END, 2)])
        .build()?;
    tokenizer.with_pre_tokenizer(Some(spaces())).with_decoder(Some(back)).with_post_processor(Some(around));
    tokenizer.add_special_tokens(SPECIAL.map(|token| AddedToken::from(token, true)))?;
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hash_maps_decide_is_decided_anew() {
        let pieces = |order: [(&str, f64); 6]| {
            in_order(order.map(|(piece, score)| (piece.to_owned(), score)).to_vec())
        };
        let (low, second, third) = (-9.0, -9.0 + STEP, -9.0 + (STEP + STEP));
        let one = pieces([("ab", -1.0), ("a", -2.0), ("b", -2.0), ("z", low), ("x", second), ("y", third)]);
        let other = pieces([("b", -2.0), ("x", low), ("ab", -1.0), ("y", second), ("z", third), ("a", -2.0)]);
        assert_eq!(one, other);
        assert_eq!(one.iter().map(|(piece, _)| piece.as_str()).collect::<String>(), "ababzyx");
    }
}
