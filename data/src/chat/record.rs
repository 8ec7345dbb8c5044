//! From a record to a conversation.
//!
//! | a record has | it is |
//! |---|---|
//! | `messages`, each with `role` and `content` | a conversation |
//! | `conversations`, each with `from` and `value` | a conversation as ShareGPT writes it |
//! | `instruction`, `output`, perhaps `input` | a question through a template, and its answer |

use super::Message;
use regimen_base::data::Role;
use regimen_base::paraphrase::{self, Part};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

/// Why a record is no conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It has not the fields.
    Fields(String),
    /// Its turns are not those of a conversation.
    Turns(String),
}

/// The conversation that a record holds. Which of several templates an instruction is put through depends on the record alone.
///
/// # Errors
/// If it is none.
pub fn conversation(record: &Map<String, Value>, templates: &[String]) -> Result<Vec<Message>, Wrong> {
    let turns = ["messages", "conversations"].into_iter().filter(|field| record.contains_key(*field));
    let instruction = record.contains_key("instruction").then_some("instruction");
    let forms: Vec<&str> = turns.chain(instruction).collect();
    let messages = match forms.as_slice() {
        ["instruction"] => answered(record, templates)?,
        [field] => messages(field, record.get(*field).unwrap_or(&Value::Null))?,
        [] => {
            let keys: Vec<String> = record.keys().take(8).map(|key| format!("`{key}`")).collect();
            let has = if keys.is_empty() {
                "The record is empty.".into()
            } else {
                format!("The record has {}.", keys.join(", "))
            };
            return Err(Wrong::Fields(has));
        }
        several => return Err(Wrong::Fields(format!("The record has both `{}`.", several.join("` and `")))),
    };
    check(&messages)?;
    Ok(messages)
}

/// The messages in a field.
pub(super) fn messages(field: &str, value: &Value) -> Result<Vec<Message>, Wrong> {
    let Value::Array(list) = value else {
        return Err(Wrong::Fields(format!("`{field}` is not a list of messages.")));
    };
    list.iter().zip(1..).map(|(message, number)| one_message(field, number, message)).collect()
}

fn one_message(field: &str, number: usize, message: &Value) -> Result<Message, Wrong> {
    let text = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| message.get(*name)).and_then(Value::as_str);
        let what =
            || format!("Message {number} of `{field}` has no text in `{}` or `{}`.", names[0], names[1]);
        found.ok_or_else(|| Wrong::Fields(what()))
    };
    let role = match text(["role", "from"])? {
        "human" | "user" => Role::User,
        "gpt" | "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let known = "known are system, user (human) and assistant (gpt)";
            return Err(Wrong::Turns(format!("Message {number} is of `{other}`; {known}.")));
        }
    };
    Ok(Message::new(role, text(["content", "value"])?))
}

/// An instruction as a question with its answer.
fn answered(record: &Map<String, Value>, templates: &[String]) -> Result<Vec<Message>, Wrong> {
    let text = |field: &str| match record.get(field) {
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(Wrong::Fields(format!("`{field}` is not a text."))),
    };
    let missing = |field: &str| Wrong::Fields(format!("The record has no text in `{field}`."));
    let instruction = text("instruction")?.ok_or_else(|| missing("instruction"))?;
    let output = text("output")?.ok_or_else(|| missing("output"))?;
    let input = text("input")?.unwrap_or_default();
    let place = xxh3_64(format!("{instruction}\u{1f}{input}\u{1f}{output}").as_bytes())
        % (templates.len().max(1) as u64);
    let template = templates.get(place as usize).map_or(DEFAULT, String::as_str);
    let parts = paraphrase::parts(template).map_err(|name| {
        Wrong::Fields(format!("The template asks for `{name}`, which records do not have."))
    })?;
    if !input.is_empty() && !parts.contains(&Part::Input) {
        return Err(Wrong::Fields("The record has an `input`, which its template does not mention.".into()));
    }
    let fill = |parts: &[Part<'_>]| -> String {
        let one = |part: &Part<'_>| match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Instruction => instruction.to_owned(),
            Part::Input => input.to_owned(),
            Part::Output => output.to_owned(),
        };
        parts.iter().map(one).collect()
    };
    let at = parts.iter().position(|part| *part == Part::Output).unwrap_or(parts.len());
    let (asked, answer) = parts.split_at(at);
    let answer = if answer.is_empty() { output.to_owned() } else { fill(answer) };
    Ok(vec![Message::new(Role::User, fill(asked).trim()), Message::new(Role::Assistant, &answer)])
}

/// Where no template is declared.
const DEFAULT: &str = "{instruction}\n\n{input}";

/// Whether a system speaks first if at all, and user and assistant by turns after it, the assistant last.
pub(super) fn check(messages: &[Message]) -> Result<(), Wrong> {
    let after_system = usize::from(messages.first().is_some_and(|m| m.role == Role::System));
    for (index, message) in messages.iter().enumerate() {
        let number = index + 1;
        if message.content.trim().is_empty() {
            return Err(Wrong::Turns(format!("Message {number} ({}) is empty.", message.role.name())));
        }
        if let Some(c) = message.content.chars().find(|c| super::mark::is(*c)) {
            let code = u32::from(c);
            return Err(Wrong::Turns(format!(
                "Message {number} holds U+{code:04X}, which Unicode says is no character."
            )));
        }
        let expected = match index.checked_sub(after_system) {
            None => Role::System,
            Some(turn) if turn % 2 == 0 => Role::User,
            Some(_) => Role::Assistant,
        };
        if message.role != expected {
            let (found, expected) = (message.role.name(), expected.name());
            return Err(Wrong::Turns(format!(
                "Message {number} is the {found}'s where it is the {expected}'s turn."
            )));
        }
    }
    match messages.last().map(|last| last.role) {
        Some(Role::Assistant) => Ok(()),
        Some(_) => Err(Wrong::Turns("The last turn is not the assistant's: nothing answers it.".into())),
        None => Err(Wrong::Turns("There are no messages.".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(record: Value, templates: &[&str]) -> Result<Vec<(Role, String)>, Wrong> {
        let templates: Vec<String> = templates.iter().map(|t| (*t).to_owned()).collect();
        let found = conversation(record.as_object().unwrap(), &templates)?;
        Ok(found.into_iter().map(|m| (m.role, m.content)).collect())
    }

    fn turns(record: Value) -> String {
        match read(record, &[]) {
            Err(Wrong::Turns(why)) => why,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn both_ways_of_writing_messages_are_read() {
        let expected = Ok(vec![(Role::User, "a".to_owned()), (Role::Assistant, "b".to_owned())]);
        let messages =
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]});
        assert_eq!(read(messages, &[]), expected);
        let shared = json!({"id": 1, "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]});
        assert_eq!(read(shared, &[]), expected);
    }

    #[test]
    fn instructions_go_through_a_template_that_the_record_chooses() {
        let templates = ["{instruction}: {input}", "Given {input}, {instruction}\n\n{output}!"];
        let mut seen = std::collections::BTreeSet::new();
        for i in 0..40 {
            let record = json!({"instruction": format!("do {i}"), "input": "{x}", "output": "done"});
            let found = read(record.clone(), &templates).unwrap();
            assert_eq!(found, read(record, &templates).unwrap());
            let expected = [
                (format!("do {i}: {{x}}"), "done".to_owned()),
                (format!("Given {{x}}, do {i}"), "done!".to_owned()),
            ];
            let place = expected.iter().position(|(q, a)| *q == found[0].1 && *a == found[1].1);
            seen.insert(place.unwrap());
        }
        assert_eq!(seen.len(), 2, "both templates are used");
        let plain = json!({"instruction": "Say hi.", "input": "", "output": "hi"});
        assert_eq!(read(plain, &[]).unwrap()[0].1, "Say hi.");
        let lost = json!({"instruction": "Say it.", "input": "hi", "output": "hi"});
        assert!(matches!(read(lost, &["{instruction}"]), Err(Wrong::Fields(_))), "an input would be lost");
    }

    #[test]
    fn turns_alternate() {
        let talk = |roles: &[&str]| {
            let list: Vec<Value> = roles.iter().map(|r| json!({"role": r, "content": "x"})).collect();
            turns(json!({ "messages": list }))
        };
        assert!(talk(&["system", "user", "assistant"]).starts_with("Ok"));
        assert_eq!(talk(&["user", "user"]), "Message 2 is the user's where it is the assistant's turn.");
        assert_eq!(talk(&["assistant"]), "Message 1 is the assistant's where it is the user's turn.");
        assert_eq!(
            talk(&["user", "assistant", "system"]),
            "Message 3 is the system's where it is the user's turn."
        );
        assert_eq!(talk(&["user"]), "The last turn is not the assistant's: nothing answers it.");
        assert_eq!(talk(&[]), "There are no messages.");
        assert!(talk(&["tool"]).contains("`tool`"));
        let empty = json!({"messages": [{"role": "user", "content": " "}]});
        assert_eq!(turns(empty), "Message 1 (user) is empty.");
        let mark = json!({"messages": [{"role": "user", "content": "\u{fdd0}"}]});
        assert!(turns(mark).contains("U+FDD0"));
    }

    #[test]
    fn records_without_the_fields_say_what_they_have() {
        let fields = |record| match read(record, &[]) {
            Err(Wrong::Fields(what)) => what,
            other => format!("{other:?}"),
        };
        assert_eq!(fields(json!({"text": "x"})), "The record has `text`.");
        assert_eq!(
            fields(json!({"messages": [], "instruction": ""})),
            "The record has both `messages` and `instruction`."
        );
        assert!(fields(json!({"messages": [{"role": "user", "content": []}]})).contains("Message 1"));
        assert_eq!(fields(json!({"instruction": "x", "output": 1})), "`output` is not a text.");
    }
}
