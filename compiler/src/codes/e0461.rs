//! E0461: an order that documents cannot be divided by.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0461");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an order that documents cannot be divided by",
    page: r#"`ordered_by` names a field with dates or numbers, and the parts of the dataset follow each other in it, in the order in which `split` names
them: what a model is validated on is then strictly later than what it was trained on. So there must be parts, `train` must come first, and
neither folds nor equal shares of classes can be asked for at the same time.

```exp wrong
data news : jsonl { files = "news.jsonl", ordered_by = "published", split = { validation = 10%, train = 90% } }
```

```exp right
data news : jsonl { files = "news.jsonl", ordered_by = "published", split = { train = 90%, validation = 10% } }
```
"#,
};

/// There is one part.
pub fn nothing_divided(data: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{data}` is not divided, so an order means nothing"))
        .at(at, "documents are divided by this field")
        .because("The order decides which documents belong to which part; in training they are shuffled.")
        .help("declare parts: `split = { train = 90%, validation = 10% }`")
}

/// A part stands before `train`.
pub fn train_later(train: Span, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, "`train` is not the earliest part")
        .at(train, "parts follow each other in the order in which they are named")
        .also(at, "by this field")
        .because("Validation on text from before the training tells nothing of how the model will do later.")
        .help("name `train` first")
}

/// Folds are not in order.
pub fn folds(at: Span, folds: Span) -> Diagnostic {
    Diagnostic::error(CODE, "folds have no order")
        .at(at, "parts follow each other by this field")
        .also(folds, "every fold but the last validates on text from before the training")
        .help("leave out one of the two")
}

/// Classes are not equally frequent at all times.
pub fn stratified(at: Span, stratified: Span) -> Diagnostic {
    Diagnostic::error(CODE, "parts that follow each other in time cannot have equal shares of the classes")
        .at(at, "parts follow each other by this field")
        .also(stratified, "equal shares of the classes")
        .help("leave out one of the two")
}
