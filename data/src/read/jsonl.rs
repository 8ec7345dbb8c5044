//! One JSON object a line; the document is one of its fields.

use super::Document;
use super::lines::Lines;
use crate::Fault;
use crate::codes::{e0554, e0555, e0575};
use crate::files::InputFile;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The documents of a jsonl file.
pub(super) struct Records<'a> {
    index: usize,
    lines: Lines<'a>,
    field: &'a str,
    label: Option<&'a str>,
}

impl<'a> Records<'a> {
    /// `label` is the field that names the class, where there is one.
    pub(super) fn open(
        index: usize,
        file: &'a InputFile,
        field: &'a str,
        label: Option<&'a String>,
    ) -> Result<Records<'a>, Fault> {
        Ok(Records { index, lines: Lines::open(file)?, field, label: label.map(String::as_str) })
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
            match content(text, self.field, self.label) {
                Ok((text, _)) if text.is_empty() => {}
                Ok((text, label)) => return Some(Ok(Document { text, file: self.index, line, label })),
                Err(Wrong::Record(why)) => {
                    return Some(Err(Box::new(e0554::broken_record(&file.name, line, &why))));
                }
                Err(Wrong::Field(what)) => {
                    return Some(Err(Box::new(e0555::no_field(&file.name, line, self.field, &what))));
                }
                Err(Wrong::Label(what)) => {
                    let field = self.label.unwrap_or("");
                    return Some(Err(Box::new(e0575::no_label(&file.name, line, field, &what))));
                }
            }
        }
    }
}

enum Wrong {
    Record(String),
    Field(String),
    Label(String),
}

/// The text in `field` of the object that `line` is, and the class in `label`.
fn content(line: &str, field: &str, label: Option<&str>) -> Result<(String, Option<String>), Wrong> {
    let mut json = serde_json::Deserializer::from_str(line);
    let found = Wanted(field, label).deserialize(&mut json).map_err(|e| Wrong::Record(describe(&e)))?;
    json.end().map_err(|e| Wrong::Record(describe(&e)))?;
    let text = match found.value {
        Some(Value::String(text)) => text,
        Some(other) => return Err(Wrong::Field(format!("The field holds {}, not a string.", kind(&other)))),
        None => return Err(Wrong::Field(listed(&found.keys))),
    };
    let class = match (label, found.label) {
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
    Ok((text, class))
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() {
        "The record is empty.".to_string()
    } else {
        format!("The record has {}.", keys.join(", "))
    }
}

/// What the JSON reader says, without the line number of the one-line text that it saw.
pub(super) fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    format!("{} at column {}", text.get(..cut).unwrap_or(&text), error.column())
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

/// Picks the text and perhaps the class of an object and skips the rest without building it.
struct Wanted<'a>(&'a str, Option<&'a str>);

/// The fields, and the first names for a message when one is missing.
struct Found {
    value: Option<Value>,
    label: Option<Value>,
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
        let mut found = Found { value: None, label: None, keys: Vec::new() };
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                // As in every JSON reader, the last of equal names counts.
                found.value = Some(map.next_value()?);
                if self.1 == Some(self.0) {
                    found.label.clone_from(&found.value);
                }
                continue;
            }
            if self.1 == Some(key.as_str()) {
                found.label = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if found.keys.len() < 8 {
                found.keys.push(format!("`{key}`"));
            }
        }
        Ok(found)
    }
}
