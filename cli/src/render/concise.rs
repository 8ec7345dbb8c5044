//! One line per diagnostic, in the form that editors and `grep` know: `file:line:column: error[E0203]: title`.

use super::{Batch, primary};
use regimen_base::{Diagnostic, Severity, SourceMap};
use std::fmt::Write as _;

/// All diagnostics, each on its own line.
pub fn render(batch: &Batch) -> String {
    let mut text = String::new();
    for diagnostic in &batch.diagnostics {
        let _ = writeln!(text, "{}", line(&batch.sources, diagnostic));
    }
    text
}

fn line(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let place = primary(diagnostic).and_then(|span| {
        let (line, column) = sources.line_column(span);
        sources.get(span.file).map(|source| format!("{}:{line}:{column}: ", source.name))
    });
    let severity = name(diagnostic.severity);
    // A title is one line; whatever a file name in it holds must not make it two.
    let title = diagnostic.title.replace(['\n', '\r'], " ");
    format!("{}{severity}[{}]: {title}", place.unwrap_or_default(), diagnostic.code)
}

/// The word for a severity.
pub fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::full;
    use regimen_base::Code;

    #[test]
    fn one_line_with_place_and_code() {
        assert_eq!(render(&full()), "main.exp:2:3: error[E0203]: unknown field `layrs`\n");
    }

    #[test]
    fn without_a_place_the_line_begins_with_the_severity() {
        let batch = Batch::bare(vec![Diagnostic::warning(Code("E0950"), "two\nlines")]);
        assert_eq!(render(&batch), "warning[E0950]: two lines\n");
    }
}
