//! E0589: a quote of a csv file is never closed.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0589` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0589"),
    title: "a quote of a csv file is never closed",
    page: r#"A field that begins with `"` goes on to the next `"`, over any number of lines. One that is never closed takes all records to the end of
the file into itself. How many were lost cannot be known, so this is no broken record that `broken` could leave out.

```
title,text
one,"a text, with a comma and ""quotes"""
```

**Fix.** Close the quote, or write a text that begins with one as `"""so it begins"`.
"#,
};

/// The record that begins in `line` (from 1) holds all lines to the last one.
pub fn never_closed(file: &str, line: u64, last: u64) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: a quote is never closed"))
        .because(format!("Everything from there to line {last}, the end of the file, is one field."))
        .help("close the quote, or double it where it belongs to the text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_lines() {
        let message = never_closed("x.csv", 4, 100);
        assert_eq!(message.title, "`x.csv`, line 4: a quote is never closed");
        assert!(message.notes[0].contains("line 100"));
    }
}
