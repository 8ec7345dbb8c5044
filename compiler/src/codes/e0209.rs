//! E0209: a cycle.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0209");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a cycle",
    page: r#"A value, a derivation or a stage that needs itself, directly or around several corners. The message shows every step.

```exp wrong
let a = b + 1
let b = a + 1
```

```exp right
let a = b + 1
let b = 1
```
"#,
};

/// Steps that lead back to the first; each with the place where it asks for the next.
pub fn cycle(steps: &[(String, Span)]) -> Diagnostic {
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    let shown = if names.len() > 12 {
        format!("{} → … → {}", names[..8].join(" → "), names[names.len() - 2..].join(" → "))
    } else {
        names.join(" → ")
    };
    let mut diagnostic = Diagnostic::error(CODE, format!("a cycle: {shown}"));
    let steps = steps.get(..steps.len().saturating_sub(1)).unwrap_or(&[]);
    for (i, (name, span)) in steps.iter().take(8).enumerate() {
        let next = names.get(i + 1).copied().unwrap_or("itself");
        let text = format!("`{name}` needs `{next}`");
        diagnostic = if i == 0 { diagnostic.at(*span, text) } else { diagnostic.also(*span, text) };
    }
    diagnostic.help("break the cycle: give one of them a value of its own")
}
