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

/// The stage classifies and the data has no classes, or the other way round.
pub fn pairing(kind: &str, data: &str, labelled: bool, at: Span, declared: Span) -> Diagnostic {
    let (why, help) = match labelled {
        true => (
            "Its records are samples with a class each; they are no running text.",
            "declare the texts as `jsonl`, or make it a stage of type `classify`",
        ),
        false => (
            "Its documents name no class.",
            "declare the data as `labelled`, with `text` and `label` naming the fields of its records",
        ),
    };
    Diagnostic::error(CODE, format!("a stage `{kind}` cannot learn from `{data}`"))
        .at(at, "the data of this stage")
        .also(declared, if labelled { "labelled records" } else { "running text" })
        .because(why)
        .help(help)
}
