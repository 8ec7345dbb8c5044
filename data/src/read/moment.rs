//! Dates and numbers by which documents are put in order.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::ColumnDescriptor;
use std::cmp::Ordering;

/// A place in time, or on any other scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A finite number: a year, seconds since 1970.
    Number(f64),
    /// Microseconds since 1970, in UTC.
    Date(i64),
}

impl Moment {
    /// Reads a number, or a date as ISO 8601 and RFC 3339 write it: `2024-05-31`, `2024-05-31 12:00:00`, `2024-05-31T12:00:00+02:00`.
    /// Without an offset it is UTC.
    pub fn parse(text: &str) -> Option<Moment> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            return number.is_finite().then_some(Moment::Number(number));
        }
        let date = |time: NaiveDateTime| Moment::Date(time.and_utc().timestamp_micros());
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return day.and_hms_opt(0, 0, 0).map(date);
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Some(Moment::Date(time.timestamp_micros()));
        }
        let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        naive.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(date)
    }

    /// Whether it is a date.
    pub fn is_date(self) -> bool {
        matches!(self, Moment::Date(_))
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Moment) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Moment) -> Ordering {
        match (self, other) {
            // `+ 0.0` makes the two zeros one.
            (Moment::Number(a), Moment::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Moment::Date(a), Moment::Date(b)) => a.cmp(b),
            (Moment::Number(_), Moment::Date(_)) => Ordering::Less,
            (Moment::Date(_), Moment::Number(_)) => Ordering::Greater,
        }
    }
}

/// What a column of a parquet file holds of the records of a row group; nothing where a record has none that can be read.
///
/// # Errors
/// If the column cannot be read.
pub(super) fn column(group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<Vec<Option<Moment>>> {
    let described = group.metadata().column(column).column_descr_ptr();
    let whole = unit(&described);
    let of_whole = |value: i64| match whole {
        Some((multiply, divide)) => value.checked_mul(multiply).map(|value| Moment::Date(value / divide)),
        None => Some(Moment::Number(value as f64)),
    };
    let of_float = |value: f64| value.is_finite().then_some(Moment::Number(value));
    match group.get_column_reader(column)? {
        ColumnReader::Int32ColumnReader(reader) => read(reader, rows, |value| of_whole(i64::from(*value))),
        ColumnReader::Int64ColumnReader(reader) => read(reader, rows, |value| of_whole(*value)),
        ColumnReader::Int96ColumnReader(reader) => {
            read(reader, rows, |value| Some(Moment::Date(value.to_micros())))
        }
        ColumnReader::FloatColumnReader(reader) => read(reader, rows, |value| of_float(f64::from(*value))),
        ColumnReader::DoubleColumnReader(reader) => read(reader, rows, |value| of_float(*value)),
        ColumnReader::ByteArrayColumnReader(reader) => {
            read(reader, rows, |value| std::str::from_utf8(value.data()).ok().and_then(Moment::parse))
        }
        _ => Ok(vec![None; rows]),
    }
}

/// What a whole number is multiplied with and divided by to become microseconds, where the column holds dates.
fn unit(column: &ColumnDescriptor) -> Option<(i64, i64)> {
    const DAY: i64 = 86_400_000_000;
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Date), _) | (_, ConvertedType::DATE) => Some((DAY, 1)),
        (Some(LogicalType::Timestamp(kind)), _) => Some(match kind.unit {
            TimeUnit::MILLIS => (1_000, 1),
            TimeUnit::MICROS => (1, 1),
            TimeUnit::NANOS => (1, 1_000),
        }),
        (_, ConvertedType::TIMESTAMP_MILLIS) => Some((1_000, 1)),
        (_, ConvertedType::TIMESTAMP_MICROS) => Some((1, 1)),
        _ => None,
    }
}

fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    moment: impl Fn(&T::T) -> Option<Moment>,
) -> Result<Vec<Option<Moment>>> {
    let (mut values, mut levels) = (vec![], vec![]);
    while reader.read_records(rows.max(1), Some(&mut levels), None, &mut values)?.0 > 0 {}
    if levels.is_empty() {
        return Ok(values.iter().map(moment).collect());
    }
    let top = levels.iter().copied().max().unwrap_or(0).max(1);
    let mut values = values.iter();
    Ok(levels
        .iter()
        .map(|level| (*level == top).then(|| values.next()).flatten().and_then(&moment))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_numbers_are_read_and_ordered() {
        let of = |text| Moment::parse(text).unwrap();
        assert_eq!(of("1970-01-02"), Moment::Date(86_400_000_000));
        let same =
            ["2024-05-31T12:00:00Z", "2024-05-31 12:00:00", "2024-05-31T14:00:00+02:00", "2024-05-31T12:00"];
        assert!(same.iter().all(|text| of(text) == of(same[0])), "{same:?}");
        assert!(of("2024-05-31") < of("2024-05-31T00:00:00.5"));
        assert!(of("-3.5") < of("0") && of("-0") == of("0") && of("1e3") > of("999"));
        for none in ["", "yesterday", "NaN", "inf", "2024-13-01", "31.05.2024"] {
            assert_eq!(Moment::parse(none), None, "{none}");
        }
    }
}
