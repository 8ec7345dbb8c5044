//! E0401: heads that do not divide the width.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0401");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "heads that do not divide the width",
    page: r#"Each attention head works on hidden / heads numbers, so `heads` must divide `hidden`.

```exp wrong
model small : gpt { layers = 2, heads = 12, hidden = 800, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 2, heads = 12, hidden = 768, context = 64, tokenizer = words }
```
"#,
};

/// The same of a generator, whose fields have names of their own.
pub fn generator_heads(model: &str, hidden: (u64, Span), heads: (u64, Span)) -> Diagnostic {
    let fewer = (1..=heads.0.min(hidden.0)).rev().find(|n| hidden.0.is_multiple_of(*n)).unwrap_or(1);
    let rest = hidden.0 % heads.0.max(1);
    Diagnostic::error(
        CODE,
        format!("{} heads do not divide generator_hidden = {} of `{model}`", heads.0, hidden.0),
    )
    .because("Each head works on generator_hidden / generator_heads numbers.")
    .at(heads.1, format!("{rest} would be left over"))
    .also(hidden.1, "the generator's width")
    .help(format!("write `generator_heads = {fewer}`"))
    .fix(format!("write {fewer}"), heads.1, fewer.to_string())
}

/// `hidden` is no multiple of `heads`; the message points at the one that was set last.
pub fn heads(model: &str, hidden: (u64, Span), heads: (u64, Span), at_heads: bool) -> Diagnostic {
    let (width, each) = (hidden.0, hidden.0 / heads.0.max(1));
    let title = format!("{} heads do not divide hidden = {width} of `{model}`", heads.0);
    let rest = format!("{width} = {} × {each} + {}", heads.0, width - heads.0 * each);
    let diagnostic = Diagnostic::error(CODE, title).because("Each head works on hidden / heads numbers.");
    if at_heads {
        let fewer = (1..=heads.0.min(width)).rev().find(|n| width.is_multiple_of(*n)).unwrap_or(1);
        return diagnostic
            .at(heads.1, rest)
            .also(hidden.1, "the width")
            .help(format!("write `heads = {fewer}`"))
            .fix(format!("write {fewer}"), heads.1, fewer.to_string());
    }
    // Heads of a multiple of eight, as everybody has them and hardware likes them; any whole number where the model is too small.
    let step = heads.0.saturating_mul(if width / 8 >= heads.0 { 8 } else { 1 });
    let below = width - width % step;
    let nearest = if below > 0 && width - below <= step / 2 { below } else { below.saturating_add(step) };
    diagnostic.at(hidden.1, rest).also(heads.1, "the heads").help(format!("write `hidden = {nearest}`")).fix(
        format!("write {nearest}"),
        hidden.1,
        nearest.to_string(),
    )
}
