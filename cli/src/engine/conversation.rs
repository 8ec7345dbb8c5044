//! What the model is given to go on from: a text, or the turns of a conversation through a chat template.

use crate::complain;
use regimen_base::Diagnostic;
use regimen_base::data::Role;
use regimen_cli::arguments::Generate;
use regimen_cli::output::Terminal;
use regimen_data::Tokenize;
use regimen_data::chat::{Message, Template};
use regimen_runtime::inference::{Source, unknown};
use std::path::Path;

/// Turns so far, and how they become tokens.
pub struct Conversation<'a> {
    tokenizer: &'a dyn Tokenize,
    /// None for a plain text.
    template: Option<Template>,
    messages: Vec<Message>,
}

impl<'a> Conversation<'a> {
    /// Before the first turn.
    ///
    /// # Errors
    /// If a chat is asked for and there is no template.
    pub fn begin(asked: &Generate, source: &'a Source) -> Result<Conversation<'a>, Diagnostic> {
        let read = || {
            let path = asked.template.as_deref().unwrap_or(source.folder());
            // A name as in `chat_template` of data, unless something lies there under it.
            let name = asked.template.as_deref().filter(|path| !path.exists()).and_then(Path::to_str);
            name.and_then(|name| Template::known(name, source.folder(), source.tokenizer().as_ref()))
                .unwrap_or_else(|| Template::read(path))
        };
        let template = asked.chat.then(read).transpose().map_err(|fault| *fault)?;
        let messages = asked.system.iter().map(|text| Message::new(Role::System, text)).collect();
        Ok(Conversation { tokenizer: source.tokenizer().as_ref(), template, messages })
    }

    /// The tokens of everything so far and what is said now. Warns of what the tokenizer does not know.
    ///
    /// # Errors
    /// If the template or the tokenizer refuses them.
    pub fn say(&mut self, text: &str, terminal: Terminal) -> Result<Vec<u32>, Diagnostic> {
        let tokens = match &self.template {
            None => self.tokenizer.encode(text),
            Some(template) => {
                self.messages.push(Message::new(Role::User, text));
                template.tokens(self.tokenizer, &self.messages)
            }
        };
        let tokens = tokens.map_err(|fault| *fault)?;
        let what = if self.template.is_some() { "the conversation" } else { "the prompt" };
        if let Some(warning) = unknown(self.tokenizer, what, text, &tokens) {
            complain(vec![warning], terminal);
        }
        Ok(tokens)
    }

    /// Adds what the model answered.
    pub fn heard(&mut self, text: &str) {
        self.messages.push(Message::new(Role::Assistant, text));
    }
}
