//! E0463: classes without records.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0463");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "classes without records",
    page: r#"A warning. The classifier has an output for every class of `classes`, and one of which the part `train` has no record is only ever
taught to be wrong. Most often its name is misspelt in the list, or its records are all in another part.

```exp wrong
data scenes : labelled { files = "scenes.jsonl", classes = ["comedy", "tragedy", "farce"] }
stage tell : classify {
  on = box, model = gpt2, data = scenes, sequence = 16 tokens, batch = 8 sequences, duration = 10 steps, optimizer = adamw { lr = 1e-5 }
}
```

```exp right
data scenes : labelled { files = "scenes.jsonl", classes = ["comedy", "tragedy"] }
stage tell : classify {
  on = box, model = gpt2, data = scenes, sequence = 16 tokens, batch = 8 sequences, duration = 10 steps, optimizer = adamw { lr = 1e-5 }
}
```
"#,
};

/// These of so many classes have no record in `train`.
pub fn empty(data: &str, classes: &[&str], at: Span) -> Diagnostic {
    let shown = crate::schema::listed(classes.iter().copied().take(8));
    let more = if classes.len() > 8 { format!(" and {} more", classes.len() - 8) } else { String::new() };
    let none = if classes.len() == 1 { "no record of the class" } else { "no record of the classes" };
    Diagnostic::warning(CODE, format!("the part `train` of `{data}` has {none} {shown}{more}"))
        .at(at, "the classes")
        .because("The model can only learn never to answer so.")
        .help("correct the list, add records, or divide with `stratified = true`")
}
