//! E0435: a convolution that has no place.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0435");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a convolution that has no place",
    page: r#"DeBERTa's largest models of version 2 add a convolution over neighbouring tokens to the result of the first block. It sees as many
tokens before as after each, so that its width is odd. Where the enhanced mask decoder runs the last block twice, the convolution comes
before that, so that there are two blocks at least.

```exp wrong
model large : deberta { layers = 4, heads = 2, hidden = 64, context = 64, tokenizer = words, convolution = 2 }
```

```exp right
model large : deberta { layers = 4, heads = 2, hidden = 64, context = 64, tokenizer = words, convolution = 3 }
```
"#,
};

/// The width is even.
pub fn even(model: &str, width: (u64, Span)) -> Diagnostic {
    let odd = width.0 + 1;
    Diagnostic::error(CODE, format!("the convolution of `{model}` sees {} tokens, an even number", width.0))
        .at(width.1, "as many before a token as after it, and the token itself")
        .help(format!("write `convolution = {odd}`"))
        .fix(format!("write {odd}"), width.1, odd.to_string())
}

/// The only block is the one that the decoder runs.
pub fn no_block_before(model: &str, at: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("the only block of `{model}` is the one that its enhanced mask decoder runs twice"),
    )
    .at(at, "the convolution comes after the first block, and before the last")
    .help("write two layers or more, or `mask_decoder = plain`")
}
