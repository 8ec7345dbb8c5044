//! E0450: a stage and data that do not fit each other.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0450");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a stage and data that do not fit each other",
    page: r#"A stage `classify` learns from records that name a class; language modelling learns from running text. A `labelled` dataset is read record by
record, every other one as a stream of tokens, so neither can stand for the other.

```exp wrong
data scenes : labelled { files = "scenes.jsonl" }
stage pretrain = base with { data = scenes }
```

```exp right
data scenes : labelled { files = "scenes.jsonl" }
stage tell : classify {
  on = box, model = gpt2, data = scenes, batch = 8 samples, duration = 100 steps, optimizer = adamw { lr = 1e-4 }
}
```
"#,
};

/// What a dataset consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Holds {
    Text,
    Records,
    Conversations,
}

/// The stage classifies and the data has no classes, or the other way round.
pub fn pairing(kind: &str, data: &str, holds: Holds, at: Span, declared: Span) -> Diagnostic {
    let (why, help) = match (holds, kind) {
        (Holds::Records, "supervised") => (
            "Its records are samples with a class each; they are no conversations.",
            "declare the data as `chats`, or make it a stage of type `classify`",
        ),
        (Holds::Records, _) => (
            "Its records are samples with a class each; they are no running text.",
            "declare the texts as `jsonl`, or make it a stage of type `classify`",
        ),
        (Holds::Text, _) => (
            "Its documents name no class.",
            "declare the data as `labelled`, with `text` and `label` naming the fields of its records",
        ),
        (Holds::Conversations, _) => (
            "Its conversations name no class.",
            "choose `labelled` data, or make it a stage of type `supervised`",
        ),
    };
    let held = match holds {
        Holds::Text => "running text",
        Holds::Records => "labelled records",
        Holds::Conversations => "conversations",
    };
    Diagnostic::error(CODE, format!("a stage `{kind}` cannot learn from `{data}`"))
        .at(at, "the data of this stage")
        .also(declared, held)
        .because(why)
        .help(help)
}
