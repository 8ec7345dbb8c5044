//! What documents are like, as rows of a table: for people who read text and for those who read pages.

use regimen_compiler::planning::show::count;
use regimen_data::clean::quality::{Quality, Share, entropy};
use regimen_data::clean::report::Report;

/// One figure.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Of the documents as they were read, if steps changed them.
    pub before: String,
    /// Of those that are left.
    pub after: String,
    /// What it counts.
    pub meaning: &'static str,
}

/// How a figure is shown; nothing if it does not apply.
type Figure = fn(&Quality) -> Option<String>;

const FIGURES: [(&str, Figure, &str); 10] = [
    ("well-formed sentences", |q| share(q.well_formed), "of sentences of four words and more"),
    ("misspellings", |q| per_thousand(q.misspelt), "per 1,000 English words, by a list"),
    ("content words", |q| share(q.content_words), "of English words"),
    ("compressed size", |q| share(q.compressed), "of the bytes, by DEFLATE"),
    ("duplicate documents", |q| q.duplicate_documents.map(percent), "equal to an earlier one"),
    ("duplicate lines", |q| q.duplicate_lines.map(percent), "of lines of four words and more"),
    ("distinct-1", |q| ratio(q.distinct[0]), "different words per word"),
    ("distinct-2", |q| ratio(q.distinct[1]), "different pairs of words per pair"),
    ("distinct-3", |q| ratio(q.distinct[2]), "different triples per triple"),
    ("topics", topics, "Vendi score of documents compared"),
];

/// The figures of a report that apply.
pub fn rows(report: &Report) -> Vec<Row> {
    let after = &report.quality_after;
    let row = |(name, figure, meaning): &(&'static str, Figure, &'static str)| {
        let before = report.quality_before.as_ref().map(|q| figure(q).unwrap_or_else(|| "—".into()));
        let (after, before) = (figure(after)?, before.unwrap_or_default());
        Some(Row { name, before, after, meaning })
    };
    let mut rows: Vec<Row> = FIGURES.iter().filter_map(row).collect();
    if report.words_by_file.len() > 1 {
        let after = entropy(report.words_by_file.values().copied()).map(bits).unwrap_or_default();
        rows.push(Row {
            name: "entropy of files",
            before: String::new(),
            after,
            meaning: "bits, of at most",
        });
    }
    rows
}

/// `1.58 of 2.00` bits.
pub fn bits((bits, most): (f64, f64)) -> String {
    format!("{bits:.2} of {most:.2}")
}

fn share(share: Share) -> Option<String> {
    share.value().map(percent)
}

fn percent(share: f64) -> String {
    // What is little is not nothing.
    if share > 0.0 && share < 0.000_5 { "<0.1 %".to_string() } else { format!("{:.1} %", share * 100.0) }
}

fn per_thousand(share: Share) -> Option<String> {
    share.value().map(|share| format!("{:.2}", share * 1_000.0))
}

fn ratio(ratio: Option<f64>) -> Option<String> {
    ratio.map(|ratio| format!("{ratio:.3}"))
}

fn topics(quality: &Quality) -> Option<String> {
    quality.topics.map(|(documents, different)| format!("{different:.1} of {}", count(documents)))
}
