//! E0504: something assumed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0504");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "something assumed",
    page: r#"A note. The vocabulary of a trained tokenizer and the number of tokens in files are facts about files. Without the files the compiler
assumes something, says so, and marks the plan as estimated; a run measures first, or ends at once where no file is there.

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

/// What becomes of the assumption. The same experiment is often checked where its data are not.
fn until(missing: bool) -> &'static str {
    if missing {
        "put the files there before it runs: without them there is nothing to run"
    } else {
        "a run measures it before it starts"
    }
}

/// The size of a vocabulary, with the reason, and whether that is that files are missing.
pub fn assumed_vocabulary(
    tokenizer: &str,
    vocab: u64,
    (why, missing): (&str, bool),
    span: Span,
) -> Diagnostic {
    Diagnostic::note(CODE, format!("assumed: `{tokenizer}` has {vocab} tokens"))
        .at(span, "not measured")
        .because(format!("It was not measured: {why}."))
        .help(until(missing))
}

/// The size of a dataset, likewise.
pub fn assumed_size(data: &str, tokens: u64, (why, missing): (&str, bool), span: Span) -> Diagnostic {
    let tokens =
        crate::quantity::number::display(&num_rational::BigRational::from(num_bigint::BigInt::from(tokens)));
    Diagnostic::note(CODE, format!("assumed: `{data}` has about {tokens} tokens"))
        .at(span, "not measured")
        .because(format!("It was not measured: {why}."))
        .help(until(missing))
}
