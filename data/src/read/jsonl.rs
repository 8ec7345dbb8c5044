//! One JSON object a line; the document is one of its fields.

use super::Document;
use super::lines::Lines;
use crate::Fault;
use crate::codes::{e0554, e0555};
use crate::files::InputFile;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The documents of a jsonl file.
pub(super) struct Records<'a> {
    index: usize,
    lines: Lines<'a>,
    field: &'a str,
}

impl<'a> Records<'a> {
    pub(super) fn open(index: usize, file: &'a InputFile, field: &'a str) -> Result<Records<'a>, Fault> {
        Ok(Records { index, lines: Lines::open(file)?, field })
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
            match text_of(text, self.field) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => return Some(Ok(Document { text, file: self.index, line })),
                Err(Wrong::Record(why)) => {
                    return Some(Err(Box::new(e0554::broken_record(&file.name, line, &why))));
                }
                Err(Wrong::Field(what)) => {
                    return Some(Err(Box::new(e0555::no_field(&file.name, line, self.field, &what))));
                }
            }
        }
    }
}

enum Wrong {
    Record(String),
    Field(String),
}

/// The text in `field` of the object that `line` is.
fn text_of(line: &str, field: &str) -> Result<String, Wrong> {
    let mut json = serde_json::Deserializer::from_str(line);
    let found = Field(field).deserialize(&mut json).map_err(|e| Wrong::Record(describe(&e)))?;
    json.end().map_err(|e| Wrong::Record(describe(&e)))?;
    match found.value {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(Wrong::Field(format!("The field holds {}, not a string.", kind(&other)))),
        None if found.keys.is_empty() => Err(Wrong::Field("The record is empty.".to_string())),
        None => Err(Wrong::Field(format!("The record has {}.", found.keys.join(", ")))),
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

/// Picks one field of an object and skips the rest without building it.
struct Field<'a>(&'a str);

/// The field, and the first names for a message when it is missing.
struct Found {
    value: Option<Value>,
    keys: Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found { value: None, keys: Vec::new() };
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                // As in every JSON reader, the last of equal names counts.
                found.value = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                if found.keys.len() < 8 {
                    found.keys.push(format!("`{key}`"));
                }
            }
        }
        Ok(found)
    }
}
