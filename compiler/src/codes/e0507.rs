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

/// So many of all conversations are left out; the longest has `longest` tokens.
pub fn left_out(too_long: u64, all: u64, longest: u64, sequence: u64, span: Span) -> Diagnostic {
    let share = 100.0 * too_long as f64 / all.max(1) as f64;
    Diagnostic::warning(CODE, format!("{too_long} of {all} conversations ({share:.1} %) are left out"))
        .at(span, format!("a sample has {sequence} tokens"))
        .because(format!("They are longer than a sample; the longest has {longest} tokens."))
        .help(format!("give the stage a longer `sequence`, up to {}", longest.saturating_sub(1)))
}
