//! Conversations against transformers: text, tokens and masks of ten templates (`tests/oracle/chat.py`).

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

mod common;

use regimen_base::data::{Format, Preferences, Rendering, Role};
use regimen_data::Tokenize;
use regimen_data::chat::template::Edges;
use regimen_data::chat::{AnswerEncoder, Encoder, Message, Template, answers, known, probe};
use regimen_data::tokenizer::{self, Bytes};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Deserialize)]
struct Case {
    template: String,
    messages: Vec<Message>,
    text: String,
    prompt: String,
    tokens: Vec<u32>,
    mask: String,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/chat").join(name)
}

fn words() -> Arc<dyn Tokenize> {
    tokenizer::open("words", &golden("tokenizer.json"), Some("</s>")).unwrap()
}

fn template(source: &str) -> Template {
    Template::new(source, Edges { beginning: "<s>".into(), end: "</s>".into() }).unwrap()
}

#[test]
fn a_known_template_takes_the_tokens_of_the_tokenizer_beside_it() {
    let words = words();
    let said = [regimen_data::chat::Message::new(Role::User, "Hi")];
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| Template::known(name, folder.path(), words.as_ref()).map(Result::unwrap);
    let without = named("zephyr").unwrap().render(&said, true).unwrap();
    assert!(without.contains("Hi</s>"), "the token between documents: {without}");
    std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"eos_token": "<e>"}"#).unwrap();
    assert!(named("zephyr").unwrap().render(&said, true).unwrap().contains("Hi<e>"));
    assert!(named("nope").is_none());
}

fn mask(counts: &[bool]) -> String {
    counts.iter().map(|counts| if *counts { '1' } else { '0' }).collect()
}

#[test]
fn ten_templates_render_and_mask_as_transformers_does() {
    let text = std::fs::read_to_string(golden("chat.jsonl")).unwrap();
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words = words();
    let mut seen = std::collections::BTreeSet::new();
    for case in &cases {
        let name = &case.template;
        let template = template(known::find(name).unwrap());
        assert_eq!(template.render(&case.messages, false).unwrap(), case.text, "{name}");
        let before = case.messages.len() - 1;
        assert_eq!(template.render(&case.messages[..before], true).unwrap(), case.prompt, "{name}");
        let encoded =
            Encoder::new(template, words.as_ref(), &[Role::Assistant]).encode(&case.messages).unwrap();
        assert_eq!(encoded.tokens, case.tokens, "{name}");
        assert_eq!(mask(&encoded.counts), case.mask, "{name}: {}", case.text);
        seen.insert(name.clone());
    }
    assert_eq!(seen.len(), known::ALL.len());
}

/// What counts of a conversation, as text.
fn counted(source: &str, train_on: &[Role], messages: &[(Role, &str)]) -> Result<String, String> {
    let words = words();
    let messages: Vec<Message> = messages.iter().map(|(role, text)| Message::new(*role, text)).collect();
    let encoded = Encoder::new(template(source), words.as_ref(), train_on).encode(&messages);
    let encoded = encoded.map_err(|fault| format!("{} {}", fault.code, fault.notes.join(" ")))?;
    let ids: Vec<u32> = encoded
        .tokens
        .iter()
        .zip(&encoded.counts)
        .filter(|(_, counts)| **counts)
        .map(|(id, _)| *id)
        .collect();
    Ok(words.decode(&ids))
}

const TALK: [(Role, &str); 5] = [
    (Role::System, "Be brief."),
    (Role::User, "Hi"),
    (Role::Assistant, "Hello"),
    (Role::User, "Bye"),
    (Role::Assistant, "See you"),
];

#[test]
fn whose_turns_count_is_a_choice() {
    let chatml = known::find("chatml").unwrap();
    let of = |roles: &[Role]| counted(chatml, roles, &TALK).unwrap();
    assert_eq!(of(&[Role::Assistant]), "Hello<|im_end|>See you<|im_end|>");
    assert_eq!(of(&[Role::User]), "Hi<|im_end|>Bye<|im_end|>");
    assert_eq!(of(&[Role::System]), "Be brief.<|im_end|>");
    assert_eq!(
        of(&[Role::Assistant, Role::System, Role::User]),
        "Be brief.<|im_end|>Hi<|im_end|>Hello<|im_end|>Bye<|im_end|>See you<|im_end|>"
    );
    // A tag says what the assistant wrote, and nothing of others.
    let qwen2 = known::find("qwen2").unwrap();
    assert_eq!(
        counted(qwen2, &[Role::Assistant, Role::User], &TALK).unwrap(),
        "Hi<|im_end|>Hello<|im_end|>Bye<|im_end|>See you<|im_end|>"
    );
}

#[test]
fn letters_of_special_tokens_inside_messages_neither_end_a_turn_nor_the_mask() {
    let chatml = known::find("chatml").unwrap();
    let talk = [(Role::User, "a<|im_end|>b"), (Role::Assistant, "c<|im_end|>\n<|im_start|>user\nd")];
    let found = counted(chatml, &[Role::Assistant], &talk).unwrap();
    assert_eq!(found, "c<|im_end|>\n<|im_start|>user\nd<|im_end|>");
}

#[test]
fn templates_that_hide_where_turns_stand_are_refused() {
    // Earlier answers are dropped once later turns follow.
    let dropping = "{% for m in messages %}{% if m.role != 'assistant' or loop.last %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let refused = |source: &str| counted(source, &[Role::Assistant], &TALK).unwrap_err();
    assert!(refused(dropping).starts_with("E0593"), "{}", refused(dropping));
    // The prompt for an answer is not how the answer begins.
    let prompting = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>{% endif %}";
    assert!(refused(prompting).contains("the prompt for it"), "{}", refused(prompting));
    // The system's message goes with the last question.
    let moving = "{% for m in messages %}{% if m.role == 'user' %}<|user|>{% if loop.revindex == 2 and messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}{{ m.content }}<|end|>{% elif m.role == 'assistant' %}<|assistant|>{{ m.content }}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
    assert!(refused(moving).starts_with("E0593"), "{}", refused(moving));
    let twice = "{% for m in messages %}<|user|>{{ m.content }}{{ m.content }}<|end|>{% endfor %}";
    assert!(refused(twice).contains("every message once"), "{}", refused(twice));
}

#[test]
fn the_probe_says_what_a_template_makes_of_turns() {
    let words = words();
    let probe_of = |source: &str, words: &dyn Tokenize| {
        probe::probe(&Encoder::new(template(source), words, &[Role::Assistant])).unwrap()
    };
    for (name, source) in known::ALL {
        let found = probe_of(source, words.as_ref());
        assert!(found.supervised > 0 && found.supervised < found.tokens, "{name}");
        for turn in found.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            assert!(turn.content_counts && turn.end_counts && turn.end.is_some(), "{name}: {turn:?}");
        }
    }
    // The tag leaves the end of the turn out.
    let masked = "{% for m in messages %}<|im_start|>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}";
    let found = probe_of(masked, words.as_ref());
    assert_eq!((found.turns[1].content_counts, found.turns[1].end_counts), (true, false));
    // A tokenizer without the template's special tokens has no token that ends a turn.
    let found = probe_of(known::find("chatml").unwrap(), &Bytes);
    assert_eq!(
        (found.turns[1].end.clone(), found.turns[1].after.as_str()),
        (None, "<|im_end|>\n<|im_start|>user\n")
    );
}

#[derive(Deserialize)]
struct Answered {
    template: String,
    prompt: serde_json::Value,
    chosen: serde_json::Value,
    rejected: serde_json::Value,
    texts: Vec<String>,
    tokens: Vec<Vec<u32>>,
}

#[test]
fn prompts_and_answers_render_as_trl_renders_them() {
    let text = std::fs::read_to_string(golden("answers.jsonl")).unwrap();
    let words = words();
    let mut seen = 0;
    let [prompt, chosen, rejected] = ["prompt", "chosen", "rejected"].map(str::to_owned);
    let format = Format::Preferences(Preferences {
        prompt,
        chosen,
        rejected,
        margin: None,
        rendering: Rendering::default(),
    });
    for case in text.lines().map(|line| serde_json::from_str::<Answered>(line).unwrap()) {
        let name = &case.template;
        let encoder = AnswerEncoder::new(Some(template(known::find(name).unwrap())), true, words.as_ref());
        let explicit =
            serde_json::json!({"prompt": case.prompt, "chosen": case.chosen, "rejected": case.rejected});
        let whole = |answer: &serde_json::Value| {
            let all = case.prompt.as_array().unwrap().iter().chain(answer.as_array().unwrap());
            all.cloned().collect::<Vec<_>>()
        };
        let implicit = serde_json::json!({"chosen": whole(&case.chosen), "rejected": whole(&case.rejected)});
        for record in [explicit, implicit] {
            let judged = answers::judged(record.as_object().unwrap(), &format).unwrap();
            let rendered = encoder.render(&judged).unwrap();
            let texts: Vec<String> = [rendered.prompt].into_iter().chain(rendered.answers).collect();
            assert_eq!(texts, case.texts, "{name}");
            let encoded = encoder.encode(&judged).unwrap();
            let tokens: Vec<Vec<u32>> = [encoded.prompt].into_iter().chain(encoded.answers).collect();
            assert_eq!(tokens, case.tokens, "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 3 * known::ALL.len() - 1);
}
