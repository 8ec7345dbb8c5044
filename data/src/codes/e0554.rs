//! E0554: a record of a jsonl file is broken.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0554` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0554"),
    title: "a record of a jsonl file is broken",
    page: r#"A jsonl file holds one JSON object on each line. The line named in the message is not one: cut off, not an object, not
JSON at all, or it has a key twice, and nobody can say which of the two values was meant.

```
{"text": "a whole record"}
{"text": "a record that was cut
```

Blank lines are allowed.
"#,
};

/// Line `line` (from 1) of `file` is not a JSON object; `why` as the JSON reader says it.
pub fn broken_record(file: &str, line: u64, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: broken record"))
        .because(format!("Every line must be one JSON object with different keys; this one is not: {why}."))
        .help("repair or remove the line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = broken_record("x.jsonl", 3, "cut off");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
