//! E0507: conversations that are longer than a sample.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0507");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "conversations that are longer than a sample",
    page: r#"A warning. A conversation lies in one sample as a whole; one that is longer is left out, because half of it would teach that answers stop
in the middle. If many are, what is left is another dataset: the short ones.

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

/// So many of all conversations are left out; the longest has `longest` tokens, and the model sees `context`.
pub fn left_out(
    (too_long, all): (u64, u64),
    longest: u64,
    (sequence, span): (u64, Span),
    context: u64,
) -> Diagnostic {
    let wanted = longest.saturating_sub(1);
    let help = match (wanted <= context, sequence < context) {
        (true, _) => format!("give the stage a longer `sequence`, up to {wanted}"),
        (_, true) => format!(
            "give the stage a longer `sequence`, up to {context}, all that the model sees; for all conversations a model with `context = {wanted} tokens`"
        ),
        (_, false) => format!(
            "the model sees no more: train one with `context = {wanted} tokens`, or leave out or shorten these conversations"
        ),
    };
    let share = 100.0 * too_long as f64 / all.max(1) as f64;
    Diagnostic::warning(CODE, format!("{too_long} of {all} conversations ({share:.1} %) are left out"))
        .at(span, format!("a sample has {sequence} tokens"))
        .because(format!("They are longer than a sample; the longest has {longest} tokens."))
        .help(help)
}
