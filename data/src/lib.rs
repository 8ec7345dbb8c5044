//! The data engine: from files to tokens to batches, without libtorch and without C code.
//!
//! The way of a text through this crate, one module each:
//!
//! 1. [`files`] finds the files of a dataset, inside the experiment's folder and in a fixed order;
//! 2. [`read`] turns them into a stream of documents, never holding more than one in memory;
//! 3. [`clean`] sends them through the declared steps, where there are any;
//! 4. [`split`] assigns whole documents to `train`, `validation`, …, equal documents and near-duplicates to the same one;
//! 5. [`tokenizer`] turns text into tokens and back, and is trained on the training split only;
//! 6. [`token_file`] keeps the tokens of one split on disk, memory-mapped when read;
//! 7. [`batch`] cuts them into samples whose order is a function of one number, the sample's index.
//!
//! [`prepare`] does 1 to 6 and caches the result by content ([`cache`]); [`facts`] and [`facts_if_cached`]
//! tell the compiler what came out. Beside that way, [`gguf`] brings models of other programs into Hugging
//! Face's layout.
//!
//! What holds throughout: the same files give the same tokens, in the same order, on every machine, with
//! any number of threads; a file that is wrong gives a diagnostic with its name and line, never a panic
//! and never a silent repair.

pub mod batch;
pub mod cache;
pub mod chat;
pub mod clean;
pub mod codes;
pub mod conversation_file;
pub mod files;
pub mod gguf;
mod near;
mod pattern;
mod prepare;
pub mod progress;
pub mod read;
pub mod split;
mod spool;
pub mod token_file;
pub mod tokenizer;

pub use batch::{
    Batch, Compared, ComparedSample, Documents, Evaluation, Labelled, Mixed, Pair, PairLayout, Pairs,
    Prefetch, Row, Rows, Stream,
};
pub use conversation_file::ConversationFile;
pub use files::Place;
pub use prepare::{
    Facts, Member, Prepared, SampledAnswers, chat_probe, chat_probe_if_cached, facts, facts_if_cached,
    first_record, predict, prepare, sample_answers, tokenizer_facts, tokenizer_facts_if_cached,
};
pub use progress::{NoProgress, Progress};
pub use token_file::TokenFile;
pub use tokenizer::Tokenize;

use regimen_base::Diagnostic;

/// A result, or everything that is wrong.
pub type Outcome<T> = Result<T, Vec<Diagnostic>>;

/// One message on its way up; boxed because results of inner loops should be small.
pub type Fault = Box<Diagnostic>;
