//! The tokens of one split in a file: a header of 64 bytes, then the tokens, little-endian, two bytes each if
//! the vocabulary allows and four otherwise. Read by mapping it into memory.
//!
//! | bytes | what |
//! |---|---|
//! | 0–7 | `REGTOKEN` |
//! | 8–11 | version of this layout, 1 |
//! | 12–15 | bytes of a token, 2 or 4 |
//! | 16–23 | number of tokens |
//! | 24–55 | SHA-256 of the tokens' bytes |
//! | 56–63 | first 8 bytes of the SHA-256 of bytes 0–55 |

use crate::Fault;
use crate::codes::e0571;
use memmap2::Mmap;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"REGTOKEN";
const VERSION: u32 = 1;
const HEADER: usize = 64;

/// The tokens of one split, mapped into memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TokenFile {
    name: String,
    map: Arc<Mmap>,
    wide: bool,
    tokens: u64,
}

impl TokenFile {
    /// Opens a token file; `name` is the split's, for messages. Length and header are checked, the tokens
    /// are not read.
    ///
    /// # Errors
    /// If the file is missing, damaged or of another kind.
    pub fn open(name: &str, path: &Path) -> Result<TokenFile, Fault> {
        let failed = |why: &str| Box::new(e0571::bad_token_file(&path.display().to_string(), why));
        let file = File::open(path).map_err(|e| failed(&e.to_string()))?;
        // SAFETY: the file is only ever replaced by renaming, never written in place, by this crate. Another
        // program that cuts it while it is mapped would end the process; no reader of mapped files can
        // prevent that.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| failed(&e.to_string()))?;
        let (wide, tokens) = read_header(&map).map_err(|why| failed(&why))?;
        Ok(TokenFile { name: name.to_string(), map: Arc::new(map), wide, tokens })
    }

    /// Name of the split.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of tokens.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The token at a position; nothing past the end.
    pub fn get(&self, position: u64) -> Option<u32> {
        let mut token = [0];
        (position < self.tokens && self.copy(position, &mut token) == 1).then_some(token[0] as u32)
    }

    /// Copies tokens from `position` on, as many as fit and exist; says how many.
    pub fn copy(&self, position: u64, to: &mut [i64]) -> usize {
        let left = self.tokens.saturating_sub(position);
        let count = to.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let width = if self.wide { 4 } else { 2 };
        // The header was checked against the length, so positions below `tokens` fit an address.
        let start = HEADER + position.min(self.tokens) as usize * width;
        let bytes = self.map.get(start..start + count * width).unwrap_or(&[]);
        if self.wide {
            for (to, from) in to.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *to = i64::from(u32::from_le_bytes(*from));
            }
        } else {
            for (to, from) in to.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *to = i64::from(u16::from_le_bytes(*from));
            }
        }
        count
    }

    /// Whether the tokens have the checksum that was written with them: reads everything.
    pub fn verify(&self) -> bool {
        let (head, tokens) = self.map.split_at(HEADER.min(self.map.len()));
        head.get(24..56) == Some(Sha256::digest(tokens).as_slice())
    }
}

fn read_header(map: &[u8]) -> Result<(bool, u64), String> {
    let Some(header) = map.first_chunk::<HEADER>() else {
        return Err(format!("it has {} bytes, a header has {HEADER}", map.len()));
    };
    let (fields, check) = header.split_at(56);
    if fields.get(..8) != Some(MAGIC.as_slice()) {
        return Err("it does not begin as token files do".to_string());
    }
    if Sha256::digest(fields).as_slice().get(..8) != Some(check) {
        return Err("the checksum of its header is wrong".to_string());
    }
    let number = |from: usize| {
        let bytes = fields.get(from..).and_then(<[u8]>::first_chunk::<4>);
        u32::from_le_bytes(bytes.copied().unwrap_or_default())
    };
    if number(8) != VERSION {
        return Err(format!("it has layout {}, this version reads {VERSION}", number(8)));
    }
    let wide = match number(12) {
        2 => false,
        4 => true,
        width => return Err(format!("its tokens have {width} bytes")),
    };
    let tokens = u64::from(number(16)) | u64::from(number(20)) << 32;
    let length = tokens.checked_mul(if wide { 4 } else { 2 }).and_then(|b| b.checked_add(HEADER as u64));
    if length != Some(map.len() as u64) {
        return Err(format!("it has {} bytes, which does not fit its {tokens} tokens", map.len()));
    }
    Ok((wide, tokens))
}

/// Writes a token file from front to back.
#[derive(Debug)]
pub struct TokenWriter {
    file: BufWriter<File>,
    hasher: Sha256,
    block: Vec<u8>,
    wide: bool,
    tokens: u64,
}

impl TokenWriter {
    /// Begins a new file for tokens below `vocab`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: &Path, vocab: u64) -> io::Result<TokenWriter> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create_new(path)?);
        file.write_all(&[0; HEADER])?;
        let wide = vocab > 1 << 16;
        Ok(TokenWriter { file, hasher: Sha256::new(), block: Vec::new(), wide, tokens: 0 })
    }

    /// Adds tokens at the end.
    ///
    /// # Errors
    /// If writing fails, or a token is not below the vocabulary's size.
    pub fn push(&mut self, tokens: &[u32]) -> io::Result<()> {
        self.block.clear();
        if self.wide {
            self.block.extend(tokens.iter().flat_map(|t| t.to_le_bytes()));
        } else {
            for token in tokens {
                let narrow = u16::try_from(*token).map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, "a token outside the vocabulary")
                })?;
                self.block.extend_from_slice(&narrow.to_le_bytes());
            }
        }
        self.hasher.update(&self.block);
        self.tokens += tokens.len() as u64;
        self.file.write_all(&self.block)
    }

    /// Writes the header and syncs everything to the disk; returns the number of tokens.
    ///
    /// # Errors
    /// If writing fails; the file then has no valid header.
    pub fn finish(self) -> io::Result<u64> {
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(if self.wide { 4u32 } else { 2 }).to_le_bytes());
        header.extend_from_slice(&self.tokens.to_le_bytes());
        header.extend_from_slice(self.hasher.finalize().as_slice());
        let check = Sha256::digest(&header);
        header.extend(check.iter().take(8));
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
        file.sync_all()?;
        Ok(self.tokens)
    }
}
