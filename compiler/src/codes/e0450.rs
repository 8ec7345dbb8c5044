//! E0450: a stage and data that do not fit each other.

use regimen_base::data::Dataset;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0450");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a stage and data that do not fit each other",
    page: r#"| a stage | learns from | which is data of the type |
|---|---|---|
| `causal_lm`, `masked_lm`, `replaced_token_detection` | running text | `text`, `jsonl`, `csv`, `parquet`, a `mix` of them |
| `supervised` | conversations | `chats`, a `mix` of them |
| `classify` | records that name a class | `labelled` |
| `reward_model` | prompts with two answers | `preferences` |

From `feedback` no type of stage learns yet; it is read, checked and shown.

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
    Preferences,
    Feedback,
}

impl Holds {
    /// What a dataset of this type consists of.
    pub fn of(kind: &str, dataset: &Dataset) -> Holds {
        match kind {
            "labelled" => Holds::Records,
            "preferences" => Holds::Preferences,
            "feedback" => Holds::Feedback,
            _ if dataset.chats().is_some() => Holds::Conversations,
            _ => Holds::Text,
        }
    }

    /// What a stage of this type learns from.
    pub fn read_by(stage: &str) -> Holds {
        match stage {
            "classify" => Holds::Records,
            "supervised" => Holds::Conversations,
            "reward_model" => Holds::Preferences,
            _ => Holds::Text,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Holds::Text => "running text",
            Holds::Records => "labelled records",
            Holds::Conversations => "conversations",
            Holds::Preferences => "preferences",
            Holds::Feedback => "feedback",
        }
    }

    /// The stages that learn from it, as the end of a sentence; nothing if none does.
    fn readers(self) -> Option<String> {
        let all = crate::kinds::stage::ALL.iter().map(|stage| stage.name);
        let readers: Vec<&str> = all.filter(|stage| Holds::read_by(stage) == self).collect();
        (!readers.is_empty()).then(|| crate::schema::listed(readers))
    }
}

/// The stage learns from something else than the data hold.
pub fn pairing(kind: &str, data: &str, holds: Holds, at: Span, declared: Span) -> Diagnostic {
    let needed = Holds::read_by(kind);
    let help = match needed {
        Holds::Records => {
            "declare the data as `labelled`, with `text` and `label` naming the fields of its records"
        }
        Holds::Conversations => "declare the data as `chats`",
        Holds::Preferences => {
            "declare the data as `preferences`, with `chosen` and `rejected` naming the fields of its records"
        }
        _ => "declare the texts as `text`, `jsonl`, `csv` or `parquet`",
    };
    let (why, help) = match holds.readers() {
        Some(readers) => (
            format!("It holds {}, read by {readers}; `{kind}` learns from {}.", holds.name(), needed.name()),
            format!("{help}, or make the stage one of those that read it: {readers}"),
        ),
        None => (
            format!(
                "It holds {}, from which no type of stage learns yet; `{kind}` learns from {}.",
                holds.name(),
                needed.name()
            ),
            format!("{help}; `regimen data FILE {data}` checks and shows what is there"),
        ),
    };
    Diagnostic::error(CODE, format!("a stage `{kind}` cannot learn from `{data}`"))
        .at(at, "the data of this stage")
        .also(declared, holds.name())
        .because(why)
        .help(help)
}
