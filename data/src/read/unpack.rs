//! Files as they are, or unpacked while they are read: `.gz` (RFC 1952) and `.zst` (RFC 8878), each of any number of parts.

use crate::Fault;
use crate::codes::{e0552, e0580};
use crate::files::InputFile;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// How a file is packed, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// Of a file with this name.
    pub(crate) fn of(name: &str) -> Packing {
        let ending = name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
        match ending.as_str() {
            "gz" => Packing::Gzip,
            "zst" | "zstd" => Packing::Zstd,
            _ => Packing::Plain,
        }
    }
}

/// What is in a file, unpacked.
pub(crate) type Unpacked = Box<dyn Read + Send>;

/// Opens a file; what is packed is unpacked while it is read.
pub(crate) fn open(file: &InputFile) -> Result<Unpacked, Fault> {
    let plain = file.open()?;
    Ok(match Packing::of(&file.name) {
        Packing::Plain => Box::new(plain),
        Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, plain))),
        Packing::Zstd => Box::new(Frames::new(plain)),
    })
}

/// The message for a file that could not be read further.
pub(crate) fn fault(file: &InputFile, error: &io::Error) -> Fault {
    Box::new(match Packing::of(&file.name) {
        Packing::Plain => e0552::unreadable(&file.name, error),
        _ => e0580::damaged(&file.name, error),
    })
}

/// The frames of a Zstandard file, one after the other; frames for other programs are skipped.
struct Frames {
    file: BufReader<File>,
    decoder: FrameDecoder,
    /// Whether the decoder is inside a frame.
    inside: bool,
}

impl Frames {
    fn new(file: File) -> Frames {
        let file = BufReader::with_capacity(1 << 16, file);
        Frames { file, decoder: FrameDecoder::new(), inside: false }
    }

    /// Begins the next frame; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.file.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.file) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.file).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
    }

    /// Unpacks the next block; what it held can then be collected.
    fn advance(&mut self) -> io::Result<()> {
        let blocks = BlockDecodingStrategy::UptoBlocks(1);
        let done = self.decoder.decode_blocks(&mut self.file, blocks);
        done.map(|_| ()).map_err(|error| io::Error::other(error.to_string()))
    }
}

impl Read for Frames {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.inside || self.begin()? {
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.advance()?;
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(to);
            }
            self.inside = false;
        }
        Ok(0)
    }
}
