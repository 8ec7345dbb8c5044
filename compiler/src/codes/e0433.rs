//! E0433: a stage that cannot train its model.

use crate::schema::listed;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0433");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a stage that cannot train its model",
    page: r#"An encoder such as BERT sees the tokens after a position, so predicting the next one would teach it nothing; a decoder sees none of
them, so hidden tokens are not what it is made for. Each kind of stage trains the models that are built for it.

```exp wrong
model small : bert { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain = base with { model = small }
```

```exp right
model small : bert { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain : masked_lm {
  on = box, model = small, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-3 }
}
```
"#,
};

/// The stage's kind is none of those that fit the model.
pub fn objective(kind: &str, model: &str, fitting: &[&str], at: Span, declared: Span) -> Diagnostic {
    let kinds = listed(fitting.iter().copied());
    Diagnostic::error(CODE, format!("a stage `{kind}` cannot train `{model}`"))
        .because(format!("Stages that can: {kinds}."))
        .at(at, "the model of this stage")
        .also(declared, "built for another objective")
        .help(match fitting {
            [only] => format!("make it a stage of type `{only}`, or choose another model"),
            _ => "make it a stage of one of these types, or choose another model".to_owned(),
        })
}
