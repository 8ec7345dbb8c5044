//! E0509: a tokenizer that does not know what the data are written in.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0509");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "text that the tokenizer does not know",
    page: r#"A warning. Where a tokenizer has no token for a character or a word, it writes its unknown token. A model learns nothing of what stands
there, and predicts the unknown token easily, so that the loss looks better than it is. Said from one in a thousand tokens on.

A tokenizer of characters knows those of the data that it was trained on; one of bytes, and `bpe`, know every text.

```exp wrong
data foreign : text { files = "foreign.txt" }
stage other = base with { data = foreign }
```

```exp right
data own : text { files = "own.txt" }
stage other = base with { data = own }
```
"#,
};

/// Of the tokens of this part of the data, so many are the unknown one.
pub fn unknown(data: &str, part: &str, (unknown, all): (u64, u64), tokenizer: &str, at: Span) -> Diagnostic {
    let share = 100.0 * unknown as f64 / all.max(1) as f64;
    let title =
        format!("{share:.1} % of the tokens of `{data}.{part}` are the unknown token of `{tokenizer}`");
    Diagnostic::warning(CODE, title)
        .at(at, format!("{unknown} of {all} tokens"))
        .because("What stands there is lost to the model.")
        .help(
            "train the tokenizer on these data as well, or take one that knows every text: `bytes` or `bpe`",
        )
}
