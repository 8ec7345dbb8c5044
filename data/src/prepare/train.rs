//! Training a tokenizer on the split `train` of a dataset, and on nothing else.

use super::survey::{Survey, Surveys};
use super::{Input, mix};
use crate::codes::{e0570, e0571};
use crate::progress::Progress;
use crate::tokenizer::{Bpe, Chars, Tokenize, unigram, wordpiece};
use crate::{Fault, Outcome};
use regimen_base::data::{Tokenizer, TokenizerKind};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub(super) fn train(
    tokenizer: &Tokenizer,
    input: &Input,
    surveys: &mut Surveys,
    cache: &Path,
    progress: &mut dyn Progress,
) -> Outcome<Arc<dyn Tokenize>> {
    let dataset = input.dataset;
    let Some(split) = dataset.splits.iter().position(|s| s.name == "train") else {
        return Err(vec![e0570::no_training_split(&tokenizer.name, &dataset.name)]);
    };
    let survey = surveys.of(input, cache, progress)?;
    // How far training is cannot be seen from outside; that it goes on is told by its name.
    progress.begin("training the tokenizer", None);
    let fault = Mutex::new(None);
    let most = mix::most_of_each(input.dataset, &survey, split as u32);
    let texts = texts(input, &survey, split as u32, &most, &fault);
    let trained: Result<Arc<dyn Tokenize>, Fault> = match tokenizer.kind {
        TokenizerKind::Bpe { vocab, min_frequency, .. } => {
            Bpe::train(&tokenizer.name, vocab, min_frequency, texts).map(|t| Arc::new(t) as _)
        }
        TokenizerKind::Wordpiece { vocab, min_frequency, lowercase, .. } => {
            wordpiece::train(&tokenizer.name, vocab, min_frequency, lowercase, texts)
                .map(|t| Arc::new(t) as _)
        }
        TokenizerKind::Unigram { vocab, .. } => {
            unigram::train(&tokenizer.name, vocab, texts).map(|t| Arc::new(t) as _)
        }
        TokenizerKind::Bytes | TokenizerKind::Chars { .. } | TokenizerKind::Hf { .. } => {
            let mut alphabet = BTreeSet::new();
            texts.for_each(|text| alphabet.extend(text.chars()));
            Ok(Arc::new(Chars::new(alphabet)))
        }
    };
    progress.finish();
    match fault.into_inner() {
        Ok(Some(fault)) => Err(vec![fault]),
        _ => trained.map_err(|f| vec![*f]),
    }
}

/// The texts of one split, of each source of a mix as many as its weight allows. A reader's fault ends the texts and is left in `fault`: the survey has read the
/// same files without any, so they have changed since.
fn texts<'a>(
    input: &'a Input,
    survey: &'a Survey,
    split: u32,
    most: &'a [f64],
    fault: &'a Mutex<Option<regimen_base::Diagnostic>>,
) -> impl Iterator<Item = String> + Send + 'a {
    let failed = move |wrong: regimen_base::Diagnostic| {
        if let Ok(mut slot) = fault.lock() {
            *slot = Some(wrong);
        }
        None
    };
    let lost =
        |error: &std::io::Error| e0571::bad_token_file("what is known of documents", &error.to_string());
    let documents = input.documents().zip(survey.all());
    documents
        .map_while(move |pair| match pair {
            (Ok(document), Ok(found)) => {
                let most = most.get(input.member_of(document.file));
                let taken = found.split == split && mix::is_taken(&found, most);
                Some(taken.then_some(document.text))
            }
            (Err(wrong), _) => failed(*wrong),
            (_, Err(error)) => failed(lost(&error)),
        })
        .flatten()
}
