//! E0602: nothing was found wrong, and yet there is no experiment.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0602"),
    title: "a declaration that could not be read",
    page: "\
A value could not be turned into what runs, and no rule said why. Nothing is left out silently, so this is an error.

The checks of single fields should find such values first and say which one it is. This message means that none of them did:
please report the experiment together with the message.",
};

/// A stage, or the head of the experiment, that could not be built although no mistake was reported.
pub fn lost(at: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(PAGE.code, "this could not be read, and no rule says why");
    let diagnostic = match at {
        Some(span) => diagnostic.at(span, "one of its fields holds an extreme value"),
        None => diagnostic,
    };
    diagnostic.help("look for a setting with an extreme value, and please report the experiment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::FileId;

    #[test]
    fn it_is_an_error_at_the_declaration() {
        let found = lost(Some(Span::new(FileId(0), 3, 5)));
        assert!(found.is_error() && found.labels.len() == 1 && found.help.is_some());
        assert!(lost(None).is_error());
    }
}
