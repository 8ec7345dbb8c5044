//! E0504: something assumed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0504");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "something assumed",
    page: r#"A note. The vocabulary of a trained tokenizer and the number of tokens in files are facts about files. Without the files the compiler
assumes something, says so, and marks the plan as estimated; a run measures first.

```exp wrong
tokenizer letters : chars { train_on = corpus }
model small = gpt2 with { tokenizer = letters }
```

```exp right
model small = gpt2 with { tokenizer = words }
stage pretrain = base with { model = small }
```
"#,
};

/// The size of a vocabulary.
pub fn assumed_vocabulary(tokenizer: &str, vocab: u64, why: &str, span: Span) -> Diagnostic {
    Diagnostic::note(CODE, format!("assumed: `{tokenizer}` has {vocab} tokens"))
        .at(span, "not measured")
        .because(format!("It was not measured: {why}."))
        .help("a run measures it before it starts")
}

/// The size of a dataset.
pub fn assumed_size(data: &str, tokens: u64, why: &str, span: Span) -> Diagnostic {
    let tokens =
        crate::quantity::number::display(&num_rational::BigRational::from(num_bigint::BigInt::from(tokens)));
    Diagnostic::note(CODE, format!("assumed: `{data}` has about {tokens} tokens"))
        .at(span, "not measured")
        .because(format!("It was not measured: {why}."))
        .help("a run measures it before it starts")
}
