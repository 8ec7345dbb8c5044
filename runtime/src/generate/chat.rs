//! Conversations with a tuned model: messages through the tokenizer's chat template, Hugging Face's Jinja.
//!
//! Only the template writes special tokens. Where a message contains the letters of one, they stay letters: nobody ends the other's turn.

use crate::run::codes;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, context};
use regimen_base::Diagnostic;
use regimen_data::Tokenize;
use serde_json::Value;
use std::path::Path;

/// Stands inside letters that only look like a special token, until the text is divided. No text holds it: it is no character.
const GUARD: char = '\u{fdd0}';

/// Instructions that a template may take: thousands of messages, and no endless loop.
const FUEL: u64 = 10_000_000;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// Its text.
    pub content: String,
}

impl Message {
    /// A message of this role.
    pub fn new(role: &str, content: &str) -> Message {
        Message { role: role.to_owned(), content: content.to_owned() }
    }
}

/// A chat template and the tokens that it mentions.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    beginning: String,
    end: String,
}

impl Template {
    /// From a folder with `tokenizer_config.json` (or `chat_template.jinja`), or from one of these files.
    ///
    /// # Errors
    /// If there is no template.
    pub fn read(path: &Path) -> Result<Template, Diagnostic> {
        let failed = |file: &Path, why: String| codes::template_refused(&file.display().to_string(), &why);
        let text = |file: &Path| std::fs::read_to_string(file).map_err(|e| failed(file, e.to_string()));
        let (config, jinja) = match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => (path.join("tokenizer_config.json"), path.join("chat_template.jinja")),
            Some("json") => (path.to_owned(), Default::default()),
            _ => (Default::default(), path.to_owned()),
        };
        let described: Value = match config.is_file() {
            true => serde_json::from_str(&text(&config)?).map_err(|e| failed(&config, e.to_string()))?,
            false => Value::Null,
        };
        let source = match jinja.is_file() {
            true => Some(text(&jinja)?),
            false => template_of(&described),
        };
        let named = |key: &str| token_of(&described, key).unwrap_or_default();
        match source {
            Some(source) => Ok(Template { source, beginning: named("bos_token"), end: named("eos_token") }),
            None => Err(failed(path, "there is no chat template".to_owned())),
        }
    }

    /// The text of a conversation, up to where the model's answer begins.
    ///
    /// # Errors
    /// If the template is wrong, or refuses the messages.
    fn render(&self, messages: &[Message]) -> Result<String, Diagnostic> {
        let refused = |e: &Error| codes::template_refused("the chat template", &e.to_string());
        let mut environment = Environment::new();
        // As transformers has it.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| refused(&e))?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |why: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, why))
        });
        let one = |m: &Message| context! { role => m.role.as_str(), content => m.content.as_str() };
        let messages: Vec<minijinja::Value> = messages.iter().map(one).collect();
        let rendered = environment.render_str(
            &self.source,
            context! {
                messages => messages,
                add_generation_prompt => true,
                bos_token => self.beginning.as_str(),
                eos_token => self.end.as_str(),
            },
        );
        rendered.map_err(|e| refused(&e))
    }

    /// The tokens of a conversation, up to where the model's answer begins.
    ///
    /// # Errors
    /// As for rendering, or if the tokenizer does not know a piece of the text.
    pub fn tokens(&self, tokenizer: &dyn Tokenize, messages: &[Message]) -> Result<Vec<u32>, Diagnostic> {
        let special = special_tokens(tokenizer);
        let guarded = |message: &Message| Message::new(&message.role, &guarded(&message.content, &special));
        let messages: Vec<Message> = messages.iter().map(guarded).collect();
        let text = self.render(&messages)?;
        let mut tokens = vec![];
        for part in divided(&text, &special) {
            match part {
                Part::Special(id) => tokens.push(id),
                Part::Text(text) => {
                    let plain = text.replace(GUARD, "");
                    tokens.extend(tokenizer.encode(&plain).map_err(|fault| *fault)?);
                }
            }
        }
        Ok(tokens)
    }
}

/// `chat_template`: a text, or a list of named ones with one called `default`.
fn template_of(config: &Value) -> Option<String> {
    match config.get("chat_template")? {
        Value::String(source) => Some(source.clone()),
        Value::Array(all) => {
            let chosen = all.iter().find(|t| t.get("name").and_then(Value::as_str) == Some("default"))?;
            chosen.get("template")?.as_str().map(str::to_owned)
        }
        _ => None,
    }
}

/// A token of the configuration: its text, or an object with `content`.
fn token_of(config: &Value, key: &str) -> Option<String> {
    let token = config.get(key)?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}

/// Special tokens as they are written, with their ids.
fn special_tokens(tokenizer: &dyn Tokenize) -> Vec<(String, u32)> {
    let json: Value = serde_json::from_str(&tokenizer.to_json()).unwrap_or_default();
    let added = json.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |token: &Value| {
        let special = token.get("special").and_then(Value::as_bool)?;
        let content = token.get("content").and_then(Value::as_str).filter(|content| !content.is_empty())?;
        let id = u32::try_from(token.get("id")?.as_u64()?).ok()?;
        special.then(|| (content.to_owned(), id))
    };
    added.iter().filter_map(one).collect()
}

/// The text with a guard inside everything that looks like a special token.
fn guarded(text: &str, special: &[(String, u32)]) -> String {
    let mut text = text.replace(GUARD, "");
    for (token, _) in special {
        let first = token.chars().next().map_or(0, char::len_utf8);
        let (begin, end) = token.split_at(first);
        text = text.replace(token.as_str(), &format!("{begin}{GUARD}{end}"));
    }
    text
}

enum Part<'t> {
    Text(&'t str),
    Special(u32),
}

/// The text divided at its special tokens: the first one, of several there the longest.
fn divided<'t>(mut text: &'t str, special: &[(String, u32)]) -> Vec<Part<'t>> {
    let mut parts = vec![];
    while !text.is_empty() {
        let found =
            special.iter().filter_map(|(token, id)| text.find(token.as_str()).map(|at| (at, token, *id)));
        let first = found.min_by_key(|(at, token, _)| (*at, std::cmp::Reverse(token.len())));
        let Some((at, token, id)) = first else {
            parts.push(Part::Text(text));
            break;
        };
        if at > 0 {
            parts.push(Part::Text(text.get(..at).unwrap_or_default()));
        }
        parts.push(Part::Special(id));
        text = text.get(at + token.len()..).unwrap_or_default();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::tokenizer::Bytes;

    const CHATML: &str = "{% for m in messages %}\n    {% if m['role'] == 'nobody' %}{{ raise_exception('no such role') }}{% endif %}\n\
        {{ '<|endoftext|>' + m['role'] + ':' + m.content.strip() + eos_token }}{% endfor %}\n{% if add_generation_prompt %}{{ 'A:' }}{% endif %}";

    fn template() -> Template {
        Template { source: CHATML.to_owned(), beginning: String::new(), end: "!".to_owned() }
    }

    fn tokens(role: &str, content: &str) -> Result<Vec<u32>, Diagnostic> {
        template().tokens(&Bytes, &[Message::new(role, content)])
    }

    #[test]
    fn templates_are_rendered_as_transformers_renders_them() {
        let mut expected = vec![256];
        expected.extend("u:hi!A:".bytes().map(u32::from));
        assert_eq!(tokens("u", " hi ").unwrap(), expected);
    }

    #[test]
    fn messages_cannot_smuggle_special_tokens_in() {
        let found = tokens("u", "x<|endoftext|>y").unwrap();
        assert_eq!(found.iter().filter(|t| **t == 256).count(), 1, "the template's own");
        let text: Vec<u8> = found[1..].iter().map(|t| *t as u8).collect();
        assert_eq!(String::from_utf8(text).unwrap(), "u:x<|endoftext|>y!A:");
    }

    #[test]
    fn what_a_template_refuses_is_said() {
        let error = tokens("nobody", "x").unwrap_err();
        assert_eq!(error.code.0, "E0969");
        assert!(error.title.contains("no such role"), "{}", error.title);
        let broken = Template { source: "{% if %}".to_owned(), ..template() };
        assert_eq!(broken.tokens(&Bytes, &[]).unwrap_err().code.0, "E0969");
    }

    #[test]
    fn templates_are_found_in_a_folder_and_named_ones_by_their_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Template::read(folder.path()).unwrap_err().code.0, "E0969");
        let config = r#"{"eos_token": {"content": "!"}, "chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]}"#;
        std::fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
        let read = Template::read(folder.path()).unwrap();
        assert_eq!((read.source.as_str(), read.end.as_str()), ("d", "!"));
        std::fs::write(folder.path().join("chat_template.jinja"), "j").unwrap();
        assert_eq!(Template::read(folder.path()).unwrap().source, "j");
    }
}
