//! `metrics.jsonl`: one JSON object per training step and per evaluation.
//!
//! ```json
//! {"step":1,"tokens":768,"loss":4.17,"grad_norm":1.2,"lr":0.001,"time":{"seconds":0.03,"elapsed":0.04}}
//! {"step":100,"tokens":76800,"evaluation":"validation","loss":3.2,"time":{"seconds":0.5,"elapsed":4.1}}
//! ```

use super::Line;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// The file being appended to.
#[derive(Debug)]
pub struct Lines {
    file: File,
    count: u64,
}

impl Lines {
    /// Opens or creates the file and cuts it after its first `keep` lines; a torn line and everything
    /// after it goes as well.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(path: &Path, keep: u64) -> io::Result<Lines> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let (count, length) = intact(&file, keep)?;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Lines { file, count })
    }

    /// Lines in the file.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Appends a line; `elapsed` is the seconds since the process began to run the stage.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, line: &Line, elapsed: f64) -> io::Result<()> {
        // One write per line: a killed process leaves at most one torn line.
        let mut text = serde_json::to_vec(&Timed { line, elapsed })?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.count += 1;
        Ok(())
    }

    /// Makes everything written durable.
    ///
    /// # Errors
    /// If the device does not confirm.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// A line without what a clock had a part in; nothing if it is not valid.
pub fn without_time(line: &str) -> Option<serde_json::Value> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.as_object_mut()?.remove("time");
    Some(value)
}

/// Number and total length of the whole lines at the beginning, `keep` at most.
fn intact(file: &File, keep: u64) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut count, mut length) = (0, 0);
    let mut line = Vec::new();
    while count < keep {
        line.clear();
        let n = reader.read_until(b'\n', &mut line)?;
        let valid = line.ends_with(b"\n") && serde_json::from_slice::<serde_json::Value>(&line).is_ok();
        if !valid {
            break;
        }
        count += 1;
        length += n as u64;
    }
    Ok((count, length))
}

struct Timed<'a> {
    line: &'a Line,
    elapsed: f64,
}

impl Serialize for Timed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.line;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("step", &line.step)?;
        map.serialize_entry("tokens", &line.tokens)?;
        if let Some(evaluation) = &line.evaluation {
            map.serialize_entry("evaluation", evaluation)?;
        }
        for (name, value) in &line.values {
            map.serialize_entry(name, &Number(*value))?;
        }
        map.serialize_entry("time", &Time { seconds: line.seconds, elapsed: self.elapsed })?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Time {
    seconds: f64,
    elapsed: f64,
}

/// A number in its shortest form that reads back the same: most come from f32 residents.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let single = self.0 as f32;
        if f64::from(single) == self.0 {
            serializer.serialize_f32(single)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64) -> Line {
        let values = vec![("loss".to_owned(), f64::from(0.1_f32)), ("lr".to_owned(), 0.1)];
        Line { step, tokens: step * 768, evaluation: None, values, seconds: 0.5 }
    }

    fn written(path: &Path, steps: std::ops::RangeInclusive<u64>, keep: u64) -> Lines {
        let mut lines = Lines::open(path, keep).unwrap();
        for step in steps {
            lines.append(&line(step), 1.0).unwrap();
        }
        lines
    }

    fn steps(path: &Path) -> Vec<u64> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|l| without_time(l).unwrap()["step"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_line_has_the_documented_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        written(&path, 2..=2, 0);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"step\":2,\"tokens\":1536,\"loss\":0.1,\"lr\":0.1,\"time\":{\"seconds\":0.5,\"elapsed\":1.0}}\n"
        );
    }

    #[test]
    fn a_resumed_file_holds_every_step_exactly_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        written(&path, 1..=7, 0);
        let resumed = written(&path, 5..=8, 4);
        assert_eq!(resumed.count(), 8);
        assert_eq!(steps(&path), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_torn_line_at_any_byte_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        written(&path, 1..=2, 0);
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
        for length in first..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(Lines::open(&path, 9).unwrap().count(), 1, "torn at byte {length}");
            assert_eq!(steps(&path), [1]);
        }
    }

    #[test]
    fn a_new_run_starts_with_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        written(&path, 1..=3, 0);
        assert_eq!(Lines::open(&path, 0).unwrap().count(), 0);
        assert!(std::fs::read(&path).unwrap().is_empty());
    }

    #[test]
    fn time_is_all_that_is_left_out_of_a_comparison() {
        let a = "{\"step\":1,\"loss\":2.0,\"time\":{\"seconds\":1}}";
        let b = "{\"step\":1,\"loss\":2.0,\"time\":{\"seconds\":2}}";
        assert_eq!(without_time(a), without_time(b));
        assert_ne!(without_time(a), without_time(&a.replace("2.0", "2.5")));
    }
}
