//! The last reading of a dataset of conversations: each becomes tokens and labels.

use super::build::{Stop, changed, no_facts};
use super::survey::MAX_REPORTED;
use super::{Input, Slice};
use crate::Fault;
use crate::chat::{Encoded, Encoder};
use crate::codes::e0571;
use crate::conversation_file::ConversationWriter;
use crate::progress::Progress;
use crate::read::{Document, chats};
use crate::split::NO_SPLIT;
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::SplitFacts;
use std::io;
use std::path::Path;

/// Conversations that are encoded at a time.
const GROUP: usize = 1 << 12;

/// Writes the files of all splits into the folder.
pub(super) fn write(
    folder: &Path,
    slice: Slice<'_>,
    encoder: &Encoder<'_>,
    progress: &mut dyn Progress,
) -> Result<Vec<SplitFacts>, Stop> {
    let Slice { input, survey, .. } = slice;
    progress.begin("tokenising conversations", Some(slice.bytes()));
    let vocab = encoder.vocab();
    let splits = &input.dataset.splits;
    let create = |(split, _)| ConversationWriter::create(folder, split, vocab);
    let mut writers = splits.iter().enumerate().map(create).collect::<io::Result<Vec<_>>>()?;
    let mut facts = no_facts(input, survey);
    let mut documents = slice.documents();
    let mut splits = slice.splits();
    loop {
        let group = documents.by_ref().take(GROUP).collect::<Result<Vec<Document>, Fault>>()?;
        if group.is_empty() {
            break;
        }
        for (document, encoded) in group.iter().zip(encode(input, encoder, &group)?) {
            let split = splits.next().transpose()?.unwrap_or(NO_SPLIT) as usize;
            let (Some(writer), Some(facts)) = (writers.get_mut(split), facts.get_mut(split)) else {
                continue;
            };
            writer.push(&encoded.tokens, &encoded.counts)?;
            facts.documents += 1;
            facts.bytes += document.text.len() as u64;
        }
        progress.advance(group.iter().map(|document| document.text.len() as u64).sum());
    }
    progress.finish();
    changed(input)?;
    for (writer, facts) in writers.into_iter().zip(&mut facts) {
        (facts.tokens, facts.lengths) = writer.finish()?;
    }
    Ok(facts)
}

/// All of a group, or what is wrong with its first few.
fn encode(input: &Input, encoder: &Encoder<'_>, group: &[Document]) -> Result<Vec<Encoded>, Stop> {
    let one = |document: &Document| {
        let damaged = || {
            Box::new(e0571::bad_token_file(input.file(document.file), "a conversation cannot be read back"))
        };
        let messages = chats::messages(&document.text).ok_or_else(damaged);
        messages.and_then(|messages| encoder.encode(&messages))
    };
    gathered(input, group, group.par_iter().map(one).collect())
}

/// What was made of a group, or what is wrong with its first few.
pub(super) fn gathered<T>(
    input: &Input,
    group: &[Document],
    made: Vec<Result<T, Fault>>,
) -> Result<Vec<T>, Stop> {
    let placed = |(document, fault): (&Document, &Fault)| {
        let place = format!("This is so in `{}`, line {}.", input.file(document.file), document.line);
        (**fault).clone().because(place)
    };
    let wrong = group.iter().zip(&made).filter_map(|(document, one)| Some((document, one.as_ref().err()?)));
    let wrong: Vec<Diagnostic> = wrong.map(placed).take(MAX_REPORTED).collect();
    match wrong.is_empty() {
        true => Ok(made.into_iter().collect::<Result<_, _>>()?),
        false => Err(Stop::Told(wrong)),
    }
}
