//! E0968: a setting of sampling that has no meaning.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0968"),
    title: "a setting of sampling that has no meaning",
    page: "\
How the next token is drawn, in the order in which it happens (definitions as in transformers):

| setting | meaning | allowed |
|---|---|---|
| repetition penalty | logits of tokens that occurred are divided by it if positive, else multiplied | above 0; 1 does nothing |
| temperature | logits are divided by it; 0 always takes the likeliest token | 0 or greater |
| top-k | only the K likeliest tokens, and those as likely as the last of them | 1 or more |
| top-p | the least likely tokens are left out that have 1 − P of the probability together | above 0, at most 1 |
| stop text | ends the text and is not shown | not empty |

**Fix.** Give a value that is allowed:

```
regimen generate MODEL --prompt \"Once\" --temperature 0.7 --top-p 0.9 --repetition-penalty 1.1
```
",
};

/// `what` says which setting has which value, and what it must be.
pub fn sampling_refused(what: impl Into<String>) -> Diagnostic {
    Diagnostic::error(PAGE.code, what.into())
        .help("`regimen explain E0968` lists every setting and its range")
}
