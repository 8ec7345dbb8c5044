//! TensorBoard event files: TFRecord framing around `Event` messages.
//!
//! ```text
//! length   u64     little-endian
//! check    u32     masked CRC-32C of the eight bytes of the length
//! data     bytes   an Event
//! check    u32     masked CRC-32C of the data
//! ```
//!
//! Every start of a run opens a new file, so that an older one with a torn end is never appended to.

use super::crc32c::masked;
use super::protobuf::{self, Message};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// An event file being written.
#[derive(Debug)]
pub struct EventFile {
    file: File,
}

impl EventFile {
    /// Creates the next event file in a folder. Readers forget what older files hold of steps after
    /// `step`, which is where this run begins.
    ///
    /// # Errors
    /// If the file cannot be created or written.
    pub fn create(folder: &Path, wall_time: f64, step: u64) -> io::Result<EventFile> {
        let seconds = wall_time as u64;
        for number in 0.. {
            // Readers take the files of a folder in the order of their names.
            let name = format!("events.out.tfevents.{seconds:010}.regimen.{number:04}");
            match File::create_new(folder.join(name)) {
                Ok(file) => {
                    let mut events = EventFile { file };
                    events.put(&protobuf::version(wall_time))?;
                    events.put(&protobuf::session_start(wall_time, step + 1))?;
                    return Ok(events);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < 9999 => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes scalars by tag.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn scalars(&mut self, wall_time: f64, step: u64, values: &[(String, f32)]) -> io::Result<()> {
        self.put(&protobuf::scalars(wall_time, step, values))
    }

    /// Writes a text.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn text(&mut self, wall_time: f64, step: u64, tag: &str, text: &str) -> io::Result<()> {
        self.put(&protobuf::text(wall_time, step, tag, text))
    }

    /// Makes everything written durable.
    ///
    /// # Errors
    /// If the device does not confirm.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn put(&mut self, message: &Message) -> io::Result<()> {
        self.file.write_all(&record(message.bytes()))
    }
}

/// A TFRecord around some data.
pub fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked(data).to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that TensorFlow's own writer makes of `Event(wall_time=1.5, file_version="brain.Event:2")`
    /// and of `Event(wall_time=2.5, step=300, summary={"train/loss": 0.25})`.
    const GOLDEN: &[u8] = include_bytes!("golden.tfevents");

    #[test]
    fn the_bytes_are_those_of_tensorboards_own_writer() {
        let mut bytes = record(protobuf::version(1.5).bytes());
        bytes.extend(record(protobuf::scalars(2.5, 300, &[("train/loss".into(), 0.25)]).bytes()));
        bytes.extend(record(protobuf::session_start(3.5, 301).bytes()));
        bytes.extend(record(protobuf::text(4.5, 302, "sample", "Once é").bytes()));
        assert_eq!(bytes, GOLDEN);
    }

    #[test]
    fn files_of_one_second_get_ascending_names() {
        let folder = tempfile::tempdir().unwrap();
        EventFile::create(folder.path(), 1e9, 0).unwrap();
        EventFile::create(folder.path(), 1e9, 5).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["events.out.tfevents.1000000000.regimen.0000", "events.out.tfevents.1000000000.regimen.0001"]
        );
    }
}
