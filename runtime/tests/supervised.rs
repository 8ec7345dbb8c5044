//! Supervised fine-tuning from records on disk: conversations packed into samples give the loss and the gradients that they give one by
//! one, and only what the assistant says is learned.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::data::{
    ChatTemplate, Chats, Dataset, Format, Role, Share, Source, Split, Tokenizer, TokenizerKind,
};
use regimen_base::packing::filled;
use regimen_base::program;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Objective, Stage};
use regimen_data::{NoProgress, Place, Prepared, Rows};
use regimen_runtime::run::batches::MicroBatch;
use regimen_runtime::run::{Batches, HostSlice, Streams};
use std::collections::BTreeMap;
use tch::Tensor;
use trainer::Trainer;
use trainer::stages::{gpt, llama, stage};

const SEQUENCE: u64 = 64;
const VOCAB: u64 = 257;

/// Conversations of many lengths, some with several turns.
fn records() -> String {
    let mut text = String::new();
    for i in 0..12 {
        let mut messages = vec![];
        for turn in 0..=(i % 2) {
            messages.push(format!(r#"{{"role": "user", "content": "{}"}}"#, "q".repeat(1 + (i + turn) % 3)));
            let answer: String = "answer".chars().cycle().take(1 + (i * 5) % 7).collect();
            messages.push(format!(r#"{{"role": "assistant", "content": "{answer}{i}"}}"#));
        }
        text += &format!("{{\"messages\": [{}]}}\n", messages.join(", "));
    }
    text
}

fn dataset() -> Dataset {
    let share = Share { numerator: 1, denominator: 1 };
    let chats = Chats {
        template: vec![],
        // The token between documents ends turns: every tokenizer has it.
        chat_template: ChatTemplate::File("short.jinja".into()),
        train_on: vec![Role::Assistant],
    };
    let source = Source {
        name: "talks".into(),
        format: Format::Chats(chats),
        files: vec!["talks.jsonl".into()],
        share,
        cleaning: Default::default(),
        division: None,
    };
    Dataset {
        name: "talks".into(),
        sources: vec![source],
        clean: vec![],
        mixing: None,
        splits: vec![Split { name: "train".into(), share }],
        key: 1,
        fold: None,
        ordered_by: None,
        near_duplicates: Default::default(),
    }
}

const TEMPLATE: &str = "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

fn prepared(folder: &std::path::Path) -> Prepared {
    std::fs::write(folder.join("talks.jsonl"), records()).expect("writes");
    std::fs::write(folder.join("short.jinja"), TEMPLATE).expect("writes");
    let tokenizer = Tokenizer { name: "words".into(), kind: TokenizerKind::Bytes };
    regimen_data::prepare(&Place::new(folder), &tokenizer, None, &dataset(), &mut NoProgress)
        .expect("prepares")
}

/// The loss and the gradients of a pass over all conversations as one batch.
fn one_batch(
    model: impl ModelSpec + 'static,
    prepared: &Prepared,
    packing: bool,
) -> (f64, BTreeMap<String, Tensor>) {
    let rows = filled(&prepared.facts.splits[0].lengths, SEQUENCE, packing).rows;
    let mut plan: Stage = stage(model, rows, 1);
    plan.kind = "supervised";
    plan.objective = Objective::Supervised { packing };
    plan.sequence = SEQUENCE;
    plan.data = dataset();
    plan.data_facts = prepared.facts.clone();
    let mut trainer = Trainer::new(&plan, 1);
    let feed = trainer.lowered.feeds[0].clone();
    let file = prepared.conversations("train").expect("a part").clone();
    let mut streams = Streams::default();
    streams.add_conversations(&feed, Rows::new(file, SEQUENCE, packing, feed.shuffle).expect("fits"));
    trainer.run("initialise", &|_, _| ());
    let divisor = streams.supervised(&feed, 0, rows).expect("counts");
    let mut micro = MicroBatch::default();
    for first in 0..rows {
        micro.fill(&mut streams, &feed, first, u64::MAX, divisor).expect("reads");
        let inputs = micro.inputs();
        trainer.run("micro_step", &|source, tensor| {
            let found = inputs.iter().find(|(name, _)| *name == source).expect("a source");
            match found.1 {
                HostSlice::I64(numbers) => tensor.copy_(&Tensor::from_slice(numbers).reshape(tensor.size())),
                HostSlice::F32(numbers) => tensor.copy_(&Tensor::from_slice(numbers).reshape(tensor.size())),
            }
        });
    }
    let of_gradients = trainer.lowered.residents.iter().zip(&trainer.residents);
    let gradients = of_gradients
        .filter(|(resident, _)| resident.role == program::Role::Gradient)
        .map(|(resident, tensor)| (resident.name.to_string(), tensor.copy()))
        .collect();
    (trainer.take("loss_sum"), gradients)
}

fn packed_is_as_alone(model: impl ModelSpec + Clone + 'static) {
    let _turn = trainer::turn(2);
    let folder = tempfile::tempdir().expect("a folder");
    let prepared = prepared(folder.path());
    let lengths = &prepared.facts.splits[0].lengths;
    let (packed, alone) = (filled(lengths, SEQUENCE, true), filled(lengths, SEQUENCE, false));
    assert!(packed.rows < alone.rows && packed.supervised == alone.supervised, "{packed:?} {alone:?}");
    let (loss, gradients) = one_batch(model.clone(), &prepared, true);
    let (loss_alone, gradients_alone) = one_batch(model, &prepared, false);
    assert!(loss_alone > 1.0 && (loss - loss_alone).abs() <= 2e-5 * loss_alone, "{loss} {loss_alone}");
    for (name, alone) in &gradients_alone {
        let norm = alone.norm().double_value(&[]);
        let off = (&gradients[name] - alone).norm().double_value(&[]);
        assert!(off <= 2e-5 * norm + 1e-9, "{name}: {off} of {norm}");
    }
}

#[test]
fn packed_conversations_give_the_loss_and_gradients_of_single_ones_in_gpt() {
    packed_is_as_alone(gpt(2, 2, 24, SEQUENCE, VOCAB));
}

#[test]
fn packed_conversations_give_the_loss_and_gradients_of_single_ones_in_llama() {
    packed_is_as_alone(llama([2, 4, 2, 24, 40], SEQUENCE, VOCAB));
}
