//! Diagnostics for people and for programs: one file per form.

pub mod concise;
pub mod graphical;
pub mod json;
pub mod summary;
mod wrap;

use crate::arguments::DiagnosticFormat;
use crate::output::{self, Terminal};
use regimen_base::{Diagnostic, SourceMap, Span};
use std::path::Path;

/// Diagnostics about one experiment, with what is needed to show their places.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// All texts that labels may point into, named as the user would write them.
    pub sources: SourceMap,
    /// What is to be said, in this order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Batch {
    /// Diagnostics about texts whose names are relative to `folder`.
    pub fn new(sources: &SourceMap, folder: &Path, diagnostics: Vec<Diagnostic>) -> Batch {
        let mut named = SourceMap::default();
        for (_, source) in sources.iter() {
            named.add(shown(folder, &source.name), source.text.clone());
        }
        Batch { sources: named, diagnostics }
    }

    /// Diagnostics that point nowhere.
    pub fn bare(diagnostics: Vec<Diagnostic>) -> Batch {
        Batch { sources: SourceMap::default(), diagnostics }
    }
}

/// A path as the user would write it from the working directory.
pub fn shown(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let path = path.strip_prefix(".").unwrap_or(&path);
    path.display().to_string()
}

/// Prints diagnostics in a form: what people read goes to standard error, the rest to standard output.
pub fn print(batches: &[Batch], format: DiagnosticFormat, terminal: Terminal) {
    match format {
        DiagnosticFormat::Text => {
            let mut text = String::new();
            batches.iter().for_each(|batch| text.push_str(&graphical::render(batch, terminal)));
            text.push_str(&summary::explain_hint(batches));
            output::err(&text);
        }
        DiagnosticFormat::Concise => batches.iter().for_each(|batch| output::out(&concise::render(batch))),
        DiagnosticFormat::Json => output::out(&json::render(batches)),
    }
}

/// The label that a diagnostic is about: the first primary one, else the first.
fn primary(diagnostic: &Diagnostic) -> Option<Span> {
    let labels = &diagnostic.labels;
    labels.iter().find(|l| l.primary).or(labels.first()).map(|l| l.span)
}

/// A span's range within its text, whatever the span says: inside the text and between characters.
fn range(text: &str, span: Span) -> std::ops::Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let start = floor(span.start as usize);
    start..floor(span.end as usize).max(start)
}

#[cfg(test)]
mod testing {
    use super::*;
    use regimen_base::Code;

    /// Two files and one diagnostic with everything that a diagnostic can have.
    pub fn full() -> Batch {
        let mut sources = SourceMap::default();
        let main = sources.add("main.exp", "model m : gpt {\n  layrs = 12\n}\n");
        let lab = sources.add("lab.exp", "# été\nlet layers = 12\n");
        let diagnostic = Diagnostic::error(Code("E0203"), "unknown field `layrs`")
            .at(Span::new(main, 18, 23), "`gpt` has no such field")
            .also(Span::new(main, 0, 13), "in this model")
            .also(Span::new(lab, 12, 18), "similar, in another file")
            .because("Nothing that is written is ignored.")
            .help("did you mean `layers`?")
            .fix("write `layers`", Span::new(main, 18, 23), "layers");
        Batch { sources, diagnostics: vec![diagnostic] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::FileId;

    #[test]
    fn ranges_stay_inside_the_text_and_between_characters() {
        let span = |start, end| Span::new(FileId(0), start, end);
        assert_eq!(range("aéb", span(2, 9)), 1..4);
        assert_eq!(range("aéb", span(9, 2)), 4..4);
        assert_eq!(range("", span(0, 0)), 0..0);
    }

    #[test]
    fn names_are_shown_from_the_working_directory() {
        assert_eq!(shown(Path::new("examples"), "a.exp"), "examples/a.exp");
        assert_eq!(shown(Path::new("."), "a.exp"), "a.exp");
        assert_eq!(shown(Path::new(""), "sub/a.exp"), "sub/a.exp");
    }
}
