//! What stands below the diagnostics: how many there are, and where to read more.

use super::Batch;
use regimen_base::Severity;

/// `2 errors, 1 warning in 3 files`; `None` if there is nothing to count.
pub fn counts(batches: &[Batch], files: usize) -> Option<String> {
    let all = || batches.iter().flat_map(|b| &b.diagnostics);
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counted: Vec<String> = kinds
        .into_iter()
        .map(|(severity, word)| (all().filter(|d| d.severity == severity).count(), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| plural(n, word))
        .collect();
    if counted.is_empty() {
        None
    } else {
        Some(format!("{} in {}", counted.join(", "), plural(files, "file")))
    }
}

/// `1 file`, `2 files`.
pub fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Where to read more about the first error; empty without errors.
pub fn explain_hint(batches: &[Batch]) -> String {
    let first = batches.iter().flat_map(|b| &b.diagnostics).find(|d| d.is_error());
    first.map_or_else(String::new, |d| format!("`regimen explain {}` says more about this error\n", d.code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::{Code, Diagnostic};

    #[test]
    fn counts_by_severity() {
        let code = Code("E0101");
        let batch = Batch::bare(vec![
            Diagnostic::error(code, ""),
            Diagnostic::warning(code, ""),
            Diagnostic::error(code, ""),
        ]);
        assert_eq!(counts(&[batch], 2).as_deref(), Some("2 errors, 1 warning in 2 files"));
        assert_eq!(counts(&[Batch::default()], 2), None);
    }
}
