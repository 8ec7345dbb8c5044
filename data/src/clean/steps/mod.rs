//! Cleaning steps that look at one document at a time, one file each.

mod c4;
mod decontaminate;
mod fineweb;
mod gopher;
mod gopher_repetition;
pub(crate) mod language;
mod normalise;
pub(crate) mod pii;
mod word_list;

use super::classifier::Classifier;
use super::subject::Judge;
use crate::{Outcome, Place};
use regimen_base::cleaning::Step;

/// The step made ready, with what it needs from files; nothing for steps that compare documents with each other.
///
/// # Errors
/// What is wrong with its files.
pub(crate) fn judge(place: &Place, step: &Step) -> Outcome<Option<Box<dyn Judge>>> {
    Ok(Some(match step {
        Step::Normalise(asked) => Box::new(normalise::Normaliser(asked.clone())),
        Step::Language(asked) => Box::new(language::Identifier::new(asked)),
        Step::Gopher(asked) => Box::new(gopher::Quality(asked.clone())),
        Step::GopherRepetition(asked) => Box::new(gopher_repetition::Repetition(asked.clone())),
        Step::C4(asked) => Box::new(c4::Lines::new(asked)),
        Step::Fineweb(asked) => Box::new(fineweb::Quality(asked.clone())),
        Step::Pii(asked) => Box::new(pii::Finder::new(asked)?),
        Step::WordList(asked) => Box::new(word_list::Listed::read(place, asked)?),
        Step::Decontaminate(asked) => Box::new(decontaminate::Overlap::read(place, asked)?),
        Step::Classifier(asked) => Box::new(Classifier::of(place, asked)?),
        Step::Exact(_) | Step::Minhash(_) => return Ok(None),
    }))
}
