//! E0586: no document is left.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0586` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0586"),
    title: "no document is left",
    page: r#"The cleaning steps dropped every document. `regimen data FILE` shows what each step and each rule removed, with examples; most often one
limit is meant for documents of another length, or `language` for another language.
"#,
};

/// Nothing of `dataset` is left; `step` dropped most.
pub fn nothing_left(dataset: &str, documents: u64, step: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("cleaning leaves none of the {documents} documents of `{dataset}`"))
        .because(format!("Most were dropped by `{step}`."))
        .help("see `regimen data FILE` for what each rule removed, and change the step")
}

/// The same, after the report was shown.
pub fn nothing_left_above(dataset: &str, documents: u64, step: &str) -> Diagnostic {
    nothing_left(dataset, documents, step).help(format!(
        "the report above says what each rule removed: change `{step}`, or see one document with `--why FILE:LINE`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_step() {
        let message = nothing_left("web", 10, "gopher");
        assert!(message.notes[0].contains("`gopher`"));
        assert!(message.title.contains("10 documents of `web`"));
    }
}
