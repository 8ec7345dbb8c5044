//! Diagnostics as one JSON array, for editors and other programs.
//!
//! Ranges are given twice: as bytes from the start of the file, and as one-based lines and columns (in characters).
//! Files are named in each place, so that an element can be used on its own.

use super::{Batch, range};
use regimen_base::{Code, Fix, Label, Severity, SourceMap, Span};
use serde::Serialize;

/// All diagnostics of all batches, in order, as one array that ends with a line break.
pub fn render(batches: &[Batch]) -> String {
    let all: Vec<Entry> = batches.iter().flat_map(entries).collect();
    // Strings and integers can always be written.
    let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Entry<'a> {
    code: Code,
    severity: Severity,
    title: &'a str,
    labels: Vec<LabelEntry<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    fixes: Vec<FixEntry<'a>>,
}

#[derive(Serialize)]
struct LabelEntry<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
    primary: bool,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    title: &'a str,
    edits: Vec<EditEntry<'a>>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    start: usize,
    end: usize,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn entries(batch: &Batch) -> impl Iterator<Item = Entry<'_>> {
    batch.diagnostics.iter().map(|d| Entry {
        code: d.code,
        severity: d.severity,
        title: &d.title,
        labels: d.labels.iter().map(|l| label(&batch.sources, l)).collect(),
        notes: &d.notes,
        help: d.help.as_deref(),
        fixes: d.fixes.iter().map(|f| fix(&batch.sources, f)).collect(),
    })
}

fn label<'a>(sources: &'a SourceMap, label: &'a Label) -> LabelEntry<'a> {
    LabelEntry { place: place(sources, label.span), text: &label.text, primary: label.primary }
}

fn fix<'a>(sources: &'a SourceMap, fix: &'a Fix) -> FixEntry<'a> {
    let edits = fix
        .edits
        .iter()
        .map(|edit| EditEntry { place: place(sources, edit.span), replacement: &edit.replacement });
    FixEntry { title: &fix.title, edits: edits.collect() }
}

fn place(sources: &SourceMap, span: Span) -> Place<'_> {
    let (file, text) = sources.get(span.file).map_or(("", ""), |s| (s.name.as_str(), s.text.as_str()));
    let range = range(text, span);
    let (line, column) = line_column(text, range.start);
    let (end_line, end_column) = line_column(text, range.end);
    Place { file, start: range.start, end: range.end, line, column, end_line, end_column }
}

fn line_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or("").chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::full;

    #[test]
    fn everything_is_there_with_ranges_in_bytes_and_lines() {
        insta::assert_snapshot!(render(&[full()]));
    }

    #[test]
    fn nothing_to_say_is_an_empty_array() {
        assert_eq!(render(&[Batch::default()]), "[]\n");
    }
}
