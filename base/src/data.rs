//! What the data engine is asked to prepare, and what it found out: shared by the compiler (which puts
//! it into plans) and the data engine (which carries it out).

use crate::cleaning::{Cleaning, Step};
use serde::{Deserialize, Serialize};

/// An exact share of a whole: `numerator / denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Share {
    /// Parts taken.
    pub numerator: u64,
    /// Parts in all; never zero.
    pub denominator: u64,
}

impl Share {
    /// The share as a number between 0 and 1.
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// How documents are found in files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum Format {
    /// Plain UTF-8 text.
    Text {
        /// What counts as one document.
        document: TextDocument,
    },
    /// One JSON object a line.
    Jsonl {
        /// The field that holds the text.
        field: String,
    },
    /// Records with a header line.
    Csv {
        /// The column that holds the text.
        field: String,
        /// What stands between columns, one ASCII character.
        delimiter: char,
    },
    /// Records of a text and the class that it belongs to.
    Labelled {
        /// The field that holds the text.
        text: String,
        /// The field that names the class.
        label: String,
        /// What stands between columns of a table; without it, records are JSON objects, one a line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delimiter: Option<char>,
        /// The classes; without them, those of the part `train`, sorted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        classes: Vec<String>,
        /// Whether every part has about the same share of each class.
        stratified: bool,
    },
    /// Apache Parquet.
    Parquet {
        /// The column that holds the text.
        field: String,
    },
    /// Conversations, one JSON object a line.
    Chats(Chats),
    /// Prompts, each with an answer that was preferred to another, one JSON object a line.
    Preferences(Preferences),
    /// Prompts, each with an answer and whether it is good, one JSON object a line.
    Feedback(Feedback),
}

/// Names of the fields of preferences, and how these become tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Holds the prompt; where a record has none, it is what both answers begin with.
    pub prompt: String,
    /// Holds the better answer.
    pub chosen: String,
    /// Holds the other.
    pub rejected: String,
    /// Holds by how much the better answer is better, a number; without it, every pair weighs the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<String>,
    /// How they become tokens.
    #[serde(flatten)]
    pub rendering: Rendering,
}

/// Names of the fields of feedback, and how it becomes tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Holds the prompt.
    pub prompt: String,
    /// Holds the answer.
    pub completion: String,
    /// Says whether it is good.
    pub label: String,
    /// How they become tokens.
    #[serde(flatten)]
    pub rendering: Rendering,
}

/// How prompts and answers become tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendering {
    /// What renders records of messages; without it, the tokenizer's own template. Records of text are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_template: Option<ChatTemplate>,
    /// Most tokens of a prompt with any of its answers; longer records are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
}

impl Format {
    /// How prompts and answers become tokens, of preferences and feedback.
    pub fn answers(&self) -> Option<&Rendering> {
        match self {
            Format::Preferences(preferences) => Some(&preferences.rendering),
            Format::Feedback(feedback) => Some(&feedback.rendering),
            _ => None,
        }
    }
}

/// How records become conversations, and those become tokens and labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chats {
    /// Paraphrases of what a user asks, for records with an instruction: `{instruction}` and `{input}` stand for its fields.
    pub template: Vec<String>,
    /// What renders conversations.
    pub chat_template: ChatTemplate,
    /// Whose turns are labels.
    pub train_on: Vec<Role>,
}

/// Where a chat template comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatTemplate {
    /// The tokenizer's own.
    Tokenizer,
    /// One that the data engine knows by this name.
    Known(String),
    /// A file with Jinja, relative to the experiment.
    File(String),
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::System, Role::User, Role::Assistant];

    /// As templates and the language call it.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What counts as one document of a plain text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TextDocument {
    File,
    /// Separated by blank lines.
    Paragraph,
    Line,
}

/// Files of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Name of its `data` declaration.
    pub name: String,
    /// How documents are found.
    #[serde(flatten)]
    pub format: Format,
    /// Glob patterns relative to the experiment's folder, as written.
    pub files: Vec<String>,
    /// Its weight in the mix, as [`Mixing`] has it; 1 if there is one source.
    pub share: Share,
    /// How its documents are divided in a mix, where the source says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Division>,
    /// What is done with its documents.
    #[serde(default, skip_serializing_if = "Cleaning::is_empty")]
    pub cleaning: Cleaning,
}

/// A named part of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// `train`, `validation`, …
    pub name: String,
    /// Its share of the bytes; whole documents are assigned, so what results differs by less than one document.
    pub share: Share,
}

/// How the documents of one source of a mix are divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Its named parts.
    pub splits: Vec<Split>,
    /// Where the splits `train` and `validation` are folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
}

/// What the weights of a mix's sources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// Shares of the tokens that are drawn.
    Shares,
    /// How often each source is seen in one epoch of the mix.
    Epochs,
}

/// How the sources of a mix are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixing {
    /// What their weights are.
    pub weights: Weights,
    /// Shares are raised to 1/temperature and made one together again (Arivazhagan et al., arXiv 1907.05019): 1 leaves them, more makes
    /// them more alike.
    pub temperature: f64,
}

/// Which part of k-fold cross-validation this is: the training documents are divided into `of` parts of equal size, and part `number` of
/// them is the split `validation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// From 1.
    pub number: u64,
    /// Number of folds; two or more.
    pub of: u64,
}

/// What becomes of near-duplicates when documents are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearDuplicates {
    /// They all belong to the same split.
    #[default]
    Together,
    /// Only equal documents stay together.
    Apart,
}

/// A dataset: sources and how they are divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Name of its `data` declaration.
    pub name: String,
    /// Where documents come from.
    pub sources: Vec<Source>,
    /// Of a mix of several sources, how they are drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixing: Option<Mixing>,
    /// What is done with the documents of all sources together, after each source's own steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clean: Vec<Step>,
    /// Named parts; a dataset without splits has the single part `train`. Of a mix whose sources are divided by themselves, those of all of
    /// its sources.
    pub splits: Vec<Split>,
    /// Key that assigns documents to splits.
    pub key: i64,
    /// Where the splits `train` and `validation` are folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// The field with the date or number that puts documents in order; the splits follow each other in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_by: Option<String>,
    /// Whether near-duplicates stay together.
    #[serde(default, skip_serializing_if = "is_default")]
    pub near_duplicates: NearDuplicates,
}

/// How text becomes tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TokenizerKind {
    /// The 256 bytes and one end-of-document token.
    Bytes,
    /// The characters that occur in the training split of a dataset, in code-point order, and an unknown and an end-of-document token.
    Chars {
        /// The dataset.
        train_on: String,
    },
    /// Byte-level byte-pair encoding trained on the training split of a dataset.
    Bpe {
        /// The dataset.
        train_on: String,
        /// Size of the vocabulary, special tokens included.
        vocab: u64,
        /// Pairs rarer than this are not merged.
        min_frequency: u64,
    },
    /// WordPiece as BERT has it, trained on the training split of a dataset.
    Wordpiece {
        /// The dataset.
        train_on: String,
        /// Size of the vocabulary, special tokens included.
        vocab: u64,
        /// Pairs rarer than this are not merged.
        min_frequency: u64,
        /// Whether text becomes lower case and loses its accents.
        lowercase: bool,
    },
    /// A unigram language model of pieces, as SentencePiece has it, trained on the training split of a dataset.
    Unigram {
        /// The dataset.
        train_on: String,
        /// Size of the vocabulary, special tokens and bytes included.
        vocab: u64,
    },
    /// A `tokenizer.json` as Hugging Face writes it.
    Hf {
        /// The file, or the folder that holds it, relative to the experiment.
        path: String,
        /// The token written between documents, if not the one that the files name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end_of_text: Option<String>,
    },
}

impl TokenizerKind {
    /// The dataset that it is trained on, if it is trained.
    pub fn train_on(&self) -> Option<&str> {
        match self {
            TokenizerKind::Bytes | TokenizerKind::Hf { .. } => None,
            TokenizerKind::Chars { train_on }
            | TokenizerKind::Bpe { train_on, .. }
            | TokenizerKind::Wordpiece { train_on, .. }
            | TokenizerKind::Unigram { train_on, .. } => Some(train_on),
        }
    }

    /// The size of the vocabulary that is asked for, if one is.
    pub fn asked_vocab(&self) -> Option<u64> {
        match self {
            TokenizerKind::Bpe { vocab, .. }
            | TokenizerKind::Wordpiece { vocab, .. }
            | TokenizerKind::Unigram { vocab, .. } => Some(*vocab),
            TokenizerKind::Bytes | TokenizerKind::Chars { .. } | TokenizerKind::Hf { .. } => None,
        }
    }
}

/// A tokenizer with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokenizer {
    /// Name of its declaration.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: TokenizerKind,
}

impl Dataset {
    /// Whether it is a mix of several sources, each of which has tokens of its own.
    pub fn is_mix(&self) -> bool {
        self.sources.len() > 1
    }

    /// How the documents of one of its sources are divided.
    pub fn division(&self, source: &Source) -> Division {
        let own = || Division { splits: self.splits.clone(), fold: self.fold };
        source.division.clone().unwrap_or_else(own)
    }

    /// Whether each of its records is one sample with a class.
    pub fn is_labelled(&self) -> bool {
        self.sources.iter().any(|source| matches!(source.format, Format::Labelled { .. }))
    }

    /// How its conversations become tokens, if it consists of conversations.
    pub fn chats(&self) -> Option<&Chats> {
        self.sources.iter().find_map(|source| match &source.format {
            Format::Chats(chats) => Some(chats),
            _ => None,
        })
    }

    /// Whether its pairs of answers say by how much one is better.
    pub fn has_margins(&self) -> bool {
        self.sources.iter().any(|source| match &source.format {
            Format::Preferences(preferences) => preferences.margin.is_some(),
            _ => false,
        })
    }

    /// How its prompts and answers become tokens, if it consists of preferences or feedback.
    pub fn answers(&self) -> Option<&Rendering> {
        self.sources.iter().find_map(|source| source.format.answers())
    }

    /// Whether documents are cleaned, or broken records left out, before they are divided.
    pub fn is_cleaned(&self) -> bool {
        !self.clean.is_empty() || self.sources.iter().any(|source| !source.cleaning.is_empty())
    }
}

/// Whether a fact was read from the files or assumed because they were not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Certainty {
    Estimated,
    Measured,
}

/// What is known of a tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerFacts {
    /// Size of the vocabulary: ids are below it.
    pub vocab: u64,
    /// Id of the token between documents.
    pub end_of_text: u32,
    /// Id of the token that stands for a hidden one, if the tokenizer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<u32>,
    /// Its tokens around single texts.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub marks: Marks,
    /// SHA-256 of its normalised definition; empty if estimated.
    pub content: String,
    /// How this is known.
    pub certainty: Certainty,
}

/// Ids of the tokens that stand around a single text, where a tokenizer has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Before it: `[CLS]`, `<s>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<u32>,
    /// After it: `[SEP]`, `</s>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// What fills a sample up: `[PAD]`, `<pad>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<u32>,
}

impl Marks {
    /// Tokens around a text.
    pub fn around(&self) -> u64 {
        u64::from(self.begin.is_some()) + u64::from(self.end.is_some())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Marks::default()
    }
}

impl TokenizerFacts {
    /// Id of the token that stands for a hidden one: the tokenizer's own, or the first id that it leaves free.
    pub fn mask_id(&self) -> u32 {
        self.mask.unwrap_or_else(|| u32::try_from(self.vocab).unwrap_or(u32::MAX))
    }

    /// Size of the vocabulary with the mask.
    pub fn vocab_with_mask(&self) -> u64 {
        self.vocab.max(u64::from(self.mask_id()) + 1)
    }

    /// Ids of padding, beginning and end of a text: the tokenizer's own, or the first that it and the mask leave free.
    pub fn all_marks(&self) -> Marks {
        let mut free = u32::try_from(self.vocab_with_mask()).unwrap_or(u32::MAX);
        let mut or_free = |own: Option<u32>| {
            own.or_else(|| {
                free = free.saturating_add(1);
                Some(free - 1)
            })
        };
        let padding = or_free(self.marks.padding);
        let begin = or_free(self.marks.begin);
        Marks { begin, end: or_free(self.marks.end), padding }
    }

    /// Size of the vocabulary with the mask and all marks.
    pub fn vocab_with_marks(&self) -> u64 {
        let Marks { begin, end, padding } = self.all_marks();
        let marks = [begin, end, padding].into_iter().flatten().map(|id| u64::from(id) + 1);
        marks.fold(self.vocab_with_mask(), u64::max)
    }

    /// The marks that a table of so many rows has: those that it lacks are not put around texts.
    pub fn marks_within(&self, rows: u64) -> Marks {
        let has = |id: &u32| u64::from(*id) < rows;
        let Marks { begin, end, padding } = self.all_marks();
        Marks { begin: begin.filter(has), end: end.filter(has), padding: padding.filter(has) }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is known of one split of a dataset under one tokenizer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitFacts {
    /// Name of the split.
    pub name: String,
    /// Documents in it.
    pub documents: u64,
    /// Bytes of text.
    pub bytes: u64,
    /// Tokens, one end-of-document token per document included; of labelled records their texts' alone.
    pub tokens: u64,
    /// What is known of labelled records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordFacts>,
    /// Of conversations, by length; empty for other data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<Length>,
    /// Of prompts with answers, what is known of their lengths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswerFacts>,
    /// Documents that lie in its time and are in no split: near-duplicates of documents of an earlier one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub left_out: u64,
    /// Tokens of running text and labelled records that are the tokenizer's unknown one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown: u64,
    /// Of a mix, the same of each source in the order of the mix, under its name; what is said above is of all of them together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<SplitFacts>,
}

impl SplitFacts {
    /// What is known of the sources of a mix, from what is known of each.
    pub fn of_members(name: &str, members: Vec<SplitFacts>) -> SplitFacts {
        let sum = |of: fn(&SplitFacts) -> u64| members.iter().map(of).sum();
        SplitFacts {
            name: name.to_string(),
            documents: sum(|m| m.documents),
            bytes: sum(|m| m.bytes),
            tokens: sum(|m| m.tokens),
            left_out: sum(|m| m.left_out),
            unknown: sum(|m| m.unknown),
            members,
            ..SplitFacts::default()
        }
    }

    /// The sources of a mix; the split itself of any other dataset.
    pub fn parts(&self) -> &[SplitFacts] {
        if self.members.is_empty() { std::slice::from_ref(self) } else { &self.members }
    }

    /// Whether it is of conversations.
    pub fn is_of_conversations(&self) -> bool {
        self.parts().iter().any(|part| !part.lengths.is_empty())
    }

    /// Samples of one epoch: records, or windows of `sequence` tokens. Of conversations, it depends on how they are laid
    /// ([`crate::packing`]).
    pub fn samples(&self, sequence: u64) -> u64 {
        if !self.members.is_empty() {
            return self.members.iter().map(|member| member.samples(sequence)).sum();
        }
        match self.records {
            Some(_) => self.documents,
            None => samples_per_epoch(self.tokens, sequence),
        }
    }

    /// Pairs of answers whose texts, with so many marks around each, both fit into `sequence` tokens; all records where nothing is known of
    /// their lengths.
    pub fn pairs(&self, sequence: u64, marks: u64) -> u64 {
        self.answers.as_ref().map_or(self.documents, |answers| answers.fit(sequence, marks).pairs)
    }
}

/// What is known of the labelled records of one split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFacts {
    /// The classes in the order of their numbers, the same in every split, and how many records each has here.
    pub classes: Vec<(String, u64)>,
    /// How many records have so many tokens: (tokens, records), the shortest first.
    pub lengths: Vec<(u64, u64)>,
}

impl RecordFacts {
    /// Share of samples of `sequence` tokens that is padding, and share of the samples that are cut, if `marks` tokens stand around
    /// each text.
    pub fn fit(&self, sequence: u64, marks: u64) -> (f64, f64) {
        let (mut records, mut cut, mut padding) = (0, 0, 0);
        for (tokens, count) in &self.lengths {
            let length = tokens + marks;
            records += count;
            cut += if length > sequence { *count } else { 0 };
            padding += sequence.saturating_sub(length) * count;
        }
        let of = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        (of(padding, records * sequence), of(cut, records))
    }
}

/// What is known of prompts with answers: how many have so many tokens, the shortest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerFacts {
    /// Of the prompts.
    pub prompts: Vec<(u64, u64)>,
    /// Of the chosen answers, or of those that are good.
    pub good: Vec<(u64, u64)>,
    /// Of the rejected answers, or of those that are not good.
    pub bad: Vec<(u64, u64)>,
    /// Of the prompts together with their answers.
    pub texts: Vec<Texts>,
    /// Records that are left out because they are longer than `max_length`.
    pub too_long: u64,
}

/// The records of one length. Each answer is a text of its own, with the prompt before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// Tokens of the longest text of a record.
    pub longest: u64,
    /// How many records there are.
    pub records: u64,
    /// Tokens of all their texts together.
    pub tokens: u64,
}

/// What comes of laying pairs of answers into samples of so many tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FittedPairs {
    /// Pairs that fit.
    pub pairs: u64,
    /// Tokens of their texts, marks included; the rest is padding.
    pub tokens: u64,
    /// Pairs that are left out because one of their texts is longer.
    pub too_long: u64,
    /// Tokens of the longest text of all, marks included.
    pub longest: u64,
}

impl AnswerFacts {
    /// Counts the pairs whose texts both fit into `sequence` tokens, if `marks` tokens stand around each. One that does not is left out: cut
    /// texts may be equal.
    pub fn fit(&self, sequence: u64, marks: u64) -> FittedPairs {
        let mut fitted = FittedPairs::default();
        for texts in &self.texts {
            let length = texts.longest + marks;
            fitted.longest = fitted.longest.max(length);
            if length <= sequence {
                fitted.pairs += texts.records;
                fitted.tokens += texts.tokens + 2 * marks * texts.records;
            } else {
                fitted.too_long += texts.records;
            }
        }
        fitted
    }
}

/// The conversations of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// Tokens of each.
    pub tokens: u64,
    /// How many there are.
    pub conversations: u64,
    /// Labels of all of them together.
    pub supervised: u64,
}

/// What is known of a dataset under one tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetFacts {
    /// One entry per declared split, in the declared order.
    pub splits: Vec<SplitFacts>,
    /// SHA-256 over the files' contents in their fixed order; empty if estimated.
    pub content: String,
    /// How this is known.
    pub certainty: Certainty,
    /// If it was predicted from a sample, how sure that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
    /// What else is known of it, in sentences for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl DatasetFacts {
    /// Facts that were read from the files.
    pub fn measured(splits: Vec<SplitFacts>, content: String) -> DatasetFacts {
        DatasetFacts { splits, content, certainty: Certainty::Measured, sampled: None, remarks: vec![] }
    }
}

/// How sure a number of tokens is that was predicted from a sample of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampled {
    /// Different documents of the sample.
    pub documents: u64,
    /// With 95 % confidence there are at least so many tokens in all splits together,
    pub low: u64,
    /// and at most so many.
    pub high: u64,
    /// Whether a step drops near duplicates or paragraphs, which a sample cannot tell: then there may be fewer.
    pub near_duplicates: bool,
}

/// What a chat template makes of a small conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Tokens of the conversation.
    pub tokens: u64,
    /// Those that are labels.
    pub supervised: u64,
    /// Its turns.
    pub turns: Vec<ProbeTurn>,
}

/// One turn of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeTurn {
    /// Who speaks.
    pub role: Role,
    /// Whether what is said is a label.
    pub content_counts: bool,
    /// The special token that ends the turn, as it is written, if there is one.
    pub end: Option<String>,
    /// Whether that token is a label.
    pub end_counts: bool,
    /// The first letters that the template writes after what is said.
    pub after: String,
}

/// Samples of one epoch: windows of `sequence` tokens, each with its next tokens as labels, that a split
/// of `tokens` tokens holds.
///
/// A window needs `sequence + 1` tokens, and neighbouring windows share one, so the number is
/// `(tokens − 1) / sequence`, rounded down; the tokens left over are fewer than one window. It does not
/// depend on the shuffle.
pub fn samples_per_epoch(tokens: u64, sequence: u64) -> u64 {
    tokens.saturating_sub(1).checked_div(sequence).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{AnswerFacts, FittedPairs, RecordFacts, Texts, samples_per_epoch};

    #[test]
    fn padding_and_what_is_cut_follow_from_lengths() {
        let facts = RecordFacts { classes: vec![], lengths: vec![(3, 2), (6, 1), (9, 1)] };
        // With two marks: 5, 5, 8 and 11 tokens in samples of 8.
        assert_eq!(facts.fit(8, 2), (6.0 / 32.0, 0.25));
        assert_eq!(RecordFacts::default().fit(8, 2), (0.0, 0.0));
    }

    #[test]
    fn a_pair_fits_if_its_longer_text_does() {
        let texts =
            [(5, 2, 18), (8, 1, 12)].map(|(longest, records, tokens)| Texts { longest, records, tokens });
        let facts = AnswerFacts { texts: texts.to_vec(), ..AnswerFacts::default() };
        let fitted = |pairs, tokens, too_long| FittedPairs { pairs, tokens, too_long, longest: 10 };
        assert_eq!(facts.fit(9, 2), fitted(2, 18 + 8, 1));
        assert_eq!(facts.fit(10, 2), fitted(3, 30 + 12, 0));
    }

    #[test]
    fn a_window_needs_one_token_more_than_its_length() {
        assert_eq!(samples_per_epoch(8, 8), 0);
        assert_eq!(samples_per_epoch(9, 8), 1);
        assert_eq!(samples_per_epoch(16, 8), 1);
        assert_eq!(samples_per_epoch(17, 8), 2);
        assert_eq!(samples_per_epoch(0, 8), 0);
        assert_eq!(samples_per_epoch(8, 0), 0);
    }
}
