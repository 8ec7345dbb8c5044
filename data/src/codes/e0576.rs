//! E0576: a class that is not among those of a dataset.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0576` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0576"),
    title: "a class that is not among those of a dataset",
    page: r#"The classes of a `labelled` dataset are those of `classes`, or, without it, those that occur in the part `train`, sorted. Any other class
has no number, so a model cannot be trained to tell it or be judged by it: most often it is misspelt, or so rare that no record of it is in
`train`. `stratified = true` puts records of every class into every part.

```
data scenes : labelled { files = "scenes.jsonl", classes = ["comedy", "history", "tragedy"] }
```
"#,
};

/// The record in `line` of `file`, the first of so many, is of a class that is none of `classes`; these are `declared`, or were found in
/// `train`.
pub fn unknown_class(
    (file, line): (&str, u64),
    class: &str,
    records: u64,
    classes: &[String],
    declared: bool,
) -> Diagnostic {
    let shown: Vec<String> = classes.iter().take(12).map(|c| format!("`{c}`")).collect();
    let more = if classes.len() > 12 { ", …" } else { "" };
    let (whose, help) = match declared {
        true => ("The declared classes are", "correct the record, or add the class to `classes`"),
        false => (
            "The part `train` has",
            "correct the record, declare `classes`, or divide with `stratified = true`",
        ),
    };
    let more_records = match records.saturating_sub(1) {
        0 => String::new(),
        1 => ", and in 1 more record".to_owned(),
        more => format!(", and in {more} more records"),
    };
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: unknown class `{class}`{more_records}"))
        .because(format!("{whose} {}{more}.", shown.join(", ")))
        .help(help)
}

/// A dataset of fewer than two classes.
pub fn too_few(dataset: &str, classes: &[String]) -> Diagnostic {
    let found = classes.first().map_or("none".to_string(), |only| format!("only `{only}`"));
    Diagnostic::error(PAGE.code, format!("the records of `{dataset}` have {found} as a class"))
        .because("There is nothing to tell apart.")
        .help("name another field with `label = \"…\"`, or add records of other classes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender_and_the_classes() {
        let classes = ["a".to_string(), "b".to_string()];
        let message = unknown_class(("x.jsonl", 3), "c", 5, &classes, false);
        assert_eq!(message.code, PAGE.code);
        assert!(
            message.title.contains("line 3") && message.title.ends_with("`c`, and in 4 more records"),
            "{}",
            message.title
        );
        assert!(message.notes[0].contains("`a`, `b`"), "{:?}", message.notes);
        assert!(unknown_class(("x", 1), "c", 1, &classes, true).help.unwrap().contains("add the class"));
        assert!(too_few("scenes", &classes[..1]).title.contains("only `a`"));
    }
}
