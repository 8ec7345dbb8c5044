//! E0412: a micro-batch that does not divide the batch.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0412");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a micro-batch that does not divide the batch",
    page: r#"An optimizer step consists of whole micro-batches. Other tools accept such a setting and fail in the worker, or train with another
batch than the one written.

```exp wrong
stage pretrain = base with { batch = 8 sequences, micro_batch = 3 }
```

```exp right
stage pretrain = base with { batch = 8 sequences, micro_batch = 4 }
```
"#,
};

/// `batch` is no multiple of `micro_batch`.
pub fn micro_batch(batch: (u64, Span), micro: (u64, Span)) -> Diagnostic {
    let best =
        (1..=micro.0.min(batch.0).min(1 << 16)).rev().find(|n| batch.0.is_multiple_of(*n)).unwrap_or(1);
    let title = if micro.0 > batch.0 {
        format!("a micro-batch of {} is larger than the batch of {}", micro.0, batch.0)
    } else {
        format!(
            "{} does not divide the batch of {}: {} would be left over",
            micro.0,
            batch.0,
            batch.0 % micro.0.max(1)
        )
    };
    Diagnostic::error(CODE, title)
        .at(micro.1, "does not divide the batch")
        .also(batch.1, "the batch")
        .help(format!("write `micro_batch = {best}`, or `auto`"))
        .fix(format!("write {best}"), micro.1, best.to_string())
}
