//! Apache Parquet; the document is one column of strings.

use super::moment::{self, Moment};
use super::{Document, MAX_DOCUMENT, unpack};
use crate::Fault;
use crate::codes::{e0553, e0566, e0577, e0582, e0588};
use crate::files::InputFile;
use parquet::basic::{Compression, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Records that are read at a time.
const GROUP: usize = 256;

/// The documents of a parquet file.
pub(super) struct Records<'a> {
    index: usize,
    file: &'a InputFile,
    reader: SerializedFileReader<File>,
    column: usize,
    /// Next row group, and the one that is read.
    next_group: usize,
    group: Option<ColumnReaderImpl<ByteArrayType>>,
    waiting: std::collections::VecDeque<Option<ByteArray>>,
    /// The column that orders documents: its place, its name, and what it holds of the rest of the row group.
    when: Option<(usize, &'a str, std::collections::VecDeque<Option<Moment>>)>,
    /// Number of the record that was read last, from 1.
    record: u64,
    /// Number of the last record of the row group.
    group_ends: u64,
}

impl<'a> Records<'a> {
    pub(super) fn open(
        index: usize,
        file: &'a InputFile,
        field: &str,
        when: Option<&'a str>,
    ) -> Result<Records<'a>, Fault> {
        let seekable = seekable(file)?;
        let reader = guarded(file, || SerializedFileReader::new(seekable))?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let columns = schema.columns();
        let place = |field: &str| {
            columns.iter().position(|c| c.path().string() == field).ok_or_else(|| {
                let names: Vec<String> =
                    columns.iter().take(8).map(|c| format!("`{}`", c.path().string())).collect();
                let what = format!("The columns are {}.", names.join(", "));
                Box::new(e0588::no_column(&file.name, field, &what))
            })
        };
        let column = place(field)?;
        let when = when.map(|field| place(field).map(|at| (at, field, Default::default()))).transpose()?;
        let described = schema.column(column);
        if described.physical_type() != Physical::BYTE_ARRAY || described.max_rep_level() > 0 {
            let what = "The column does not hold strings.";
            return Err(Box::new(e0588::no_column(&file.name, field, what)));
        }
        let packed = reader.metadata().row_groups().first().map(|g| g.column(column).compression());
        if let Some(packing @ (Compression::ZSTD(_) | Compression::LZO)) = packed {
            let name = format!("{packing:?}");
            let name = name.split('(').next().unwrap_or("").to_lowercase();
            return Err(Box::new(e0582::unknown_packing(&file.name, &name)));
        }
        Ok(Records {
            index,
            file,
            reader,
            column,
            next_group: 0,
            group: None,
            waiting: Default::default(),
            when,
            record: 0,
            group_ends: 0,
        })
    }

    /// Reads some more records; false at the end. A damaged row group is left, and told.
    fn fill(&mut self) -> Result<bool, Fault> {
        while self.waiting.is_empty() {
            if self.group.is_none() && !self.begin_group()? {
                return Ok(false);
            }
            let Some(mut group) = self.group.take() else { return Ok(false) };
            let file = self.file;
            let read = guarded(file, || {
                let (mut values, mut levels) = (vec![], vec![]);
                let (records, _, _) = group.read_records(GROUP, Some(&mut levels), None, &mut values)?;
                Ok((records, values, levels, group))
            });
            let (records, values, levels, group) = match read {
                Ok(read) => read,
                Err(fault) => {
                    // The numbers of the records after it stay right.
                    self.record = self.group_ends;
                    return Err(fault);
                }
            };
            if records > 0 {
                self.group = Some(group);
            }
            // Without levels no value is missing.
            if levels.is_empty() {
                self.waiting.extend(values.into_iter().map(Some));
            } else {
                let mut values = values.into_iter();
                let top = levels.iter().copied().max().unwrap_or(0).max(1);
                self.waiting
                    .extend(levels.iter().map(|level| if *level == top { values.next() } else { None }));
            }
        }
        Ok(true)
    }

    fn begin_group(&mut self) -> Result<bool, Fault> {
        let metadata = self.reader.metadata();
        if self.next_group >= metadata.num_row_groups() {
            return Ok(false);
        }
        let (index, column) = (self.next_group, self.column);
        self.next_group += 1;
        let rows = u64::try_from(metadata.row_group(index).num_rows()).unwrap_or(0);
        self.group_ends = self.record.saturating_add(rows);
        let reader = &self.reader;
        if let Some((column, _, moments)) = &mut self.when {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            let read = guarded(self.file, || moment::column(&*reader.get_row_group(index)?, *column, rows));
            match read {
                Ok(read) => *moments = read.into(),
                Err(fault) => {
                    self.record = self.group_ends;
                    return Err(fault);
                }
            }
        }
        let opened = guarded(self.file, || reader.get_row_group(index)?.get_column_reader(column));
        match opened {
            Ok(ColumnReader::ByteArrayColumnReader(group)) => {
                self.group = Some(group);
                Ok(true)
            }
            Ok(_) => {
                Err(Box::new(e0582::damaged(&self.file.name, "a row group has another type than the file")))
            }
            Err(fault) => {
                self.record = self.group_ends;
                Err(fault)
            }
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.fill() {
                Err(fault) => return Some(Err(fault)),
                Ok(false) => return None,
                Ok(true) => {}
            }
            let value = self.waiting.pop_front()?;
            self.record += 1;
            let moment =
                self.when.as_mut().map(|(_, field, moments)| (*field, moments.pop_front().flatten()));
            let Some(value) = value else { continue };
            let (name, line) = (&self.file.name, self.record);
            if value.len() > MAX_DOCUMENT {
                return Some(Err(Box::new(e0566::record_too_long(name, line, MAX_DOCUMENT))));
            }
            match std::str::from_utf8(value.data()) {
                Ok("") => {}
                Ok(text) => {
                    let when = match moment {
                        Some((field, None)) => {
                            let what =
                                "The column holds nothing, or nothing that is a date or number, there.";
                            return Some(Err(Box::new(e0577::no_moment(name, line, field, what))));
                        }
                        Some((_, moment)) => moment,
                        None => None,
                    };
                    let (text, file) = (text.to_string(), self.index);
                    return Some(Ok(Document { text, file, line, label: None, when }));
                }
                Err(error) => {
                    let at = error.valid_up_to();
                    let byte = value.data().get(at).copied().unwrap_or(0);
                    return Some(Err(Box::new(e0553::not_utf8(name, line, at as u64, byte))));
                }
            }
        }
    }
}

/// The file itself, or what is in it, unpacked into a file that nobody else sees: the end of a parquet file is read first.
fn seekable(file: &InputFile) -> Result<File, Fault> {
    if unpack::Packing::of(&file.name) == unpack::Packing::Plain {
        return file.open();
    }
    let mut packed = unpack::open(file)?;
    let copied = tempfile::tempfile().and_then(|mut aside| {
        std::io::copy(&mut packed, &mut aside)?;
        Ok(aside)
    });
    copied.map_err(|error| unpack::fault(file, &error))
}

/// Errors, and panics, of the parquet crate as a message: it does not promise to refuse every damaged file in good order.
fn guarded<T>(file: &InputFile, read: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Box::new(e0582::damaged(&file.name, &error.to_string()))),
        Err(_) => Err(Box::new(e0582::damaged(&file.name, "its pages do not fit together"))),
    }
}
