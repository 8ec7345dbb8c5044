//! E0565: a data file changed while it was read.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0565` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0565"),
    title: "a data file changed while it was read",
    page: r#"Data are read several times: to find the documents, to train the tokenizer, to write the tokens. The file was different in
between, so the result would belong to no state of the data. Start again when nothing writes to the file any more.
"#,
};

/// `file` is not the one that was read first.
pub fn changed_while_read(file: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` changed while it was read"))
        .because("The tokens would belong to no state of the data.")
        .help("start again when nothing writes to the file any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = changed_while_read("x.txt");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x.txt`"), "{}", message.title);
    }
}
