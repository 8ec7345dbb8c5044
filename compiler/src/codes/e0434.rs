//! E0434: more than all hidden tokens become something else.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0434");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "more than all hidden tokens become something else",
    page: r#"Of the tokens that are predicted, some become the mask, some any token, and the rest stays as it is. The two shares are at most
100 % together.

```exp wrong
model small : bert { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain : masked_lm {
  on = box, model = small, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-3 }
  masking = { masked = 90%, random = 20% }
}
```

```exp right
model small : bert { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain : masked_lm {
  on = box, model = small, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-3 }
  masking = { masked = 90%, random = 10% }
}
```
"#,
};

/// `masked` and `random` are more than all.
pub fn shares(masked: f64, random: f64, at: Span) -> Diagnostic {
    let percent = |share: f64| format!("{} %", (share * 1e6).round() / 1e4);
    let left = percent((1.0 - masked).max(0.0));
    Diagnostic::error(
        CODE,
        format!("{} of the hidden tokens become something else", percent(masked + random)),
    )
    .because(format!("{} become the mask and {} any token.", percent(masked), percent(random)))
    .at(at, "together more than all of them")
    .help(format!("write `random` up to {left}, or make fewer of them the mask"))
}
