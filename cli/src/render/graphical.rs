//! Diagnostics with source excerpts, drawn by miette.
//!
//! miette draws the labels of one text in one frame; labels of other files follow in frames of their own. What stands below a
//! frame (notes, help, fixes) is written here, because a diagnostic may have several of each.

use super::concise;
use super::{Batch, primary, range, wrap};
use crate::output::Terminal;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use regimen_base::{Diagnostic, FileId, Label, Severity, SourceMap};
use std::fmt::{self, Write as _};

/// More than this is a flood; the other formats show everything.
const MOST: usize = 50;
/// Lines longer than this are not drawn: the file is hardly meant to be read.
const LONGEST_LINE: usize = 400;

/// All diagnostics of a batch, each followed by an empty line.
pub fn render(batch: &Batch, terminal: Terminal) -> String {
    let handler = handler(terminal);
    let mut text = String::new();
    for diagnostic in batch.diagnostics.iter().take(MOST) {
        text.push_str(&excerpts(&handler, &batch.sources, diagnostic));
        text.push_str(&footer(diagnostic, terminal));
        text.push('\n');
    }
    let left = batch.diagnostics.len().saturating_sub(MOST);
    if left > 0 {
        let _ = writeln!(text, "… and {left} more; `--format concise` shows all\n");
    }
    text
}

fn handler(terminal: Terminal) -> GraphicalReportHandler {
    let theme = if terminal.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    GraphicalReportHandler::new_themed(theme)
        .with_width(terminal.width)
        .with_links(false)
        .with_context_lines(1)
}

/// Title and excerpts, or a line where excerpts would say little.
fn excerpts(handler: &GraphicalReportHandler, sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    // A note is worth a line, not a frame.
    let drawn = diagnostic.severity != Severity::Note
        && drawable(sources, diagnostic)
        && frames(sources, diagnostic).iter().all(|frame| handler.render_report(&mut text, frame).is_ok());
    if drawn {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        return lines.join("\n").trim_start_matches('\n').to_string() + "\n";
    }
    concise::render(&Batch { sources: sources.clone(), diagnostics: vec![diagnostic.clone()] })
}

/// Whether every labelled line is short enough to be read.
fn drawable(sources: &SourceMap, diagnostic: &Diagnostic) -> bool {
    diagnostic.labels.iter().all(|label| {
        let text = sources.get(label.span.file).map_or("", |s| s.text.as_str());
        let range = range(text, label.span);
        let before = text.get(..range.start).unwrap_or("").rsplit('\n').next().unwrap_or("").len();
        let after = text.get(range.start..).unwrap_or("").split('\n').next().unwrap_or("").len();
        before + after <= LONGEST_LINE
    })
}

/// Notes, help and fixes.
fn footer(diagnostic: &Diagnostic, terminal: Terminal) -> String {
    let mut text = String::new();
    let mut add = |word: &str, sentence: &str| {
        let plain = wrap::paragraph(&format!("  {word}: "), sentence, terminal.width);
        text.push_str(&if terminal.color { colored(word, &plain) } else { plain });
    };
    diagnostic.notes.iter().for_each(|note| add("note", note));
    diagnostic.help.iter().for_each(|help| add("help", help));
    // The help says in words what a fix does.
    let fixes = diagnostic.fixes.iter().filter(|_| diagnostic.help.is_none());
    fixes.for_each(|fix| add("fix", &fix.title));
    text
}

fn colored(word: &str, paragraph: &str) -> String {
    paragraph.replacen(&format!("{word}:"), &format!("\x1b[36m{word}:\x1b[0m"), 1)
}

/// The labels of one file as miette wants them.
#[derive(Debug)]
struct Frame {
    code: Option<String>,
    title: String,
    severity: miette::Severity,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

/// A frame for the file that the diagnostic is about, then one for each other file.
fn frames(sources: &SourceMap, diagnostic: &Diagnostic) -> Vec<Frame> {
    let main = primary(diagnostic).map(|span| span.file);
    let of = |file: Option<FileId>| -> Vec<&Label> {
        diagnostic.labels.iter().filter(|l| Some(l.span.file) == file).collect()
    };
    let severity = match diagnostic.severity {
        Severity::Note => miette::Severity::Advice,
        Severity::Warning => miette::Severity::Warning,
        Severity::Error => miette::Severity::Error,
    };
    let code = format!("{}[{}]", concise::name(diagnostic.severity), diagnostic.code);
    let mut frames = vec![Frame::new(sources, Some(code), diagnostic.title.clone(), severity, &of(main))];
    let mut files: Vec<FileId> = diagnostic.labels.iter().map(|l| l.span.file).collect();
    files.sort();
    files.dedup();
    for file in files.into_iter().filter(|file| Some(*file) != main) {
        let name = sources.get(file).map_or("another file", |s| s.name.as_str());
        frames.push(Frame::new(
            sources,
            None,
            format!("see {name}"),
            miette::Severity::Advice,
            &of(Some(file)),
        ));
    }
    frames
}

impl Frame {
    fn new(
        sources: &SourceMap,
        code: Option<String>,
        title: String,
        severity: miette::Severity,
        labels: &[&Label],
    ) -> Frame {
        let source = labels.first().and_then(|l| sources.get(l.span.file));
        let text = source.map_or("", |s| s.text.as_str());
        let labels = labels.iter().map(|label| {
            let words = (!label.text.is_empty()).then(|| label.text.clone());
            let range = range(text, label.span);
            if label.primary {
                LabeledSpan::new_primary_with_span(words, range)
            } else {
                LabeledSpan::new_with_span(words, range)
            }
        });
        let labels = labels.collect();
        let source = source.map(|s| NamedSource::new(&s.name, s.text.clone()));
        Frame { code, title, severity, source, labels }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Frame {}

impl miette::Diagnostic for Frame {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::full;
    use regimen_base::{Code, Span};

    const PLAIN: Terminal = Terminal { live: false, color: false, width: 80 };

    #[test]
    fn both_files_notes_and_help_are_shown() {
        insta::assert_snapshot!(render(&full(), PLAIN));
    }

    #[test]
    fn colours_are_only_there_when_wanted() {
        assert!(!render(&full(), PLAIN).contains('\x1b'));
        assert!(render(&full(), Terminal { color: true, ..PLAIN }).contains("\x1b[36mnote:"));
    }

    #[test]
    fn spans_outside_the_text_and_endless_lines_do_no_harm() {
        let mut sources = SourceMap::default();
        let file = sources.add("long.exp", "x".repeat(1_000_000));
        let at = |start, end| Diagnostic::error(Code("E0101"), "odd").at(Span::new(file, start, end), "here");
        let batch = Batch { sources, diagnostics: vec![at(5, 7), at(2_000_000, 3_000_000)] };
        let text = render(&batch, PLAIN);
        assert!(text.len() < 1000 && text.contains("long.exp:1:6: error[E0101]: odd"), "{text}");
    }

    #[test]
    fn notes_are_lines() {
        let note = Diagnostic::note(Code("E0504"), "assumed").because("Not measured.");
        assert_eq!(
            render(&Batch::bare(vec![note]), PLAIN),
            "note[E0504]: assumed\n  note: Not measured.\n\n"
        );
    }

    #[test]
    fn a_flood_is_cut() {
        let all = vec![Diagnostic::error(Code("E0101"), "again"); MOST + 7];
        let text = render(&Batch::bare(all), PLAIN);
        assert_eq!(text.matches("again").count(), MOST);
        assert!(text.contains("and 7 more"));
    }
}
