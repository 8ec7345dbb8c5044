//! E0825: a dataset or tokenizer that is asked for is not declared.

use regimen_base::{Code, CodePage, Diagnostic};

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0825"),
    title: "a dataset or tokenizer that is asked for is not declared",
    page: r#"`regimen data FILE NAME` works on a dataset by the name of its declaration; one from an imported file has the import's name before
it. Without a name, all datasets that stages train on are worked on. `--tokenizer` names a declared tokenizer likewise; lengths of preferences
and feedback are told in its tokens.

```
regimen data experiment.exp corpus
regimen data experiment.exp preferences --tokenizer words
```
"#,
};

/// No dataset is called so; `known` are.
pub fn unknown(name: &str, known: &[String]) -> Diagnostic {
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let because = match list.as_slice() {
        [] => "The experiment declares no dataset.".to_string(),
        [one] => format!("Declared is {one}."),
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
        [one] => format!("Declared is {one}."),
        names => format!("Declared are {}.", names.join(", ")),
    };
    let help = match known {
        [] => "declare one: `tokenizer words : bytes {}`".to_owned(),
        [only] => format!("write `--tokenizer {only}`, or leave it out: there is no other"),
        [first, ..] => format!("name one of them, such as `--tokenizer {first}`"),
    };
    Diagnostic::error(PAGE.code, format!("no tokenizer `{name}` is declared")).because(because).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_there_is() {
        let message = unknown("web", &["books".into()]);
        assert_eq!(message.notes, ["Declared is `books`."]);
        assert_eq!(unknown_tokenizer("web", &["words".into()]).notes, ["Declared is `words`."]);
        assert!(none_trained_on(&["books".into()]).help.is_some());
    }
}
