//! E0588: a table has no column of text under the declared name.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0588` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0588"),
    title: "a table has no column of text under the declared name",
    page: r#"The column that `text` names must be in the header of every csv file, once, and in every parquet file as a column of strings.

```
data web : parquet { files = "web/*.parquet", text = "content" }   # every file must have a column `content`
```
"#,
};

/// `file` has no such column; `what` says what it has instead.
pub fn no_column(file: &str, field: &str, what: impl Into<String>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` has no column of text `{field}`"))
        .because(what.into())
        .help("name the column that holds the text: `text = \"…\"`")
}

/// `file` has two columns of this name, at these places from 1.
pub fn two_columns(file: &str, field: &str, first: usize, second: usize) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` has two columns `{field}`"))
        .because(format!("They are the columns {first} and {second}; nobody can say which is meant."))
        .help("rename one of them in the header line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_file_and_column() {
        assert_eq!(no_column("x.csv", "text", "why").title, "`x.csv` has no column of text `text`");
    }
}
