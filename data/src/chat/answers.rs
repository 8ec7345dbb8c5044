//! Prompts with answers: pairs of which one was preferred, and single ones that are good or not.
//!
//! Records have the forms of TRL's datasets: prompt and answers are texts, or lists of messages. Where a pair has no prompt, or one that is a
//! text beside answers of messages, the prompt is what both answers begin with. Messages are rendered as TRL renders them: the prompt is
//! what the text of prompt and answer has in common with the text up to where the model's answer begins, the answer is the rest. Texts are
//! taken as they are; the token between documents ends an answer that does not end with it.

use super::record;
use super::special::Specials;
use super::{Message, Template, encode};
use crate::Fault;
use crate::codes::e0590;
use crate::tokenizer::Tokenize;
use regimen_base::data::{Format, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A text, or messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// As it is.
    Text(String),
    /// Through a chat template.
    Messages(Vec<Message>),
}

/// A prompt and what was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What was asked.
    pub prompt: Said,
    /// The chosen answer and the rejected one, or the only one.
    pub answers: Vec<Said>,
    /// Whether the only one is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
    /// Of pairs, by how much the chosen answer is better, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f32>,
}

/// Why a record teaches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It has not the fields.
    Fields(String),
    /// Its answers tell nothing.
    Answers(String),
    /// Its turns are not those of a conversation.
    Turns(String),
}

/// The prompt and answers of a record.
///
/// # Errors
/// If it has none, or they teach nothing.
pub fn judged(record: &Map<String, Value>, format: &Format) -> Result<Judged, Wrong> {
    let judged = match format {
        Format::Preferences(fields) => {
            let names = [fields.chosen.as_str(), fields.rejected.as_str()];
            let (chosen, rejected) = (said(record, names[0])?, said(record, names[1])?);
            if chosen == rejected {
                return Err(Wrong::Answers(format!("`{}` and `{}` are the same.", names[0], names[1])));
            }
            let margin = fields.margin.as_deref().map(|field| margin(record, field)).transpose()?;
            Judged { margin, ..pair(record, &fields.prompt, [chosen, rejected], names)? }
        }
        Format::Feedback(fields) => Judged {
            prompt: said(record, &fields.prompt)?,
            answers: vec![said(record, &fields.completion)?],
            good: Some(verdict(record, &fields.label)?),
            margin: None,
        },
        _ => return Err(Wrong::Fields("Records of this format have no answers.".into())),
    };
    check(&judged)?;
    Ok(judged)
}

fn pair(
    record: &Map<String, Value>,
    prompt: &str,
    answers: [Said; 2],
    names: [&str; 2],
) -> Result<Judged, Wrong> {
    let declared = match record.get(prompt) {
        None | Some(Value::Null) => None,
        Some(_) => Some(said(record, prompt)?),
    };
    let [chosen, rejected] = answers;
    let (prompt, answers) = match (declared, chosen, rejected) {
        // A prompt that is a text beside whole conversations only repeats how these begin.
        (None | Some(Said::Text(_)), Said::Messages(chosen), Said::Messages(rejected)) => {
            let common = chosen.iter().zip(&rejected).take_while(|(a, b)| a == b).count();
            let rest = |messages: Vec<Message>| Said::Messages(messages.into_iter().skip(common).collect());
            let prompt = chosen.iter().take(common).cloned().collect();
            (Said::Messages(prompt), vec![rest(chosen), rest(rejected)])
        }
        (None, Said::Text(chosen), Said::Text(rejected)) => {
            let mut common: usize = chosen
                .chars()
                .zip(rejected.chars())
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a.len_utf8())
                .sum();
            // A space before the first word that differs belongs to the answer, as tokenizers have it.
            if chosen.get(..common).is_some_and(|text| text.ends_with(' ')) {
                common -= 1;
            }
            let rest = |text: &str| Said::Text(text.get(common..).unwrap_or_default().to_owned());
            let prompt = chosen.get(..common).unwrap_or_default().to_owned();
            (Said::Text(prompt), vec![rest(&chosen), rest(&rejected)])
        }
        (Some(prompt), chosen, rejected) => {
            for (answer, name) in [&chosen, &rejected].into_iter().zip(names) {
                if repeats(&prompt, answer) {
                    return Err(Wrong::Answers(format!(
                        "`{name}` begins with the whole prompt, so the prompt would be there twice."
                    )));
                }
            }
            (prompt, vec![chosen, rejected])
        }
        _ => {
            return Err(Wrong::Fields(format!(
                "One of `{}` and `{}` is a text, the other a list of messages.",
                names[0], names[1]
            )));
        }
    };
    Ok(Judged { prompt, answers, good: None, margin: None })
}

/// Whether an answer begins with the whole prompt.
fn repeats(prompt: &Said, answer: &Said) -> bool {
    match (prompt, answer) {
        (Said::Text(prompt), Said::Text(answer)) => !prompt.trim().is_empty() && answer.starts_with(prompt),
        (Said::Messages(prompt), Said::Messages(answer)) => !prompt.is_empty() && answer.starts_with(prompt),
        _ => false,
    }
}

fn said(record: &Map<String, Value>, field: &str) -> Result<Said, Wrong> {
    match record.get(field) {
        Some(Value::String(text)) => Ok(Said::Text(text.clone())),
        Some(list @ Value::Array(_)) => match record::messages(field, list) {
            Ok(messages) => Ok(Said::Messages(messages)),
            Err(record::Wrong::Fields(what)) => Err(Wrong::Fields(what)),
            Err(record::Wrong::Turns(what)) => Err(Wrong::Turns(what)),
        },
        Some(_) => Err(Wrong::Fields(format!("`{field}` is neither a text nor a list of messages."))),
        None => Err(missing(record, field)),
    }
}

fn missing(record: &Map<String, Value>, field: &str) -> Wrong {
    let keys: Vec<String> = record.keys().take(8).map(|key| format!("`{key}`")).collect();
    let has = if keys.is_empty() { "nothing".into() } else { keys.join(", ") };
    Wrong::Fields(format!("The record has no field `{field}`; it has {has}."))
}

fn verdict(record: &Map<String, Value>, field: &str) -> Result<bool, Wrong> {
    match record.get(field) {
        Some(Value::Bool(good)) => Ok(*good),
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => Ok(false),
        Some(Value::Number(number)) if number.as_f64() == Some(1.0) => Ok(true),
        Some(_) => Err(Wrong::Fields(format!("`{field}` is not `true` or `false`, and not 1 or 0."))),
        None => Err(missing(record, field)),
    }
}

/// By how much one answer is better.
fn margin(record: &Map<String, Value>, field: &str) -> Result<f32, Wrong> {
    let number = record.get(field).and_then(Value::as_f64).map(|number| number as f32);
    number
        .filter(|margin| margin.is_finite())
        .ok_or_else(|| Wrong::Fields(format!("`{field}`, the margin of the pair, is not a number.")))
}

/// Whether every answer says something, and messages take turns.
fn check(judged: &Judged) -> Result<(), Wrong> {
    for answer in &judged.answers {
        match (&judged.prompt, answer) {
            (Said::Text(_), Said::Text(text)) if text.trim().is_empty() => {
                return Err(Wrong::Answers("An answer is empty.".into()));
            }
            (Said::Text(_), Said::Text(_)) => {}
            (Said::Messages(prompt), Said::Messages(answer)) => {
                if answer.is_empty() {
                    return Err(Wrong::Answers("An answer is empty.".into()));
                }
                if prompt.last().is_none_or(|last| last.role != Role::User) {
                    return Err(Wrong::Turns("The prompt does not end with the user's turn.".into()));
                }
                let all: Vec<Message> = prompt.iter().chain(answer).cloned().collect();
                record::check(&all).map_err(|wrong| match wrong {
                    record::Wrong::Fields(what) | record::Wrong::Turns(what) => Wrong::Turns(what),
                })?;
            }
            _ => {
                let what =
                    "The prompt is a text and the answers are lists of messages, or the other way round.";
                return Err(Wrong::Fields(what.into()));
            }
        }
    }
    let empty = matches!(&judged.prompt, Said::Text(text) if text.trim().is_empty());
    match empty {
        true => Err(Wrong::Answers("The prompt is empty.".into())),
        false => Ok(()),
    }
}

/// A prompt and its answers as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What the model reads.
    pub prompt: String,
    /// What it is to write, or not.
    pub answers: Vec<String>,
}

/// The same as tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedAnswers {
    /// Of the prompt.
    pub prompt: Vec<u32>,
    /// Of each answer.
    pub answers: Vec<Vec<u32>>,
}

/// Makes text and tokens of prompts and answers.
#[derive(Clone, Debug)]
pub struct AnswerEncoder<'a> {
    template: Option<Template>,
    /// Whether the template was asked for, and is not only there.
    asked: bool,
    tokenizer: &'a dyn Tokenize,
    special: Specials,
}

impl<'a> AnswerEncoder<'a> {
    /// With the template that was `asked` for, or the tokenizer's own if it has one.
    pub fn new(template: Option<Template>, asked: bool, tokenizer: &'a dyn Tokenize) -> AnswerEncoder<'a> {
        AnswerEncoder { template, asked, tokenizer, special: Specials::of(tokenizer) }
    }

    /// The texts.
    ///
    /// # Errors
    /// If there is no template for messages, or it refuses them; if one was asked for and there are no messages.
    pub fn render(&self, judged: &Judged) -> Result<Rendered, Fault> {
        let rendered = self.guarded(judged)?;
        let plain = |text: String| text.replace(super::mark::GUARD, "");
        Ok(Rendered {
            prompt: plain(rendered.prompt),
            answers: rendered.answers.into_iter().map(plain).collect(),
        })
    }

    /// The tokens. None lies on both sides of the prompt's end.
    ///
    /// # Errors
    /// As for the texts, or if the tokenizer does not know a piece of them.
    pub fn encode(&self, judged: &Judged) -> Result<EncodedAnswers, Fault> {
        let rendered = self.guarded(judged)?;
        let end = self.tokenizer.end_of_text();
        let ends = matches!(judged.prompt, Said::Text(_));
        let answer = |text: &String| {
            let mut tokens = encode::divided(text, &self.special, self.tokenizer)?;
            if ends && tokens.last() != Some(&end) {
                tokens.push(end);
            }
            Ok(tokens)
        };
        Ok(EncodedAnswers {
            prompt: encode::divided(&rendered.prompt, &self.special, self.tokenizer)?,
            answers: rendered.answers.iter().map(answer).collect::<Result<_, Fault>>()?,
        })
    }

    /// Tokens have ids below it.
    pub fn vocab(&self) -> u64 {
        self.tokenizer.vocab()
    }

    fn guarded(&self, judged: &Judged) -> Result<Rendered, Fault> {
        let Said::Messages(prompt) = &judged.prompt else {
            if self.asked {
                return Err(Box::new(e0590::nothing_to_render()));
            }
            let text = |said: &Said| match said {
                Said::Text(text) => self.special.guarded(text),
                Said::Messages(_) => String::new(),
            };
            let answers = judged.answers.iter().map(text).collect();
            return Ok(Rendered { prompt: text(&judged.prompt), answers });
        };
        let template = self.template.as_ref().ok_or_else(|| Box::new(e0590::needed()))?;
        let guard = |m: &Message| Message::new(m.role, &self.special.guarded(&m.content));
        let prompt: Vec<Message> = prompt.iter().map(guard).collect();
        let mut begin = template.render(&prompt, true)?;
        let mut wholes = vec![];
        for answer in &judged.answers {
            let Said::Messages(answer) = answer else { continue };
            let all: Vec<Message> = prompt.iter().cloned().chain(answer.iter().map(guard)).collect();
            let whole = template.render(&all, false)?;
            // Some templates write more after the prompt than before an answer: what both have in common is the prompt.
            let common: usize =
                begin.chars().zip(whole.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
            begin.truncate(common);
            wholes.push(whole);
        }
        let answers =
            wholes.iter().map(|whole| whole.get(begin.len()..).unwrap_or_default().to_owned()).collect();
        Ok(Rendered { prompt: begin, answers })
    }
}

impl Judged {
    /// What was asked, as one text: records with the same prompt belong together.
    pub fn asked(&self) -> String {
        match &self.prompt {
            Said::Text(text) => text.clone(),
            Said::Messages(messages) => messages.iter().map(|m| format!("{}\n", m.content)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::data::{Feedback, Preferences, Rendering};
    use serde_json::json;

    fn read(record: Value) -> Result<Judged, Wrong> {
        let [prompt, chosen, rejected] = ["prompt", "chosen", "rejected"].map(str::to_owned);
        let (rendering, margin) = (Rendering::default(), None);
        let format = Format::Preferences(Preferences { prompt, chosen, rejected, margin, rendering });
        judged(record.as_object().unwrap(), &format)
    }

    fn text(judged: &Judged) -> Vec<String> {
        let one = |said: &Said| match said {
            Said::Text(text) => text.clone(),
            Said::Messages(messages) => {
                messages.iter().map(|m| format!("{}:{};", m.role.name(), m.content)).collect()
            }
        };
        [&judged.prompt].into_iter().chain(&judged.answers).map(one).collect()
    }

    fn turn(role: &str, content: &str) -> Value {
        json!({"role": role, "content": content})
    }

    #[test]
    fn the_forms_of_trl_are_read() {
        let of = |record| text(&read(record).unwrap());
        assert_eq!(
            of(json!({"prompt": "The sky is", "chosen": " blue.", "rejected": " green."})),
            ["The sky is", " blue.", " green."]
        );
        // As TRL divides it: the space goes with the word that differs.
        assert_eq!(
            of(json!({"chosen": "The sky is blue.", "rejected": "The sky is green."})),
            ["The sky is", " blue.", " green."]
        );
        let asked = turn("user", "Colour?");
        let (good, bad) = (turn("assistant", "Blue."), turn("assistant", "Green."));
        let expected = ["user:Colour?;", "assistant:Blue.;", "assistant:Green.;"];
        assert_eq!(of(json!({"prompt": [asked], "chosen": [good], "rejected": [bad]})), expected);
        assert_eq!(of(json!({"chosen": [asked, good], "rejected": [asked, bad]})), expected);
        assert_eq!(
            of(json!({"prompt": "Colour?", "chosen": [asked, good], "rejected": [asked, bad]})),
            expected
        );
    }

    #[test]
    fn records_that_teach_nothing_are_told() {
        let why = |record| match read(record) {
            Err(Wrong::Fields(what) | Wrong::Answers(what) | Wrong::Turns(what)) => what,
            other => format!("{other:?}"),
        };
        assert_eq!(
            why(json!({"prompt": "a", "chosen": "b", "rejected": "b"})),
            "`chosen` and `rejected` are the same."
        );
        assert_eq!(why(json!({"prompt": "a", "chosen": "b", "rejected": " "})), "An answer is empty.");
        assert_eq!(why(json!({"prompt": " ", "chosen": "b", "rejected": "c"})), "The prompt is empty.");
        let twice = json!({"prompt": "Q: x", "chosen": "Q: x A: b", "rejected": "c"});
        assert!(why(twice).starts_with("`chosen` begins with the whole prompt"));
        let asked = turn("user", "Colour?");
        let repeated = json!({"prompt": [asked], "chosen": [asked, turn("assistant", "b")], "rejected": [asked, turn("assistant", "c")]});
        assert!(why(repeated).starts_with("`chosen` begins with the whole prompt"));
        assert_eq!(
            why(json!({"prompt": "a", "chosen": "b"})),
            "The record has no field `rejected`; it has `chosen`, `prompt`."
        );
        assert!(
            why(json!({"prompt": "a", "chosen": [turn("assistant", "b")], "rejected": "c"}))
                .contains("a text")
        );
        let unanswered = json!({"prompt": [asked], "chosen": [asked], "rejected": [turn("assistant", "c")]});
        assert!(why(unanswered).contains("begins with the whole prompt"));
        let silent = json!({"prompt": [turn("assistant", "a")], "chosen": [turn("assistant", "b")], "rejected": [turn("assistant", "c")]});
        assert_eq!(why(silent), "The prompt does not end with the user's turn.");
    }

    #[test]
    fn margins_are_numbers_where_they_are_asked_for() {
        let [prompt, chosen, rejected] = ["prompt", "chosen", "rejected"].map(str::to_owned);
        let (rendering, margin) = (Rendering::default(), Some("by".to_owned()));
        let format = Format::Preferences(Preferences { prompt, chosen, rejected, margin, rendering });
        let of = |by: Value| {
            let record = json!({"prompt": "a", "chosen": "b", "rejected": "c", "by": by});
            judged(record.as_object().unwrap(), &format).map(|judged| judged.margin)
        };
        assert_eq!(of(json!(2)), Ok(Some(2.0)));
        for wrong in [json!("2"), json!(1e39), json!(null)] {
            let message = "`by`, the margin of the pair, is not a number.".to_owned();
            assert_eq!(of(wrong), Err(Wrong::Fields(message)));
        }
    }

    #[test]
    fn feedback_names_an_answer_and_a_verdict() {
        let [prompt, completion, label] = ["prompt", "completion", "label"].map(str::to_owned);
        let format =
            Format::Feedback(Feedback { prompt, completion, label, rendering: Rendering::default() });
        let read = |record: Value| judged(record.as_object().unwrap(), &format);
        let found = read(json!({"prompt": "a", "completion": "b", "label": true})).unwrap();
        assert_eq!((text(&found), found.good), (vec!["a".into(), "b".into()], Some(true)));
        assert_eq!(read(json!({"prompt": "a", "completion": "b", "label": 0})).unwrap().good, Some(false));
        assert!(read(json!({"prompt": "a", "completion": "b", "label": "yes"})).is_err());
    }
}
