//! Conversations: turns of a system, a user and an assistant, as text through a chat template, as tokens, and which of the tokens count.
//!
//! - [`record`] makes a conversation of a record: one with turns, or an instruction with its answer;
//! - [`template`] renders it as Hugging Face's Jinja does;
//! - [`spans`] finds which characters of the text are labels;
//! - [`encode`] makes tokens of both;
//! - [`answers`] does the same for prompts with answers that are compared or judged;
//! - [`probe`] renders a small conversation, so that a template is judged before anything is trained on.
//!
//! Only the template writes special tokens ([`special`]). Where a message contains the letters of one, they stay letters: nobody ends the
//! other's turn.

pub mod answers;
pub mod encode;
pub mod known;
pub mod probe;
pub mod record;
mod source;
mod spans;
mod special;
pub mod template;

pub use answers::AnswerEncoder;
pub use encode::{Encoded, Encoder};
pub use source::{Opened, open, open_if_any};
pub use template::Template;

use regimen_base::data::Role;
use serde::{Deserialize, Serialize};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text.
    pub content: String,
}

impl Message {
    /// A message of this role.
    pub fn new(role: Role, content: &str) -> Message {
        Message { role, content: content.to_owned() }
    }
}

/// Characters that no text holds (Unicode calls them noncharacters) mark places while a template renders.
mod mark {
    /// Stands inside letters that only look like a special token, until the text is divided.
    pub const GUARD: char = '\u{fdd0}';
    /// Where what `{% generation %}` encloses begins and ends.
    pub const GENERATED: [char; 2] = ['\u{fdd1}', '\u{fdd2}'];
    /// Where the content of a message begins and ends.
    pub const CONTENT: [char; 2] = ['\u{fdd3}', '\u{fdd4}'];

    /// Whether this is one of them, or kept for more of them.
    pub fn is(c: char) -> bool {
        ('\u{fdd0}'..='\u{fdef}').contains(&c)
    }
}
