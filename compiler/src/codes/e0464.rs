//! E0464: more samples to evaluate than there are.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0464");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "more samples to evaluate than there are",
    page: r#"A note. `samples` of `evaluate` is how many of the part's samples are read; where the part has fewer, all of it is.

```exp wrong
data few : text { files = "few.txt", split = { train = 80%, validation = 20% } }
stage pretrain = base with { data = few, evaluate = { every = 50 steps, on = few.validation, samples = 1_000_000 } }
```

```exp right
data few : text { files = "few.txt", split = { train = 80%, validation = 20% } }
stage pretrain = base with { data = few, evaluate = { every = 50 steps, on = few.validation, samples = 10 } }
```
"#,
};

/// `part` has fewer samples than asked for.
pub fn fewer(part: &str, asked: u64, available: u64, at: Span) -> Diagnostic {
    let samples = if available == 1 { "sample" } else { "samples" };
    Diagnostic::note(CODE, format!("an evaluation reads {available} {samples}: `{part}` has no more"))
        .at(at, format!("{asked} are asked for"))
        .help("leave `samples` out to evaluate on the whole part")
}
