//! The conversations of one split on disk, beside each other in the layout of token files: all tokens, one bit a token that says whether it
//! is a label, and the length of each conversation.

use crate::token_file::{TokenFile, TokenWriter};
use crate::{Fault, codes::e0571};
use regimen_base::data::Length;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Bits of one number of the mask's file.
const BITS: u64 = 16;

/// Names of the files of the split with this index. The first is that of any token file.
fn names(split: usize) -> [String; 3] {
    ["tokens", "labels", "lengths"].map(|kind| format!("{split}.{kind}"))
}

/// The conversations of one split, mapped into memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConversationFile {
    tokens: TokenFile,
    labels: TokenFile,
    lengths: TokenFile,
}

impl ConversationFile {
    /// Opens the files of a split.
    ///
    /// # Errors
    /// If one is missing, damaged, or they do not belong together.
    pub fn open(name: &str, folder: &Path, split: usize) -> Result<ConversationFile, Fault> {
        let [tokens, labels, lengths] = names(split).map(|file| TokenFile::open(name, &folder.join(file)));
        let all = ConversationFile { tokens: tokens?, labels: labels?, lengths: lengths? };
        let sum: u64 = all.lengths().iter().sum();
        if sum != all.tokens.tokens() || all.labels.tokens() != sum.div_ceil(BITS) {
            let path = folder.display().to_string();
            return Err(Box::new(e0571::bad_token_file(
                &path,
                "tokens, labels and lengths do not belong together",
            )));
        }
        Ok(all)
    }

    /// Name of the split.
    pub fn name(&self) -> &str {
        self.tokens.name()
    }

    /// All tokens, one conversation after the other.
    pub fn tokens(&self) -> &TokenFile {
        &self.tokens
    }

    /// The files themselves.
    pub fn files(&self) -> [&TokenFile; 3] {
        [&self.tokens, &self.labels, &self.lengths]
    }

    /// Tokens of every conversation.
    pub fn lengths(&self) -> Vec<u64> {
        let count = usize::try_from(self.lengths.tokens()).unwrap_or(0);
        let mut all = vec![0; count];
        self.lengths.copy(0, &mut all);
        all.into_iter().map(|length| length as u64).collect()
    }

    /// Whether the token at this position is a label.
    pub fn is_label(&self, position: u64) -> bool {
        self.labels.get(position / BITS).is_some_and(|bits| bits >> (position % BITS) & 1 == 1)
    }
}

/// Writes the conversations of one split.
#[derive(Debug)]
pub struct ConversationWriter {
    tokens: TokenWriter,
    labels: TokenWriter,
    lengths: TokenWriter,
    /// Bits that do not fill a number yet, and how many.
    bits: (u32, u64),
    histogram: BTreeMap<u64, (u64, u64)>,
}

impl ConversationWriter {
    /// New files for tokens below `vocab`.
    ///
    /// # Errors
    /// If they cannot be made.
    pub fn create(folder: &Path, split: usize, vocab: u64) -> io::Result<ConversationWriter> {
        let [tokens, labels, lengths] = names(split).map(|name| folder.join(name));
        Ok(ConversationWriter {
            tokens: TokenWriter::create(&tokens, vocab)?,
            labels: TokenWriter::create(&labels, 1 << BITS)?,
            lengths: TokenWriter::create(&lengths, 1 << 32)?,
            bits: (0, 0),
            histogram: BTreeMap::new(),
        })
    }

    /// Adds a conversation: its tokens, and of each whether it is a label.
    ///
    /// # Errors
    /// If writing fails.
    pub fn push(&mut self, tokens: &[u32], counts: &[bool]) -> io::Result<()> {
        self.tokens.push(tokens)?;
        let length = u32::try_from(tokens.len()).map_err(io::Error::other)?;
        self.lengths.push(&[length])?;
        for label in counts {
            self.bits.0 |= u32::from(*label) << self.bits.1;
            self.bits.1 += 1;
            if self.bits.1 == BITS {
                self.flush()?;
            }
        }
        // The first token is nobody's label: nothing stands before it.
        let supervised = counts.iter().skip(1).filter(|counts| **counts).count() as u64;
        let entry = self.histogram.entry(tokens.len() as u64).or_default();
        *entry = (entry.0 + 1, entry.1 + supervised);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let (bits, _) = std::mem::take(&mut self.bits);
        self.labels.push(&[bits])
    }

    /// Finishes the files; the number of tokens, and the conversations by length.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(mut self) -> io::Result<(u64, Vec<Length>)> {
        if self.bits.1 > 0 {
            self.flush()?;
        }
        self.labels.finish()?;
        self.lengths.finish()?;
        let one = |(tokens, (conversations, supervised))| Length { tokens, conversations, supervised };
        Ok((self.tokens.finish()?, self.histogram.into_iter().map(one).collect()))
    }
}
