//! E0505: too little text.

use regimen_base::data::SplitFacts;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0505");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "too little text",
    page: r#"A sample needs one token more than its length, because the next token is the label. The part does not hold a single one.

```exp wrong
data tiny : text { files = "tiny.txt", split = { train = 50%, validation = 50% } }
stage pretrain = base with { data = tiny, duration = 1 epochs }
```

```exp right
stage pretrain = base with { duration = 1 epochs }
```
"#,
};

/// A part that holds no sample.
pub fn too_little(part: &SplitFacts, sequence: u64, span: Span) -> Diagnostic {
    if part.answers.is_some() {
        let title = format!("no pair of answers of the part `{}` fits into {sequence} tokens", part.name);
        return Diagnostic::error(CODE, title)
            .because("Each answer lies in one row as a whole, with its prompt: what tells the two apart may be what would be cut.")
            .at(span, "no sample fits")
            .help("give the stage a longer `sequence`");
    }
    match part.lengths.first() {
        None => too_little_text(&part.name, part.tokens, sequence, span),
        Some(shortest) => {
            let needed = shortest.tokens.saturating_sub(1);
            let title = format!("no conversation of the part `{}` fits into {sequence} tokens", part.name);
            Diagnostic::error(CODE, title)
                .because("A conversation lies in one sample as a whole: half of one would teach that answers stop in the middle.")
                .at(span, "no sample fits")
                .help(format!("give the stage a longer `sequence`, {needed} at least"))
        }
    }
}

/// A part shorter than one sample.
fn too_little_text(part: &str, tokens: u64, sequence: u64, span: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("the part `{part}` has {tokens} tokens, and one sample needs {}", sequence.saturating_add(1)),
    )
    .at(span, "no sample fits")
    .help("shorten `sequence`, give the part a larger share, or add text")
}
