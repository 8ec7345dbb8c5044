//! What a dataset's chat template makes of a small conversation under a tokenizer.

use super::{Surveys, Work, chat_of, tokenizer_facts_if_cached};
use crate::cache::entry::{Entry, Found};
use crate::cache::key_of;
use crate::chat::{Encoder, probe};
use crate::files::Place;
use crate::progress::{NoProgress, Progress};
use crate::tokenizer::facts_of;
use crate::{Outcome, prepare::build};
use regimen_base::data::{Dataset, Probe, Tokenizer, TokenizerKind};

/// Renders the probe, or takes it from the cache; a tokenizer that must be trained is.
///
/// # Errors
/// If there is no usable template or tokenizer, or the template does not show which part is whose.
pub fn chat_probe(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    progress: &mut dyn Progress,
) -> Outcome<Option<Probe>> {
    let (Some(chats), Some(opened)) = (dataset.chats(), chat_of(place, tokenizer, dataset)?) else {
        return Ok(None);
    };
    let entry = |content: &str| {
        let key = key_of(&("probe", opened.key(), content, &chats.train_on));
        Entry::new(&place.cache, "probes", &key)
    };
    let known = tokenizer_facts_if_cached(place, tokenizer, train_on)?;
    if let Some(facts) = known
        && let Found::Whole(probe) = entry(&facts.content).look()
    {
        return Ok(Some(probe));
    }
    let mut work = Work { place, progress, surveys: Surveys::default(), warnings: Vec::new() };
    let input = train_on.map(|d| work.input(d)).transpose()?;
    let ready = work.tokenizer(tokenizer, input.as_ref())?;
    let encoder = Encoder::new(opened.template(ready.as_ref())?, ready.as_ref(), &chats.train_on);
    let found = probe::probe(&encoder).map_err(|fault| vec![*fault])?;
    let entry = entry(&facts_of(ready.as_ref()).content);
    let lock = work.lock(&entry)?;
    super::store(&entry, &lock, |_| Ok::<_, build::Stop>(found.clone()))?;
    Ok(Some(found))
}

/// The same if no tokenizer must be trained for it.
///
/// # Errors
/// As for [`chat_probe`].
pub fn chat_probe_if_cached(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
) -> Outcome<Option<Probe>> {
    let ready = match tokenizer.kind {
        TokenizerKind::Bytes | TokenizerKind::Hf { .. } => true,
        _ => tokenizer_facts_if_cached(place, tokenizer, train_on)?.is_some(),
    };
    if ready { chat_probe(place, tokenizer, train_on, dataset, &mut NoProgress) } else { Ok(None) }
}
