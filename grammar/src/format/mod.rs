//! Prints a file in the one style of the language.

use regimen_base::{Diagnostic, FileId};

/// Prints `text` in the style of the language.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = crate::parse(FileId(0), text);
    if diagnostics.is_empty() { Ok(text.to_owned()) } else { Err(diagnostics) }
}
