//! E0410: an embedding smaller than the vocabulary.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0410");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an embedding smaller than the vocabulary",
    page: r#"Every token needs its row in the embedding table. More rows than tokens are fine: tables are often padded to a multiple of 64.

```exp wrong
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words, vocab = 200 }
```

```exp right
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words, vocab = 320 }
```
"#,
};

/// `vocab` is below the tokenizer's, the mask included where the model needs one.
pub fn vocabulary(vocab: (u64, Span), tokenizer: &str, needed: u64, masked: bool) -> Diagnostic {
    let mask = if masked { ", the mask included" } else { "" };
    let padded = needed.div_ceil(64).saturating_mul(64);
    Diagnostic::error(
        CODE,
        format!(
            "a table of {} rows is too small for `{tokenizer}`, which has {needed} tokens{mask}",
            vocab.0
        ),
    )
    .at(vocab.1, "smaller than the vocabulary")
    .help(format!("remove `vocab`, or write `vocab = {padded}`, the next multiple of 64"))
    .fix(format!("write {padded}"), vocab.1, padded.to_string())
}
