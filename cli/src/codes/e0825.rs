//! E0825: a dataset that is asked for is not declared.

use regimen_base::{Code, CodePage, Diagnostic};

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0825"),
    title: "a dataset that is asked for is not declared",
    page: r#"`regimen data FILE NAME` works on a dataset by the name of its declaration; one from an imported file has the import's name before
it. Without a name, all datasets that stages train on are worked on.

```
regimen data experiment.exp corpus
```
"#,
};

/// No dataset is called so; `known` are.
pub fn unknown(name: &str, known: &[String]) -> Diagnostic {
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let because = match list.as_slice() {
        [] => "The experiment declares no dataset.".to_string(),
        list => format!("Declared are {}.", list.join(", ")),
    };
    Diagnostic::error(PAGE.code, format!("no dataset `{name}`")).because(because).help("name one of them")
}

/// Nothing was named, and no stage trains on anything.
pub fn none_trained_on(known: &[String]) -> Diagnostic {
    let first = known.first().map_or("NAME", String::as_str);
    Diagnostic::error(PAGE.code, "no stage trains on a dataset, and none is named")
        .help(format!("name the dataset: `regimen data FILE {first}`"))
}

/// There is no tokenizer of this name.
pub fn unknown_tokenizer(name: &str, known: &[String]) -> Diagnostic {
    let names: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let because = match names.as_slice() {
        [] => "The experiment declares no tokenizer.".to_owned(),
        names => format!("Declared are {}.", names.join(", ")),
    };
    Diagnostic::error(PAGE.code, format!("no tokenizer `{name}`")).because(because).help("name one of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_there_is() {
        let message = unknown("web", &["books".into()]);
        assert_eq!(message.notes, ["Declared are `books`."]);
        assert_eq!(unknown_tokenizer("web", &["words".into()]).notes, ["Declared are `words`."]);
        assert!(none_trained_on(&["books".into()]).help.is_some());
    }
}
