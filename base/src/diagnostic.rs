//! The one type in which anything is reported to a user.
//!
//! Grammar, compiler, data engine and runtime build [`Diagnostic`]s; the command line renders them as
//! text or JSON, and the language server will. Every code has a page ([`CodePage`]) that `regimen
//! explain` prints; a crate lists its pages in its own registry, one file per code.

use crate::source::Span;
use serde::{Deserialize, Serialize};

/// Identity of a kind of message: `E0412`. The first two digits name the area.
///
/// | codes | area |
/// |---|---|
/// | E01xx | syntax |
/// | E02xx | names and references |
/// | E03xx | units, types and values |
/// | E04xx | models, stages and their arithmetic |
/// | E05xx | files, data and facts |
/// | E06xx | shapes in the tensor graph |
/// | E07xx | budgets and assertions |
/// | E08xx | plan files |
/// | E09xx | running: library, checkpoints, disk |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// What `regimen explain` says about a code, and what the error index is generated from.
#[derive(Clone, Copy, Debug)]
pub struct CodePage {
    /// The code itself.
    pub code: Code,
    /// One line, without a full stop.
    pub title: &'static str,
    /// Markdown: what happened, why it matters, how to fix it, with a wrong and a right example.
    pub page: &'static str,
}

/// How serious a message is. Only errors stop a compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably not what was meant; the plan is still sound.
    Warning,
    /// The experiment cannot be planned or run.
    Error,
}

/// A place in a source text and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty if the title says it all.
    pub text: String,
    /// The place that the message is about; other labels show what it conflicts with.
    pub primary: bool,
}

/// One replacement of a range of source text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The text to be replaced; an empty span inserts.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
}

/// A concrete change that removes the cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// In the imperative: "write `warmup`".
    pub title: String,
    /// All edits of the fix; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One message to the user: what, where, why, and a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Which kind of message this is.
    pub code: Code,
    /// How serious it is.
    pub severity: Severity,
    /// One line, without a full stop; names the offending thing.
    pub title: String,
    /// Places, the primary one first.
    pub labels: Vec<Label>,
    /// Why it is so, or what else is known; full sentences.
    pub notes: Vec<String>,
    /// What to do, in one sentence.
    pub help: Option<String>,
    /// Changes that a tool can apply.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error with a title and nothing else yet.
    pub fn error(code: Code, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, title)
    }

    /// A warning with a title and nothing else yet.
    pub fn warning(code: Code, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Warning, title)
    }

    /// A note with a title and nothing else yet.
    pub fn note(code: Code, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Note, title)
    }

    fn new(code: Code, severity: Severity, title: impl Into<String>) -> Diagnostic {
        let title = title.into();
        Diagnostic { code, severity, title, labels: vec![], notes: vec![], help: None, fixes: vec![] }
    }

    /// Adds the place that the message is about.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into(), primary: true });
        self
    }

    /// Adds a place that explains the message.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Adds a sentence of explanation.
    pub fn because(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds a fix that replaces one span.
    pub fn fix(mut self, title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Diagnostic {
        let edits = vec![Edit { span, replacement: replacement.into() }];
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// Whether this message stops a compilation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether any of the messages stops a compilation.
pub fn any_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
