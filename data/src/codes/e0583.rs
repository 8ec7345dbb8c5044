//! E0583: a word list is empty.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0583` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0583"),
    title: "a word list is empty",
    page: r#"`word_list` reads one word or phrase a line; blank lines and lines that begin with `#` do not count. A list without any would
let every document pass, which is hardly what it was declared for.
"#,
};

/// `file` holds no word.
pub fn empty_list(file: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the word list `{file}` is empty"))
        .help("write one word or phrase a line, or leave the step out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        assert!(empty_list("bad.txt").title.contains("`bad.txt`"));
    }
}
