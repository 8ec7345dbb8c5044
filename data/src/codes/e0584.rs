//! E0584: a pattern for personal data cannot be used.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0584` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0584"),
    title: "a pattern for personal data cannot be used",
    page: r#"A pattern that belongs to this program was refused by its own engine for regular expressions. This is a mistake in Regimen, not in the
experiment; please report it. Until it is repaired, leave the kind out of `kinds`.
"#,
};

/// The pattern of `kind` is refused.
pub fn pattern(kind: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the pattern for `{kind}` cannot be used"))
        .because(why.to_string())
        .help(format!("report this, and leave `{kind}` out of `kinds` until it is repaired"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::steps::pii::Finder;
    use regimen_base::cleaning::{Action, Pii, PiiKind};

    #[test]
    fn no_pattern_of_ours_is_refused() {
        assert!(Finder::new(&Pii { action: Action::Drop, kinds: PiiKind::ALL.to_vec() }).is_ok());
        assert!(pattern("email", "why").title.contains("`email`"));
    }
}
