//! A small conversation, rendered to see what a template makes of it before anything is trained on.

use super::{Encoder, Message};
use crate::Fault;
use regimen_base::data::{Probe, ProbeTurn, Role};

/// Two questions with their answers. No system speaks: some templates refuse that.
const TURNS: [(Role, &str); 4] = [
    (Role::User, "What is the capital of France?"),
    (Role::Assistant, "Paris."),
    (Role::User, "And of Italy?"),
    (Role::Assistant, "It is Rome."),
];

/// Renders the probe.
///
/// # Errors
/// As for [`Encoder::encode`].
pub fn probe(encoder: &Encoder<'_>) -> Result<Probe, Fault> {
    let messages: Vec<Message> = TURNS.iter().map(|(role, text)| Message::new(*role, text)).collect();
    let rendered = encoder.render(&messages)?;
    let encoded = encoder.tokens(&rendered)?;
    let turn = |(index, message): (usize, &Message)| {
        let content = rendered.contents.get(index).cloned().unwrap_or_default();
        let next = rendered.contents.get(index + 1).map_or(rendered.text.len(), |next| next.start);
        let stop = encoder.special.first(&rendered.text, content.end);
        let stop = stop.filter(|(range, _)| range.end <= next);
        ProbeTurn {
            role: message.role,
            content_counts: super::encode::counts(&rendered.counted, content.start),
            end: stop.as_ref().map(|(_, token)| token.content.clone()),
            end_counts: stop.is_some_and(|(range, _)| super::encode::counts(&rendered.counted, range.start)),
            after: rendered.text.get(content.end..next).unwrap_or_default().chars().take(40).collect(),
        }
    };
    Ok(Probe {
        tokens: encoded.tokens.len() as u64,
        supervised: encoded.counts.iter().filter(|counts| **counts).count() as u64,
        turns: messages.iter().enumerate().map(turn).collect(),
    })
}
