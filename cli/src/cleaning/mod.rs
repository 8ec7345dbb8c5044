//! What cleaning did, for people: as tables ([`text`]) and as a page with plots ([`html`]);
//! and what documents are like ([`quality`]).

pub mod answers;
pub mod html;
pub mod quality;
pub mod text;

use regimen_compiler::planning::show::{bytes, count};
use regimen_data::clean::Trained;
use regimen_data::clean::report::Report;
use serde::Serialize;

/// A document that is left.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Name of its file.
    pub file: String,
    /// Line in which it begins.
    pub line: u64,
    /// Its text.
    pub text: String,
}

/// What is left of the documents, the text and the words.
pub(crate) fn left(report: &Report) -> String {
    let (before, after) = (&report.before, &report.after);
    format!(
        "{} of {} documents are left ({}), {} of {} of text, {} of {} words",
        count(after.documents),
        count(before.documents),
        percent(after.documents, before.documents),
        bytes(after.bytes),
        bytes(before.bytes),
        count(after.words),
        count(before.words),
    )
}

/// What a step learned, in a sentence.
pub(crate) fn learned(trained: &Trained) -> String {
    let [positive, negative] = trained.trained_on;
    let [held_positive, held_negative] = trained.held_out;
    let from = if trained.other_files { "other files" } else { "the same files" };
    format!(
        "learned from {} positive and {} negative documents; AUC {:.3} ± {:.3} on {} and {} held-out ones from {from}",
        count(positive),
        count(negative),
        trained.auc,
        trained.standard_error,
        count(held_positive),
        count(held_negative),
    )
}

/// `12.3 %` of a whole; nothing of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "—".to_string();
    }
    let share = part as f64 / whole as f64 * 100.0;
    // What is little is not nothing.
    if part > 0 && share < 0.05 { "<0.1 %".to_string() } else { format!("{share:.1} %") }
}

/// `64–127 words`.
pub(crate) fn length_class(class: u32) -> String {
    match class {
        0 => "up to 1".to_string(),
        class => format!("{}–{}", 1u64 << class, (1u64 << (class + 1)) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_classes() {
        assert_eq!(
            (percent(1, 8), percent(1, 100_000), percent(0, 5), percent(0, 0)),
            ("12.5 %".into(), "<0.1 %".into(), "0.0 %".into(), "—".into())
        );
        assert_eq!((length_class(0), length_class(6)), ("up to 1".into(), "64–127".into()));
    }
}
