//! One JSON object a line; the document is one of its fields.

use super::lines::Lines;
use super::moment::Moment;
use super::{Document, Wanted};
use crate::Fault;
use crate::codes::{e0554, e0555, e0575, e0577};
use crate::files::InputFile;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The documents of a jsonl file.
pub(super) struct Records<'a> {
    index: usize,
    lines: Lines<'a>,
    wanted: Wanted<'a>,
}

impl<'a> Records<'a> {
    pub(super) fn open(index: usize, file: &'a InputFile, wanted: Wanted<'a>) -> Result<Records<'a>, Fault> {
        Ok(Records { index, lines: Lines::open(file)?, wanted })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let file = self.lines.file();
            let (line, text) = match self.lines.next_line() {
                Err(fault) => return Some(Err(fault)),
                Ok(None) => return None,
                Ok(Some(line)) => line,
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            let wanted = self.wanted;
            return Some(match content(text, wanted) {
                Ok(Content { text, .. }) if text.is_empty() => continue,
                Ok(Content { text, label, when }) => {
                    Ok(Document { text, file: self.index, line, label, when })
                }
                Err(Wrong::Record(why)) => Err(Box::new(e0554::broken_record(&file.name, line, &why))),
                Err(Wrong::Field(what, keys)) => {
                    let nearest = e0555::nearest(wanted.text, &keys);
                    Err(Box::new(e0555::no_field(&file.name, line, wanted.text, &what, nearest)))
                }
                Err(Wrong::Label(what)) => {
                    let field = wanted.label.unwrap_or("");
                    Err(Box::new(e0575::no_label(&file.name, line, field, &what)))
                }
                Err(Wrong::When(what)) => {
                    let field = wanted.when.unwrap_or("");
                    Err(Box::new(e0577::no_moment(&file.name, line, field, &what)))
                }
            });
        }
    }
}

/// What of a record is asked for.
struct Content {
    text: String,
    label: Option<String>,
    when: Option<Moment>,
}

enum Wrong {
    Record(String),
    /// What is there, and the names of other fields.
    Field(String, Vec<String>),
    Label(String),
    When(String),
}

/// What is wanted of the object that `line` is.
fn content(line: &str, wanted: Wanted<'_>) -> Result<Content, Wrong> {
    let mut json = serde_json::Deserializer::from_str(line);
    let found = wanted.deserialize(&mut json).map_err(|e| Wrong::Record(describe(&e)))?;
    json.end().map_err(|e| Wrong::Record(describe(&e)))?;
    let text = match found.text {
        Some(Value::String(text)) => text,
        Some(other) => {
            return Err(Wrong::Field(format!("The field holds {}, not a string.", kind(&other)), vec![]));
        }
        None => return Err(Wrong::Field(listed(&found.keys), found.keys)),
    };
    let label = match (wanted.label, found.label) {
        (None, _) => None,
        (_, Some(Value::String(class))) if !class.is_empty() => Some(class),
        (_, Some(Value::Bool(class))) => Some(class.to_string()),
        (_, Some(Value::Number(class))) if !class.is_f64() => Some(class.to_string()),
        (_, Some(Value::String(_))) => return Err(Wrong::Label("The field is empty.".to_string())),
        (_, Some(other)) => {
            return Err(Wrong::Label(format!("The field holds {}, which names no class.", kind(&other))));
        }
        (_, None) => return Err(Wrong::Label(listed(&found.keys))),
    };
    let when = match (wanted.when, found.when) {
        (None, _) => None,
        (_, Some(Value::String(text))) => match Moment::parse(&text) {
            Some(moment) => Some(moment),
            None => return Err(Wrong::When(unreadable(&text))),
        },
        (_, Some(Value::Number(number))) => number.as_f64().map(Moment::Number),
        (_, Some(other)) => {
            return Err(Wrong::When(format!("The field holds {}, not a date or number.", kind(&other))));
        }
        (_, None) => return Err(Wrong::When(listed(&found.keys))),
    };
    Ok(Content { text, label, when })
}

/// What is wrong with a text that is no date.
pub(super) fn unreadable(text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!(
        "The field holds `{shown}`, which is neither a number nor a date such as `2024-05-31` or `2024-05-31T12:00:00Z`."
    )
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() {
        "The record is empty.".to_string()
    } else {
        format!("The record has `{}`.", keys.join("`, `"))
    }
}

/// What the JSON reader says, without the line number of the one-line text that it saw.
pub(super) fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    format!("{} at column {}", text.get(..cut).unwrap_or(&text), error.column())
}

/// Which of two values was meant nobody can say; most readers take the last without a word.
fn twice<E: serde::de::Error>(key: &str) -> E {
    E::custom(format_args!("it has the key `{key}` twice"))
}

/// A whole record, whose keys all differ.
pub(super) fn record(line: &str) -> serde_json::Result<Map<String, Value>> {
    struct Distinct;
    impl<'de> Visitor<'de> for Distinct {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Map::new();
            while let Some(key) = map.next_key::<String>()? {
                if all.contains_key(&key) {
                    return Err(twice(&key));
                }
                all.insert(key, map.next_value()?);
            }
            Ok(all)
        }
    }
    let mut json = serde_json::Deserializer::from_str(line);
    let found = json.deserialize_map(Distinct)?;
    json.end()?;
    Ok(found)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What was wanted, and the first names for a message when one is missing. The rest is skipped without building it.
#[derive(Default)]
pub(super) struct Found {
    text: Option<Value>,
    label: Option<Value>,
    when: Option<Value>,
    keys: Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<String>()? {
            let is = |field: Option<&str>| field == Some(key.as_str());
            let (text, label, when) = (is(Some(self.text)), is(self.label), is(self.when));
            if text || label || when {
                let known = [(text, &found.text), (label, &found.label), (when, &found.when)];
                if known.iter().any(|(is, before)| *is && before.is_some()) {
                    return Err(twice(&key));
                }
                let value: Value = map.next_value()?;
                if label {
                    found.label = Some(value.clone());
                }
                if when {
                    found.when = Some(value.clone());
                }
                if text {
                    found.text = Some(value);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if !text && found.keys.len() < 8 {
                found.keys.push(key);
            }
        }
        Ok(found)
    }
}
