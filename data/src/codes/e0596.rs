//! E0596: too few documents to learn from.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0596` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0596"),
    title: "too few documents to learn from",
    page: r#"A cleaning step `classifier` learns from two samples, and a fifth of each is held out to measure it. With fewer than 20 different documents
on a side neither learning nor measuring means anything; hundreds are a beginning. If the sample is one long file, `document = paragraph` or
`document = line` makes documents of its parts.
"#,
};

/// The sample `name` has `count` different documents.
pub fn too_few(name: &str, count: usize, least: usize) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("a classifier cannot learn from `{name}`: {count} different documents"),
    )
    .because(format!("At least {least} are asked for; hundreds are a beginning."))
    .help("give it more documents, or divide long files: `document = paragraph`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_sample() {
        assert!(too_few("good", 3, 20).title.contains("`good`: 3 different documents"));
    }
}
