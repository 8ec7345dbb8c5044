//! E0801: a plan that JSON cannot express.

use regimen_base::{Code, CodePage, Diagnostic};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0801"),
    title: "the plan cannot be written",
    page: "\
Plans are JSON, and JSON has no infinite numbers. A setting of the experiment led to one: a learning rate or a decay that
overflows, for example. The message names the number.",
};

/// The plan holds a number that JSON cannot express.
pub fn not_expressible(reason: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the plan cannot be written: {reason}"))
        .help("look for a setting with an extreme value")
}
