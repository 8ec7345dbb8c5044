//! Conversations.

use super::{BROKEN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, SPLIT, files};
use crate::eval::{Fields, Stop, Value};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::{ChatTemplate, Chats, Format, Role};

/// The type.
pub static CHATS: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| files(eval, object, fields, Format::Chats(read(fields)?)),
};

static TYPE: Type = Type {
    name: "chats",
    doc: "Conversations, one JSON object a line: `messages` (role, content), `conversations` (from, value), or `instruction`, `input` and `output`.",
    fields: &[
        FILES,
        Field::with(
            "template",
            Ty::List { of: &Ty::Text, min: 1, max: 1_000 },
            "\"{instruction}\\n\\n{input}\"",
            "What a user asks, for records with an instruction; of several paraphrases each record takes one, always the same. What stands from `{output}` on is the answer; without it, the output is.",
        ),
        Field::with(
            "chat_template",
            Ty::WordOr(TEMPLATES, &Ty::Path),
            "tokenizer",
            "What renders conversations: the tokenizer's own template, a known one, or a file with Jinja.",
        ),
        Field::with(
            "train_on",
            Ty::List { of: &Ty::Words(ROLES), min: 1, max: 3 },
            "[assistant]",
            "Whose turns are labels, with the token that ends them.",
        ),
        BROKEN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};

const ROLES: &[Word] = &[
    Word { name: "assistant", doc: "what the model is to say, from the prompt of its turn on" },
    Word { name: "user", doc: "what is asked" },
    Word { name: "system", doc: "what the system says first" },
];

/// The tokenizer's own template, and those that the data engine knows.
pub const TEMPLATES: &[Word] = &[
    Word { name: TOKENIZER, doc: "the one that lies beside the tokenizer" },
    Word { name: "chatml", doc: "`<|im_start|>role … <|im_end|>`" },
    Word { name: "llama2", doc: "`[INST] … [/INST] … </s>`, the system inside the first question" },
    Word { name: "llama3", doc: "`<|start_header_id|>role<|end_header_id|> … <|eot_id|>`" },
    Word { name: "mistral", doc: "`[INST] … [/INST] …</s>`" },
    Word { name: "zephyr", doc: "`<|role|> …` and the token between documents" },
    Word { name: "gemma", doc: "`<start_of_turn>role … <end_of_turn>`, no system" },
    Word { name: "phi3", doc: "`<|role|> … <|end|>`" },
    Word { name: "qwen2", doc: "ChatML with a default system" },
    Word { name: "smollm2", doc: "ChatML with SmolLM's default system" },
    Word { name: "alpaca", doc: "`### Instruction: … ### Response: …` and the token between documents" },
];

const TOKENIZER: &str = "tokenizer";

/// The template that `chat_template` names.
pub fn template(fields: &Fields) -> Result<ChatTemplate, Stop> {
    Ok(match fields.optional_word("chat_template")? {
        Some(TOKENIZER) => ChatTemplate::Tokenizer,
        Some(known) => ChatTemplate::Known(known.to_owned()),
        None => ChatTemplate::File(fields.text("chat_template")?),
    })
}

fn read(fields: &Fields) -> Result<Chats, Stop> {
    let chat_template = template(fields)?;
    let Some(Value::List(roles)) = fields.get("train_on")?.map(|c| &c.value) else {
        return Err(Stop::Reported);
    };
    let role = |name: &Value| match name {
        Value::Word(word) => Role::from_name(word).ok_or(Stop::Reported),
        _ => Err(Stop::Reported),
    };
    let train_on = roles.iter().map(|c| role(&c.value)).collect::<Result<_, _>>()?;
    Ok(Chats { template: fields.texts("template")?, chat_template, train_on })
}
