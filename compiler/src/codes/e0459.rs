//! E0459: what next-sentence prediction lacks.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0459");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "next-sentence prediction lacks something",
    page: r#"With `next_sentence = true` a sample is a pair of texts, `[CLS] first [SEP] second [SEP]`, and the model tells whether the second follows
the first in its document. That needs

- a model with such a head: `bert`. RoBERTa's authors found that training without it is better, and dropped it; ELECTRA and DeBERTa never had it;
- two rows or more in its segment table, to tell the texts apart;
- rows of its embedding table for padding, beginning and end of a text: the default of `vocab` has them;
- samples of five tokens or more, and two documents: half of the second texts come from another one.

```exp wrong
model small : roberta { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain : masked_lm {
  on = box, model = small, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-4 }
  next_sentence = true
}
```

```exp right
model small : bert { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
stage pretrain : masked_lm {
  on = box, model = small, data = corpus, batch = 8 sequences, duration = 100 steps, optimizer = adamw { lr = 1e-4 }
  next_sentence = true
}
```
"#,
};

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking<'a> {
    /// The head: the model is of a family without it.
    Head(&'a str),
    /// A second row of the segment table.
    Segments(&'a str),
    /// Room for two texts in so many tokens.
    Room(u64),
    /// Rows for the marks around texts.
    #[allow(missing_docs)]
    Rows { model: &'a str, rows: u64, needed: u64 },
    /// A second document.
    Documents(u64),
}

/// `at` is where pairs are asked for.
pub fn lacking(what: Lacking<'_>, at: Span) -> Diagnostic {
    let (title, help) = match what {
        Lacking::Head(model) => (
            format!("`{model}` has no head that tells whether a text follows another"),
            "take a model of type `bert`, or train without `next_sentence`".to_owned(),
        ),
        Lacking::Segments(model) => (
            format!(
                "`{model}` cannot tell the two texts of a pair apart: its segment table has fewer than two rows"
            ),
            "write `segments = 2` in the model".to_owned(),
        ),
        Lacking::Room(length) => (
            format!("samples of {length} tokens have no room for two texts and the three marks around them"),
            "write a `sequence` of five tokens or more".to_owned(),
        ),
        Lacking::Rows { model, rows, needed } => (
            format!("the {rows} rows of `{model}` have no place for padding, beginning and end of a text"),
            format!("remove `vocab` from the model, or write {needed} or more"),
        ),
        Lacking::Documents(documents) => (
            format!(
                "the part `train` has {documents} document{}, and pairs need two",
                if documents == 1 { "" } else { "s" }
            ),
            "say what a document is with `document = paragraph`, or add files".to_owned(),
        ),
    };
    Diagnostic::error(CODE, title).at(at, "pairs of texts are asked for here").help(help)
}
