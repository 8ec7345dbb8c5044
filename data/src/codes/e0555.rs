//! E0555: a record has no text in the declared field.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0555` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0555"),
    title: "a record has no text in the declared field",
    page: r#"The field that `text` names must be present in every record and hold a string.

```
data web : jsonl { files = "web.jsonl", text = "content" }   # the records must look like {"content": "…"}
```
"#,
};

/// The record has no string in `field`; `what` says what it has instead, and `nearest` which of its fields may be meant.
pub fn no_field(file: &str, line: u64, field: &str, what: &str, nearest: Option<&str>) -> Diagnostic {
    let help = match nearest {
        Some(nearest) => format!("did you mean `{nearest}`? Write `text = \"{nearest}\"`"),
        None => "name the field that holds the text: `text = \"…\"`".to_owned(),
    };
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no text in field `{field}`"))
        .because(what.to_string())
        .help(help)
}

/// The field of a record whose name differs least from the one that is asked for, if it differs so little that it may be meant, or if it is
/// the only one.
pub fn nearest<'k>(field: &str, keys: &'k [String]) -> Option<&'k str> {
    if let [only] = keys {
        return Some(only);
    }
    let distance = |key: &String| match key.eq_ignore_ascii_case(field) {
        true => 0,
        false => strsim::damerau_levenshtein(field, key),
    };
    let close = keys.iter().filter(|key| key.len() <= 80).map(|key| (distance(key), key));
    let allowed = (field.chars().count() / 3).max(1);
    close.filter(|(d, _)| *d <= allowed).min().map(|(_, key)| key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_field("x.jsonl", 3, "text", "It has `body`.", Some("body"));
        assert!(message.help.as_deref().is_some_and(|help| help.contains("`text = \"body\"`")));
        let keys = ["id", "Text", "texts"].map(str::to_owned);
        assert_eq!(nearest("text", &keys), Some("Text"));
        assert_eq!((nearest("text", &keys[..1]), nearest("content", &keys)), (Some("id"), None));
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("field `text`"), "{}", message.title);
    }
}
