//! Chat templates: Hugging Face's Jinja, rendered to the byte as transformers does.

use super::mark::GENERATED;
use super::special::Specials;
use super::{Message, encode, known};
use crate::Fault;
use crate::codes::e0590;
use crate::tokenizer::{CONFIG_FILE, Tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, context};
use serde_json::Value;
use std::path::Path;

/// Name of the file with a template alone.
pub const TEMPLATE_FILE: &str = "chat_template.jinja";

/// Instructions that a template may take: thousands of messages, and no endless loop.
const FUEL: u64 = 10_000_000;

/// Name under which the template lies in its environment.
const NAME: &str = "chat";

/// The filter that stands for the tag `generation`.
const FILTER: &str = "regimen_generation";

/// The special tokens that a template may mention; empty where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// `bos_token`.
    pub beginning: String,
    /// `eos_token`.
    pub end: String,
}

/// A chat template that is ready to use.
#[derive(Clone, Debug)]
pub struct Template {
    environment: Environment<'static>,
    edges: Edges,
    tagged: bool,
}

impl Template {
    /// From the text of a template.
    ///
    /// # Errors
    /// If it is not one.
    pub fn new(source: &str, edges: Edges) -> Result<Template, Fault> {
        let mut environment = Environment::new();
        // As transformers has it.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| refused(&e))?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |why: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, why))
        });
        let [begin, end] = GENERATED;
        environment.add_filter(FILTER, move |inner: String| format!("{begin}{inner}{end}"));
        let (source, tagged) = without_tags(source);
        environment.add_template_owned(NAME, source).map_err(|e| refused(&e))?;
        Ok(Template { environment, edges, tagged })
    }

    /// From a folder with `tokenizer_config.json` (or `chat_template.jinja`), or from one of these files.
    ///
    /// # Errors
    /// If there is no template, or it is none.
    pub fn read(path: &Path) -> Result<Template, Fault> {
        let failed = |file: &Path, why: String| Box::new(e0590::refused(&file.display().to_string(), &why));
        let text = |file: &Path| std::fs::read_to_string(file).map_err(|e| failed(file, e.to_string()));
        let (config, jinja) = match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => (path.join(CONFIG_FILE), path.join(TEMPLATE_FILE)),
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
        match source {
            Some(source) => Template::new(&source, edges_of(&described)),
            None => Err(failed(path, "there is no chat template".to_owned())),
        }
    }

    /// One that is known by name, with the special tokens of the tokenizer in a folder; as for a dataset, the token between documents is
    /// the end where no other is named.
    ///
    /// # Errors
    /// If the folder's `tokenizer_config.json` cannot be read.
    pub fn known(name: &str, folder: &Path, tokenizer: &dyn Tokenize) -> Option<Result<Template, Fault>> {
        let source = known::find(name)?;
        let config = folder.join(CONFIG_FILE);
        let failed = |why: String| Box::new(e0590::refused(&config.display().to_string(), &why));
        let described = match config.is_file() {
            true => std::fs::read_to_string(&config)
                .map_err(|e| failed(e.to_string()))
                .and_then(|text| serde_json::from_str(&text).map_err(|e| failed(e.to_string()))),
            false => Ok(Value::Null),
        };
        Some(described.and_then(|described: Value| {
            let mut edges = edges_of(&described);
            if edges.end.is_empty() {
                edges.end = tokenizer.decode(&[tokenizer.end_of_text()]);
            }
            Template::new(source, edges)
        }))
    }

    /// Whether it marks what the assistant wrote with `{% generation %}`.
    pub fn is_tagged(&self) -> bool {
        self.tagged
    }

    /// The text of a conversation; with `prompt`, up to where the model's answer begins.
    ///
    /// # Errors
    /// If the template refuses the messages.
    pub fn render(&self, messages: &[Message], prompt: bool) -> Result<String, Fault> {
        Ok(self.render_marked(messages, prompt)?.replace(GENERATED, ""))
    }

    /// The same with marks around what `{% generation %}` encloses.
    pub(super) fn render_marked(&self, messages: &[Message], prompt: bool) -> Result<String, Fault> {
        let one = |m: &Message| context! { role => m.role.name(), content => m.content.as_str() };
        let messages: Vec<minijinja::Value> = messages.iter().map(one).collect();
        let template = self.environment.get_template(NAME).map_err(|e| refused(&e))?;
        let rendered = template.render(context! {
            messages => messages,
            add_generation_prompt => prompt,
            bos_token => self.edges.beginning.as_str(),
            eos_token => self.edges.end.as_str(),
        });
        rendered.map_err(|e| refused(&e))
    }

    /// The tokens of a conversation, up to where the model's answer begins.
    ///
    /// # Errors
    /// As for rendering, or if the tokenizer does not know a piece of the text.
    pub fn tokens(&self, tokenizer: &dyn Tokenize, messages: &[Message]) -> Result<Vec<u32>, Fault> {
        let special = Specials::of(tokenizer);
        let guarded = |m: &Message| Message::new(m.role, &special.guarded(&m.content));
        let messages: Vec<Message> = messages.iter().map(guarded).collect();
        let text = self.render(&messages, true)?;
        // What is neither refused nor written would be answered by chance.
        match messages.last().filter(|last| !text.contains(last.content.trim())) {
            Some(_) => Err(Box::new(e0590::unheard())),
            None => encode::divided(&text, &special, tokenizer),
        }
    }
}

fn refused(error: &Error) -> Fault {
    Box::new(e0590::refused("the chat template", &error.to_string()))
}

/// The template with its tags `generation` as a filter, which Jinja has without extensions, and whether there are any.
fn without_tags(source: &str) -> (String, bool) {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut found = false;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let Some(length) = tag.find("%}").map(|end| end + 2) else { break };
        let (tag, after) = tag.split_at(length);
        let inner = tag.trim_start_matches("{%").trim_end_matches("%}");
        let name = inner.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        let replaced = match name {
            "generation" => Some(format!("filter {FILTER}")),
            "endgeneration" => Some("endfilter".to_owned()),
            _ => None,
        };
        found |= replaced.is_some();
        match replaced {
            Some(other) => out.push_str(&tag.replacen(name, &other, 1)),
            None => out.push_str(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    (out, found)
}

/// `chat_template` of a tokenizer's configuration: a text, or a list of named ones with one called `default`.
pub(super) fn template_of(config: &Value) -> Option<String> {
    match config.get("chat_template")? {
        Value::String(source) => Some(source.clone()),
        Value::Array(all) => {
            let chosen = all.iter().find(|t| t.get("name").and_then(Value::as_str) == Some("default"))?;
            chosen.get("template")?.as_str().map(str::to_owned)
        }
        _ => None,
    }
}

/// The tokens that a configuration names: each a text, or an object with `content`.
pub(super) fn edges_of(config: &Value) -> Edges {
    let named = |key: &str| {
        let token = config.get(key)?;
        token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
    };
    Edges { beginning: named("bos_token").unwrap_or_default(), end: named("eos_token").unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::Bytes;
    use regimen_base::data::Role;

    const SOURCE: &str = "{% for m in messages %}\n    {% if m['role'] == 'system' %}{{ raise_exception('no such role') }}{% endif %}\n\
        {{ '<|endoftext|>' + m['role'] + ':' + m.content.strip() + eos_token }}{% endfor %}\n{% if add_generation_prompt %}{{ 'A:' }}{% endif %}";

    fn template() -> Template {
        Template::new(SOURCE, Edges { beginning: String::new(), end: "!".to_owned() }).unwrap()
    }

    fn tokens(role: Role, content: &str) -> Result<Vec<u32>, Fault> {
        template().tokens(&Bytes, &[Message::new(role, content)])
    }

    #[test]
    fn templates_are_rendered_as_transformers_renders_them() {
        let mut expected = vec![256];
        expected.extend("user:hi!A:".bytes().map(u32::from));
        assert_eq!(tokens(Role::User, " hi ").unwrap(), expected);
    }

    #[test]
    fn messages_cannot_smuggle_special_tokens_in() {
        let found = tokens(Role::User, "x<|endoftext|>y").unwrap();
        assert_eq!(found.iter().filter(|t| **t == 256).count(), 1, "the template's own");
        let text: Vec<u8> = found[1..].iter().map(|t| *t as u8).collect();
        assert_eq!(String::from_utf8(text).unwrap(), "user:x<|endoftext|>y!A:");
    }

    #[test]
    fn a_template_that_writes_no_messages_is_refused() {
        let plain = Template::new("A text about {{ eos_token }}", Edges::default()).unwrap();
        let error = plain.tokens(&Bytes, &[Message::new(Role::User, "hi")]).unwrap_err();
        assert_eq!(error.title, "the chat template does not write what is said");
    }

    #[test]
    fn what_a_template_refuses_is_said() {
        let error = tokens(Role::System, "x").unwrap_err();
        assert_eq!(error.code, e0590::PAGE.code);
        assert!(error.title.contains("no such role"), "{}", error.title);
        let broken = Template::new("{% if %}", Edges::default()).unwrap_err();
        assert_eq!(broken.code, e0590::PAGE.code);
    }

    #[test]
    fn templates_are_found_in_a_folder_and_named_ones_by_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let rendered = || Template::read(folder.path()).map(|t| t.render(&[], false).unwrap());
        assert_eq!(rendered().unwrap_err().code, e0590::PAGE.code);
        let config = r#"{"eos_token": {"content": "!"}, "chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d{{ eos_token }}"}]}"#;
        std::fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
        assert_eq!(rendered().unwrap(), "d!");
        std::fs::write(folder.path().join("chat_template.jinja"), "j").unwrap();
        assert_eq!(rendered().unwrap(), "j");
    }

    #[test]
    fn the_tag_generation_keeps_the_whitespace_control_of_its_braces() {
        let (source, found) =
            without_tags("a {%- generation -%} b {%+ endgeneration %}{% if x %}generation{% endif %}{%");
        let expected =
            "a {%- filter regimen_generation -%} b {%+ endfilter %}{% if x %}generation{% endif %}{%";
        assert_eq!((source.as_str(), found), (expected, true));
        assert!(!without_tags("{% if generation %}{% endif %}").1);
    }
}
