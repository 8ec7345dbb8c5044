//! What documents are like: figures for the report, each defined in one file here and in `docs/data.md`.
//!
//! Duplicates and sizes are counted over all documents. What needs words is counted in a sample: the first 500 documents and every
//! twentieth after them. Everything is sums, and samples whose content does not depend on order, so that the figures are those of
//! one thread however many there are, and memory does not grow with the data.

pub(crate) mod checks;
mod density;
mod grammar;
mod sample;
mod spelling;
mod topics;

use super::text::words::words;
use sample::{Distinct, Smallest};
use serde::{Deserialize, Serialize};
use topics::Terms;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Lines with fewer words are not compared: headings and names recur in good text.
const SHORTEST_LINE: usize = 4;

/// Seed of the keys by which documents are sampled.
const SAMPLE: u64 = 0x7091C5;

/// A part of a whole, in whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

impl Share {
    /// Between 0 and 1; nothing of nothing.
    pub fn value(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    fn add(&mut self, (whole, part): (u64, u64)) {
        self.whole += whole;
        self.part += part;
    }

    fn merge(&mut self, other: Share) {
        self.add((other.whole, other.part));
    }
}

/// What documents are like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Documents whose words were looked at.
    pub sampled: u64,
    /// Sentences of at least four words that are well formed, of all such sentences.
    pub well_formed: Share,
    /// Listed misspellings, of all words in English documents.
    pub misspelt: Share,
    /// Words that are no function words, of all words in English documents.
    pub content_words: Share,
    /// Bytes that DEFLATE needs, of all bytes.
    pub compressed: Share,
    /// Documents that are equal to one before them: share, estimated.
    pub duplicate_documents: Option<f64>,
    /// Lines of at least four words that are equal to one before them: share, estimated.
    pub duplicate_lines: Option<f64>,
    /// Different 1-, 2- and 3-grams of words over all of them: distinct-1, -2, -3.
    pub distinct: [Option<f64>; 3],
    /// Documents compared by their words, and how many different ones that amounts to (Vendi score of order 2).
    pub topics: Option<(u64, f64)>,
}

/// What was seen of one document.
#[derive(Debug, Default)]
pub(crate) struct Look {
    document: u64,
    lines: Vec<u64>,
    words: Option<Words>,
}

/// What was seen of the words of one document.
#[derive(Debug)]
struct Words {
    well_formed: (u64, u64),
    misspelt: (u64, u64),
    content: (u64, u64),
    compressed: (u64, u64),
    grams: [Vec<u64>; 3],
    topic: (u64, Terms),
}

impl Look {
    /// At a document and, if it is one of the sample, at its words. `number` is its number among all.
    pub(crate) fn at(text: &str, number: u64, sampled: bool, language: Option<&str>) -> Look {
        let long = |line: &&str| line.split_whitespace().nth(SHORTEST_LINE - 1).is_some();
        let lines = text.lines().map(str::trim).filter(long).map(|line| xxh3_64(line.as_bytes())).collect();
        let words = sampled.then(|| Words::of(text, number, language == Some("en")));
        Look { document: xxh3_64(text.as_bytes()), lines, words }
    }
}

impl Words {
    fn of(text: &str, number: u64, english: bool) -> Words {
        let words = words(text);
        let nothing = (0, 0);
        let hashes: Vec<u64> = words.iter().map(|word| xxh3_64(word.to_lowercase().as_bytes())).collect();
        let grams = |n: usize| -> Vec<u64> {
            let joined = |run: &[u64]| xxh3_64(&run.iter().flat_map(|h| h.to_le_bytes()).collect::<Vec<_>>());
            hashes.windows(n).map(joined).collect()
        };
        Words {
            well_formed: grammar::count(text, english),
            misspelt: if english { spelling::count(&words) } else { nothing },
            content: if english { density::content(&words) } else { nothing },
            compressed: density::compressed(text),
            grams: [grams(1), grams(2), grams(3)],
            topic: (xxh3_64_with_seed(&number.to_le_bytes(), SAMPLE), Terms::of(&words)),
        }
    }
}

/// Everything that the figures are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    sampled: u64,
    well_formed: Share,
    misspelt: Share,
    content: Share,
    compressed: Share,
    documents: Distinct,
    lines: Distinct,
    grams: [Distinct; 3],
    topics: Smallest<Terms>,
}

impl Sketch {
    /// Adds a document.
    pub(crate) fn add(&mut self, look: Look) {
        self.documents.add(look.document);
        look.lines.into_iter().for_each(|line| self.lines.add(line));
        let Some(words) = look.words else { return };
        self.sampled += 1;
        self.well_formed.add(words.well_formed);
        self.misspelt.add(words.misspelt);
        self.content.add(words.content);
        self.compressed.add(words.compressed);
        for (sketch, grams) in self.grams.iter_mut().zip(words.grams) {
            grams.into_iter().for_each(|gram| sketch.add(gram));
        }
        let (key, terms) = words.topic;
        if self.topics.wants(key, topics::DOCUMENTS) {
            self.topics.add(key, terms, topics::DOCUMENTS);
        }
    }

    /// Adds what another part of the documents holds.
    pub(crate) fn merge(&mut self, other: Sketch) {
        self.sampled += other.sampled;
        self.well_formed.merge(other.well_formed);
        self.misspelt.merge(other.misspelt);
        self.content.merge(other.content);
        self.compressed.merge(other.compressed);
        self.documents.merge(other.documents);
        self.lines.merge(other.lines);
        for (own, other) in self.grams.iter_mut().zip(other.grams) {
            own.merge(other);
        }
        self.topics.merge(other.topics, topics::DOCUMENTS);
    }

    /// The figures.
    pub(crate) fn quality(&self) -> Quality {
        let again = |distinct: &Distinct| distinct.share().map(|share| 1.0 - share);
        Quality {
            sampled: self.sampled,
            well_formed: self.well_formed,
            misspelt: self.misspelt,
            content_words: self.content,
            compressed: self.compressed,
            duplicate_documents: again(&self.documents),
            duplicate_lines: again(&self.lines),
            distinct: self.grams.each_ref().map(Distinct::ratio),
            topics: topics::vendi(self.topics.values()),
        }
    }
}

/// Entropy of a distribution in bits, −Σ p log₂ p, and the largest one of as many parts; nothing of nothing.
pub fn entropy(parts: impl Iterator<Item = u64>) -> Option<(f64, f64)> {
    let parts: Vec<u64> = parts.filter(|part| *part > 0).collect();
    let whole: u64 = parts.iter().sum();
    let share = |part: &u64| *part as f64 / whole as f64;
    let bits: f64 = parts.iter().map(share).map(|p| -p * p.log2()).sum();
    (whole > 0).then(|| (bits.max(0.0), (parts.len() as f64).log2()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str =
        "The committee met on Monday. It decided that the new library would be opened in the spring.\n";

    fn sketch(texts: &[&str]) -> Quality {
        let mut sketch = Sketch::default();
        for (number, text) in (0..).zip(texts) {
            sketch.add(Look::at(text, number, true, Some("en")));
        }
        sketch.quality()
    }

    #[test]
    fn figures_of_a_few_documents() {
        let quality =
            sketch(&[PROSE, PROSE, "Teh end of the story was not what anybody had expected.", PROSE]);
        assert_eq!((quality.sampled, quality.well_formed), (4, Share { part: 7, whole: 7 }));
        assert_eq!(quality.misspelt.part, 1);
        assert_eq!((quality.duplicate_documents, quality.duplicate_lines), (Some(0.5), Some(0.5)));
        let (documents, different) = quality.topics.unwrap();
        assert!(documents == 4 && different > 1.0 && different < 2.0, "{different}");
        let [one, two, three] = quality.distinct.map(Option::unwrap);
        assert!(one < two && two < 1.0 && three < 1.0, "{one} {two} {three}");
    }

    #[test]
    fn nothing_has_no_figures() {
        let quality = Sketch::default().quality();
        assert_eq!(quality, Quality::default());
        assert_eq!(quality.well_formed.value(), None);
        assert_eq!(entropy([0, 0].into_iter()), None);
        assert_eq!(entropy([5].into_iter()), Some((0.0, 0.0)));
        assert_eq!(entropy([1, 1, 1, 1].into_iter()), Some((2.0, 2.0)));
    }
}
