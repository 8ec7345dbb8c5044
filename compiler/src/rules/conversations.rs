//! A chat template teaches what it is to teach: a small conversation is rendered, and what the
//! assistant says in it must be a label, with the token that ends it.

use super::StageView;
use crate::codes;
use crate::codes::e0450::Holds;
use crate::codes::e0507::LeftOut;
use crate::eval::{Evaluator, Fields, ObjectId, Value};
use regimen_base::data::{Certainty, FittedPairs, Role};
use regimen_base::packing::{Filled, filled};
use regimen_base::paraphrase::{self, Part};
use regimen_base::{Diagnostic, Span};

/// The rendered conversation.
pub fn probe(stage: &StageView<'_>) -> Option<Diagnostic> {
    let data = stage.fields.object("data").ok()?;
    let dataset = stage.eval.dataset(data).ok()?;
    let chats = dataset.chats()?;
    let tokenizer = stage.model.as_ref()?.fields.object("tokenizer").ok()?;
    let probe = stage.eval.chat_probe(data, tokenizer).ok()??;
    let place = place(stage.eval, data);
    for turn in probe.turns.iter().filter(|turn| chats.train_on.contains(&turn.role)) {
        if probe.supervised == 0 || !turn.content_counts {
            return Some(codes::e0456::nothing(&dataset.name, turn.role.name(), probe.tokens, place));
        }
        match &turn.end {
            None if turn.role == Role::Assistant => {
                let tokenizer = stage.eval.object_name(tokenizer);
                return Some(codes::e0458::none(&dataset.name, &turn.after, &tokenizer, place));
            }
            Some(end) if !turn.end_counts => return Some(codes::e0457::masked(&dataset.name, end, place)),
            _ => {}
        }
    }
    None
}

/// Conversations and pairs of answers that no sample holds.
pub fn length(stage: &StageView<'_>) -> Option<Diagnostic> {
    let sequence = stage.count("sequence")?;
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    let train = facts.splits.iter().find(|s| s.name == "train")?;
    let (left_out, remain) = match &train.answers {
        Some(answers) => {
            let fitted = answers.fit(sequence.0, stage.eval.marks_of(stage.id, stage.span).ok()?);
            let FittedPairs { pairs, too_long, longest, .. } = fitted;
            (LeftOut { what: "pairs of answers", too_long, all: pairs + too_long, longest }, pairs)
        }
        None => {
            let lengths = train.parts().iter().flat_map(|part| &part.lengths);
            let longest =
                lengths.map(|l| l.tokens).max().filter(|_| facts.certainty == Certainty::Measured)?;
            let filled: Vec<Filled> =
                train.parts().iter().map(|part| filled(&part.lengths, sequence.0, false)).collect();
            let too_long: u64 = filled.iter().map(|f| f.too_long).sum();
            let remain: u64 = filled.iter().map(|f| f.conversations).sum();
            let (all, longest) = (remain + too_long, longest.saturating_sub(1));
            (LeftOut { what: "conversations", too_long, all, longest }, remain)
        }
    };
    // That none is left is an error of its own.
    let some = left_out.too_long > 0 && remain > 0;
    let context = stage.model.as_ref()?.count("context")?.0;
    some.then(|| codes::e0507::left_out(left_out, sequence, context))
}

/// Where the template of a dataset is named; its declaration if nowhere.
fn place(eval: &Evaluator<'_>, data: ObjectId) -> Span {
    let named = eval.fields(data).ok().filter(|fields| fields.is_set("chat_template"));
    named.map_or(eval.program.object(data).name.span, |fields| fields.span_of("chat_template"))
}

/// Templates of instructions, and text made of conversations.
pub fn of_data(eval: &Evaluator<'_>, fields: &Fields) -> Vec<Diagnostic> {
    let mut found = vec![];
    if let Some(Value::List(list)) = fields.known("template").map(|c| &c.value) {
        let texts = list.iter().filter_map(|c| match &c.value {
            Value::Text(text) => Some((text, c.span)),
            _ => None,
        });
        found.extend(texts.filter_map(|(text, span)| paraphrase(text, span)));
    }
    for entry in fields.map("sources").ok().flatten().unwrap_or(&[]) {
        let Some(part) = entry.object else { continue };
        if let Some(holds) = no_text(eval, part).filter(|holds| *holds != Holds::Conversations.name()) {
            let declared = eval.program.object(part).name.span;
            found.push(codes::e0454::reader("a mix", &entry.name.node, holds, entry.name.span, declared));
        }
    }
    found
}

/// A tokenizer is trained on text.
pub fn of_tokenizer(eval: &Evaluator<'_>, fields: &Fields) -> Option<Diagnostic> {
    let data = fields.object("train_on").ok()?;
    let holds = no_text(eval, data)?;
    let declared = eval.program.object(data).name.span;
    let (name, at) = (eval.object_name(data), fields.span_of("train_on"));
    Some(codes::e0454::reader("a tokenizer", &name, holds, at, declared))
}

/// What a dataset holds instead of text that can be read as it is; a class beside it is in nobody's way.
fn no_text(eval: &Evaluator<'_>, data: ObjectId) -> Option<&'static str> {
    let holds = Holds::of(eval.fields(data).ok()?.type_name?, &eval.dataset(data).ok()?);
    (!matches!(holds, Holds::Text | Holds::Records)).then(|| holds.name())
}

fn paraphrase(template: &str, span: Span) -> Option<Diagnostic> {
    match paraphrase::parts(template) {
        Err(unknown) => Some(codes::e0455::unknown(unknown, span)),
        Ok(parts) => {
            let mut asked = parts.iter().take_while(|part| **part != Part::Output);
            (!asked.any(|part| *part == Part::Instruction)).then(|| codes::e0455::no_instruction(span))
        }
    }
}
