//! Cleaning steps with all their parameters: what the language declares and the data engine carries out.
//!
//! Shares and similarities lie between 0 and 1. Lengths of words and lines count characters (Unicode code points).

use crate::data::{Dataset, Source};
use serde::{Deserialize, Serialize};

/// What is done with the documents of one source before anything else sees them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cleaning {
    /// In this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Largest share of broken records that is left out instead of stopping.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub broken: f64,
}

impl Cleaning {
    /// Whether documents are taken as they are.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.broken == 0.0
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// One step; documents pass from each to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Unicode normalisation, line ends, control characters.
    Normalise(Normalise),
    /// Keeps documents in certain languages.
    Language(Language),
    /// Quality rules of Gopher.
    Gopher(Gopher),
    /// Repetition rules of Gopher.
    GopherRepetition(GopherRepetition),
    /// Quality rules of C4.
    C4(C4),
    /// Quality rules of FineWeb.
    Fineweb(Fineweb),
    /// Drops what is equal to something before it.
    Exact(Exact),
    /// Drops what is nearly equal to something else.
    Minhash(Minhash),
    /// Personal data.
    Pii(Pii),
    /// Documents with words of a list.
    WordList(WordList),
    /// Documents that overlap with evaluation data.
    Decontaminate(Decontaminate),
    /// Documents that a classifier takes for those of a sample.
    Classifier(Classifier),
}

impl Step {
    /// As written in the language.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Normalise(_) => "normalise",
            Step::Language(_) => "language",
            Step::Gopher(_) => "gopher",
            Step::GopherRepetition(_) => "gopher_repetition",
            Step::C4(_) => "c4",
            Step::Fineweb(_) => "fineweb",
            Step::Exact(_) => "exact",
            Step::Minhash(_) => "minhash",
            Step::Pii(_) => "pii",
            Step::WordList(_) => "word_list",
            Step::Decontaminate(_) => "decontaminate",
            Step::Classifier(_) => "classifier",
        }
    }
}

/// A normalisation form of Unicode (UAX 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Form {
    None,
    Nfc,
    Nfkc,
}

/// Parameters of `normalise`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalise {
    /// The form that texts are brought into.
    pub form: Form,
    /// Whether `\r\n` and `\r` become `\n`.
    pub line_ends: bool,
    /// Whether control characters other than tab and line feed, byte order marks and zero-width spaces are removed.
    pub controls: bool,
}

/// Parameters of `language`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// ISO 639-1 codes; a document in any of them stays.
    pub is: Vec<String>,
    /// Lowest confidence of the identification.
    pub confidence: f64,
}

/// Parameters of `gopher`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Gopher {
    /// Fewest and most words that are not only punctuation.
    pub min_words: u64,
    pub max_words: u64,
    /// Mean length of these words.
    pub min_word_length: f64,
    pub max_word_length: f64,
    /// Hash signs, and ellipses, per word.
    pub max_symbols: f64,
    /// Share of lines that begin with a bullet.
    pub max_bullet_lines: f64,
    /// Share of lines that end with an ellipsis.
    pub max_ellipsis_lines: f64,
    /// Share of words with a letter.
    pub min_alphabetic_words: f64,
    /// How many of `the be to of and that have with` must occur.
    pub min_stop_words: u64,
}

/// Parameters of `gopher_repetition`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GopherRepetition {
    /// Share of lines that occurred before.
    pub duplicate_lines: f64,
    /// Share of paragraphs that occurred before.
    pub duplicate_paragraphs: f64,
    /// Share of characters in such lines.
    pub duplicate_line_characters: f64,
    /// Share of characters in such paragraphs.
    pub duplicate_paragraph_characters: f64,
    /// Share of characters in the commonest 2-, 3-, 4-gram.
    pub top_n_grams: Vec<f64>,
    /// Share of characters in 5-, 6-, … 10-grams that occurred before.
    pub duplicate_n_grams: Vec<f64>,
}

/// Parameters of `c4`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct C4 {
    /// Fewest sentences that must be left.
    pub min_sentences: u64,
    /// Fewest words of a line that stays.
    pub min_words_per_line: u64,
    /// Longest word of a line that stays.
    pub max_word_length: u64,
    /// Whether lines that do not end in `. ? ! " '` go.
    pub terminal_punctuation: bool,
    /// Whether `[1]`, `[edit]` and `[citation needed]` are cut out.
    pub citations: bool,
    /// Whether lines that mention Javascript go.
    pub javascript: bool,
    /// Whether lines about cookies, terms of use and privacy go.
    pub policies: bool,
    /// Whether documents with a curly bracket go.
    pub curly_brackets: bool,
    /// Whether documents with `lorem ipsum` go.
    pub lorem_ipsum: bool,
}

/// Parameters of `fineweb`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fineweb {
    /// Smallest share of lines that end in terminal punctuation.
    pub min_terminal_lines: f64,
    /// Largest share of short lines.
    pub max_short_lines: f64,
    /// Longest line that is short, in characters.
    pub short_line: u64,
    /// Largest share of characters in lines that occurred before.
    pub max_duplicate_characters: f64,
    /// Most line feeds per word.
    pub max_newlines: f64,
}

/// What deduplication compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Level {
    Document,
    /// Separated by blank lines.
    Paragraph,
}

/// Parameters of `exact`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exact {
    /// What is compared.
    pub level: Level,
}

/// Parameters of `minhash`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Minhash {
    /// What is compared.
    pub level: Level,
    /// Jaccard similarity of word n-grams around which pairs begin to be found.
    pub similarity: f64,
    /// Words of an n-gram.
    pub ngram: u64,
    /// Hashes of a signature, at most.
    pub hashes: u64,
}

impl Minhash {
    /// Bands and rows of the signature: two documents of similarity `s` share a band with probability `1 − (1 − s^rows)^bands`, which
    /// rises most steeply near `(1/bands)^(1/rows)`. This is the pair with `bands · rows ≤ hashes` for which that is nearest to the
    /// similarity asked for (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, section 3.4.2). 112 hashes and 0.72 give 14 × 8.
    pub fn bands_and_rows(&self) -> (u64, u64) {
        let hashes = self.hashes.max(1);
        let distance = |rows: u64| {
            let bands = (hashes / rows) as f64;
            ((1.0 / bands).powf(1.0 / rows as f64) - self.similarity).abs()
        };
        let nearest = (1..=hashes).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(1);
        (hashes / nearest, nearest)
    }

    /// The similarity around which pairs really begin to be found.
    pub fn threshold(&self) -> f64 {
        let (bands, rows) = self.bands_and_rows();
        (1.0 / bands as f64).powf(1.0 / rows as f64)
    }
}

/// Kinds of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PiiKind {
    Email,
    Ip,
    Phone,
    Card,
    NationalId,
    Iban,
}

impl PiiKind {
    /// All kinds, in the order in which they are looked for: the more specific first.
    pub const ALL: [PiiKind; 6] =
        [PiiKind::Email, PiiKind::Ip, PiiKind::Iban, PiiKind::Card, PiiKind::NationalId, PiiKind::Phone];

    /// As written in the language.
    pub fn name(self) -> &'static str {
        match self {
            PiiKind::Email => "email",
            PiiKind::Ip => "ip",
            PiiKind::Phone => "phone",
            PiiKind::Card => "card",
            PiiKind::NationalId => "national_id",
            PiiKind::Iban => "iban",
        }
    }
}

/// What is done with what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is replaced.
    Redact,
    /// The document goes.
    Drop,
}

/// Parameters of `pii`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pii {
    /// What is done.
    pub action: Action,
    /// What is looked for.
    pub kinds: Vec<PiiKind>,
}

/// Parameters of `word_list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordList {
    /// A file with one word or phrase a line, relative to the experiment.
    pub file: String,
    /// What is done.
    pub action: Action,
    /// How many occurrences a document may have.
    pub tolerate: u64,
}

/// Parameters of `decontaminate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decontaminate {
    /// The evaluation data.
    pub against: Vec<Source>,
    /// Words of an n-gram; a document that shares one goes.
    pub ngram: u64,
}

/// One of the two samples of a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Side {
    Positive,
    Negative,
}

/// Parameters of `classifier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// Documents of the one kind, cleaned as they are declared.
    pub positive: Vec<Dataset>,
    /// Documents of the other.
    pub negative: Vec<Dataset>,
    /// From this score on, a document is taken for a positive one.
    pub threshold: f64,
    /// Which ones stay.
    pub keep: Side,
    /// Most words of an n-gram.
    pub ngram: u64,
    /// Decides the order in which it learns, and which documents are held out.
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_shape_belongs_to_the_default_similarity() {
        let shape = |similarity| {
            Minhash { level: Level::Document, similarity, ngram: 5, hashes: 112 }.bands_and_rows()
        };
        assert_eq!(shape(0.72), (14, 8));
        assert_eq!(shape(0.8), (10, 11));
        // Everything is a duplicate of everything at 0, nothing but equals at 1.
        assert_eq!(shape(0.0), (112, 1));
        assert_eq!(shape(1.0).0, 1);
    }
}
