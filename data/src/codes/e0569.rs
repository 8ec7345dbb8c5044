//! E0569: a dataset with several sources cannot be prepared yet.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0569` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0569"),
    title: "a dataset with several sources cannot be prepared yet",
    page: r#"Mixing sources by shares of tokens is not in this version. Give each source its own `data` declaration, or list all files in one.
"#,
};

/// The dataset has more than one source.
pub fn several_sources(dataset: &str, sources: usize) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{dataset}` has {sources} sources; this version prepares one"))
        .because("Mixing sources by shares of tokens is not in this version.")
        .help("list all files in one `data` declaration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = several_sources("corpus", 2);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("2 sources"), "{}", message.title);
    }
}
