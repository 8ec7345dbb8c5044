//! E0581: a record of a csv file has another number of columns.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0581` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0581"),
    title: "a record of a csv file has another number of columns",
    page: r#"Every record has as many columns as the header. Others come from a quote that is not closed, from a delimiter inside a
text without quotes, or from another delimiter than the declared one.

```
title,text
one,"a text, with a comma and ""quotes"""
```
"#,
};

/// The record that begins in `line` (from 1) has `found` columns.
pub fn wrong_columns(file: &str, line: u64, expected: usize, found: usize) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: {found} columns, the header has {expected}"))
        .because("A record with too few or too many columns was cut or is not quoted as it should be.")
        .help("repair the record, or declare the `delimiter` that the file uses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = wrong_columns("x.csv", 3, 2, 5);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3: 5 columns"), "{}", message.title);
    }
}
