//! Which characters of a rendered conversation are labels.
//!
//! A template that marks them with `{% generation %}` is taken at its word. Of any other, the assistant's part of a turn is what
//! rendering adds to the prompt that the model is given there when it generates: the conversation before the turn with the generation
//! prompt is a beginning of the conversation up to the turn, and this one of the whole. Where that is not so, nothing is guessed.
//!
//! What counts ends with the first special token after the message: the one that ends the turn. White space that a template writes
//! after it is never generated.

use super::mark::CONTENT;
use super::special::Specials;
use super::{Message, Template};
use crate::Fault;
use crate::codes::e0593;
use regimen_base::data::Role;
use std::ops::Range;

/// A rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    /// The text; letters of messages that look like special tokens are guarded.
    pub text: String,
    /// Where the content of each message stands, without white space around it.
    pub contents: Vec<Range<usize>>,
    /// What counts, in order, without overlaps.
    pub counted: Vec<Range<usize>>,
}

/// Renders guarded messages and finds what counts.
///
/// # Errors
/// If the template refuses the messages, or does not show which part is whose.
pub(super) fn render(
    template: &Template,
    special: &Specials,
    messages: &[Message],
    train_on: &[Role],
) -> Result<Rendered, Fault> {
    let text = template.render(messages, false)?;
    let contents = contents(template, messages, &text)?;
    let counted = if template.is_tagged() && train_on == [Role::Assistant] {
        tagged(template, messages)?
    } else {
        let turns = Turns { template, special, messages, text: &text, contents: &contents };
        turns.counted(train_on)?
    };
    Ok(Rendered { text, contents, counted })
}

/// Where each message's content stands.
fn contents(template: &Template, messages: &[Message], text: &str) -> Result<Vec<Range<usize>>, Fault> {
    let [begin, end] = CONTENT;
    let marked = |m: &Message| {
        // Inside of white space, so that templates that trim do what they always do.
        let inner = m.content.trim();
        let at = m.content.len() - m.content.trim_start().len();
        let (before, rest) = m.content.split_at(at);
        let after = rest.get(inner.len()..).unwrap_or_default();
        Message::new(m.role, &format!("{before}{begin}{inner}{end}{after}"))
    };
    let messages: Vec<Message> = messages.iter().map(marked).collect();
    let (plain, found) = unmarked(&template.render(&messages, false)?, CONTENT);
    if plain != text {
        return Err(Box::new(e0593::content(
            "it writes a message otherwise, depending on how the message begins or ends",
        )));
    }
    match found {
        Some(found) if found.len() == messages.len() => Ok(found),
        _ => Err(Box::new(e0593::content("it does not write every message once"))),
    }
}

/// What the template's tags enclose.
fn tagged(template: &Template, messages: &[Message]) -> Result<Vec<Range<usize>>, Fault> {
    let (_, found) = unmarked(&template.render_marked(messages, false)?, super::mark::GENERATED);
    found.ok_or_else(|| Box::new(e0593::content("its tags `generation` lie inside each other")))
}

/// The text without these marks, and what each pair encloses; none if they do not alternate.
fn unmarked(marked: &str, [begin, end]: [char; 2]) -> (String, Option<Vec<Range<usize>>>) {
    let mut text = String::with_capacity(marked.len());
    let (mut found, mut open, mut sound) = (vec![], None, true);
    for c in marked.chars() {
        if c == begin {
            sound &= open.replace(text.len()).is_none();
        } else if c == end {
            match open.take() {
                Some(start) => found.push(start..text.len()),
                None => sound = false,
            }
        } else {
            text.push(c);
        }
    }
    (text, (sound && open.is_none()).then_some(found))
}

/// What the spans of turns follow from.
struct Turns<'a> {
    template: &'a Template,
    special: &'a Specials,
    messages: &'a [Message],
    text: &'a str,
    contents: &'a [Range<usize>],
}

impl Turns<'_> {
    fn counted(&self, train_on: &[Role]) -> Result<Vec<Range<usize>>, Fault> {
        let mut found: Vec<Range<usize>> = vec![];
        for (turn, message) in self.messages.iter().enumerate() {
            if train_on.contains(&message.role) {
                let span = self.span(turn, message.role)?;
                if found.last().is_some_and(|last| last.end > span.start) {
                    return Err(Box::new(e0593::turn(turn, "it lies inside another turn")));
                }
                found.push(span);
            }
        }
        Ok(found)
    }

    fn span(&self, turn: usize, role: Role) -> Result<Range<usize>, Fault> {
        let content = self.contents.get(turn).cloned().unwrap_or_default();
        let next = self.contents.get(turn + 1).map_or(self.text.len(), |next| next.start);
        if role != Role::Assistant {
            let stop = self.special.first(self.text, content.end).map(|(range, _)| range.end);
            let end = stop.filter(|end| *end <= next).unwrap_or(content.end);
            return Ok(content.start..end);
        }
        let begin = self.prompt(turn)?;
        let through = self.through(turn)?;
        if content.start < begin || content.end > through || through > next {
            return Err(Box::new(e0593::turn(turn, "its text does not lie behind the prompt of its turn")));
        }
        let stop = self.special.first(self.text, content.end).map(|(range, _)| range.end);
        Ok(begin..stop.filter(|end| *end <= through).unwrap_or(through))
    }

    /// Where the answer of a turn begins.
    fn prompt(&self, turn: usize) -> Result<usize, Fault> {
        let before = self.messages.get(..turn).unwrap_or_default();
        let prompt = self.template.render(before, true)?;
        match self.text.starts_with(&prompt) {
            true => Ok(prompt.len()),
            false => Err(Box::new(e0593::turn(turn, "the prompt for it is not how the conversation begins"))),
        }
    }

    /// Where a turn ends with all that the template writes after it.
    fn through(&self, turn: usize) -> Result<usize, Fault> {
        let until = self.messages.get(..=turn).unwrap_or_default();
        if until.len() == self.messages.len() {
            return Ok(self.text.len());
        }
        let through = self.template.render(until, false)?;
        match self.text.starts_with(&through) {
            true => Ok(through.len()),
            false => {
                Err(Box::new(e0593::turn(turn, "the conversation up to it is not how the whole begins")))
            }
        }
    }
}
