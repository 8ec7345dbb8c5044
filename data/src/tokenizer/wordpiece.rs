//! WordPiece, trained here: BERT's kind of tokenizer for the experiment's own text.
//!
//! The `tokenizers` crate trains and encodes. Its trainer numbers the characters inside of words in the order in which a hash map gives them,
//! which is another one each time; here they are numbered before, in the order of their code points.

use super::Hf;
use crate::Fault;
use crate::codes::{e0559, e0561};
use std::collections::{BTreeMap, BTreeSet};
use tokenizers::decoders::wordpiece::WordPiece as Decoder;
use tokenizers::models::wordpiece::{WordPiece, WordPieceTrainerBuilder};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer, Tokenizer, Trainer,
};

/// As in BERT, which knows them by their numbers.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const UNKNOWN: &str = "[UNK]";
const END: &str = "[SEP]";
const INSIDE: &str = "##";

/// Trains a tokenizer of `vocab` tokens on the texts; pairs that occur less than `min_frequency` times are not merged. Neither the order of
/// the texts nor the number of threads matters.
///
/// # Errors
/// If the vocabulary has no room for every character, alone and inside a word.
pub fn train(
    name: &str,
    vocab: u64,
    min_frequency: u64,
    lowercase: bool,
    texts: impl Iterator<Item = String> + Send,
) -> Result<Hf, Fault> {
    let failed = |e: tokenizers::Error| Box::new(e0559::bad_tokenizer_file(name, &e.to_string()));
    let normalizer = BertNormalizer::new(true, true, None, lowercase);
    let size = usize::try_from(vocab).unwrap_or(usize::MAX);
    let trainer = |special: Vec<AddedToken>| {
        WordPieceTrainerBuilder::new()
            .vocab_size(size)
            .min_frequency(min_frequency)
            .limit_alphabet(usize::MAX)
            .show_progress(false)
            .special_tokens(special)
            .build()
    };
    let mut inside: BTreeSet<char> = BTreeSet::new();
    let mut alphabet: BTreeSet<char> = BTreeSet::new();
    // How often each occurs: all of them one by one would take several times the memory of the text.
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        let found = divided(&normalizer, &text).map_err(failed)?;
        for word in found {
            alphabet.extend(word.chars());
            inside.extend(word.chars().skip(1));
            *words.entry(word).or_default() += 1;
        }
    }
    let needed = (SPECIAL.len() + alphabet.len() + inside.len()) as u64;
    if vocab < needed {
        return Err(Box::new(e0561::too_small_for_characters(name, vocab, needed)));
    }
    let numbered = inside.iter().map(|c| AddedToken::from(format!("{INSIDE}{c}"), false));
    let first = SPECIAL.iter().map(|token| AddedToken::from(*token, true));
    let mut trainer = trainer(first.chain(numbered).collect());
    let all = words.into_iter().flat_map(|(word, count)| std::iter::repeat_n(word, count));
    trainer.feed(all, |word| Ok(vec![word.to_owned()])).map_err(failed)?;
    let mut model = WordPiece::builder().unk_token(UNKNOWN.into()).build().map_err(failed)?;
    trainer.train(&mut model).map_err(failed)?;
    let mut tokenizer = Tokenizer::new(model);
    let number = |token: &str| tokenizer.token_to_id(token).unwrap_or(0);
    let (begin, end) = (number("[CLS]"), number(END));
    let around = BertProcessing::new((END.into(), end), ("[CLS]".into(), begin));
    tokenizer
        .with_normalizer(Some(normalizer))
        .map_err(failed)?
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(around))
        .with_decoder(Some(Decoder::new(INSIDE.into(), false)));
    tokenizer.add_special_tokens(SPECIAL.map(|token| AddedToken::from(token, true))).map_err(failed)?;
    let json = tokenizer.to_string(false).map_err(failed)?;
    Hf::from_json(name, json, Some(END))
}

/// The words of a text, as the tokenizer will find them.
fn divided(normalizer: &BertNormalizer, text: &str) -> tokenizers::Result<Vec<String>> {
    let mut normalized = NormalizedString::from(text);
    normalizer.normalize(&mut normalized)?;
    let mut words = PreTokenizedString::from(normalized);
    BertPreTokenizer.pre_tokenize(&mut words)?;
    let splits = words.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(splits.into_iter().map(|(word, ..)| word.to_owned()).collect())
}
