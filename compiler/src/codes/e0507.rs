//! E0507: conversations or pairs of answers that are longer than a sample.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0507");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "conversations or pairs of answers that are longer than a sample",
    page: r#"A warning. A conversation lies in one sample as a whole; one that is longer is left out, because half of it would teach that answers stop
in the middle. So is a pair of answers one of which, with its prompt, is longer: what tells the two apart may be what would be cut. If many are
left out, what remains is another dataset: the short ones.

```exp wrong
data lengthy : chats { files = "talks.jsonl", chat_template = zephyr }
stage sft : supervised {
  on = box, model = gpt2, data = lengthy, sequence = 32 tokens, batch = 8 sequences, duration = 10 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data lengthy : chats { files = "talks.jsonl", chat_template = zephyr }
stage sft : supervised {
  on = box, model = gpt2, data = lengthy, sequence = 64 tokens, batch = 8 sequences, duration = 10 steps, optimizer = adamw { lr = 1e-5 }
}
```
"#,
};

/// What is left out.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut {
    /// What is counted: `conversations`.
    pub what: &'static str,
    /// How many are left out,
    pub too_long: u64,
    /// of how many.
    pub all: u64,
    /// Tokens of a sample that would hold the longest.
    pub longest: u64,
}

/// So many are longer than a sample of `sequence` tokens, of a model that sees `context`.
pub fn left_out(left_out: LeftOut, (sequence, span): (u64, Span), context: u64) -> Diagnostic {
    let LeftOut { what, too_long, all, longest } = left_out;
    let help = match (longest <= context, sequence < context) {
        (true, _) => format!("give the stage a longer `sequence`, up to {longest}"),
        (_, true) => format!(
            "give the stage a longer `sequence`, up to {context}, all that the model sees; for all {what} a model with `context = {longest} tokens`"
        ),
        (_, false) => format!(
            "the model sees no more: train one with `context = {longest} tokens`, or leave out or shorten these {what}"
        ),
    };
    let share = 100.0 * too_long as f64 / all.max(1) as f64;
    Diagnostic::warning(CODE, format!("{too_long} of {all} {what} ({share:.1} %) are left out"))
        .at(span, format!("a sample has {sequence} tokens"))
        .because(format!("They are longer than a sample; the longest needs {longest} tokens."))
        .help(help)
}
