//! E0421: a model that differs from its weights.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0421");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a model that differs from its weights",
    page: r#"The folder named by `weights` holds a `config.json` that says how large its tensors are. If the declared sizes differ, the weights do
not fit, or fit and mean something else.

```exp wrong
model loaded = gpt2 with { weights = "gpt2" }
```

```exp right
model loaded : gpt { layers = 12, heads = 12, hidden = 768, context = 1024, tokenizer = words, vocab = 50_257, weights = "gpt2" }
```
"#,
};

/// Sizes in `config.json` that differ from the declared ones: (field, declared, there, where declared).
pub fn sizes(
    model: &str,
    folder: &str,
    wrong: &[(String, String, String, Span)],
    weights: Span,
) -> Diagnostic {
    let list: Vec<String> =
        wrong.iter().map(|(f, own, there, _)| format!("`{f}` is {own}, there {there}")).collect();
    let mut diagnostic = Diagnostic::error(
        CODE,
        format!("`{model}` does not fit the weights in `{folder}`: {}", list.join("; ")),
    )
    .at(weights, "these weights");
    for (field, _, there, span) in wrong.iter().filter(|w| w.3 != weights) {
        diagnostic = diagnostic.also(*span, format!("`{field}` is {there} in `config.json`"));
    }
    diagnostic.help("declare the sizes of the weights")
}

/// Weights that no declared model can have.
pub fn other(folder: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("the weights in `{folder}` are of a model that cannot be declared: {why}"),
    )
    .at(span, "these weights")
    .help("name the folder of a model with plain weights that reads text alone")
}

/// A folder without a readable `config.json`.
pub fn unreadable(path: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("cannot read `{path}`: {why}"))
        .at(span, "these weights")
        .help("name a folder in Hugging Face's layout: config.json, model.safetensors")
}
