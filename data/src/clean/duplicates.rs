//! Which units are duplicates of which: signatures of all parts are sorted column by column, and of a column never more than a share is in
//! memory. Beyond that, memory grows with the number of duplicates, not with that of units.

use super::signature::Signer;
use super::units::{Place, UnitFile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Most hashes that are sorted at a time: 16 or 24 bytes each.
const AT_A_TIME: u64 = 16 << 20;

/// A unit that goes, and where the one begins that stays for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Duplicate {
    /// Its number among all units.
    pub unit: u64,
    /// Where the first of its group begins.
    pub of: Place,
}

/// Everything that goes, in the order of the units. The first of each group stays.
///
/// # Errors
/// If the files cannot be read.
pub(crate) fn duplicates(signer: &Signer, files: &[PathBuf]) -> io::Result<Vec<Duplicate>> {
    duplicates_with(signer, files, AT_A_TIME)
}

fn duplicates_with(signer: &Signer, files: &[PathBuf], at_a_time: u64) -> io::Result<Vec<Duplicate>> {
    let files = files.iter().map(|path| UnitFile::open(path)).collect::<io::Result<Vec<_>>>()?;
    let total: u64 = files.iter().map(UnitFile::units).sum();
    let passes = total.div_ceil(at_a_time.max(1)).max(1);
    let pairs = if signer.all_columns() {
        equal(&files, passes)?
    } else {
        connected(&files, passes, signer.columns())?
    };
    with_places(&files, &pairs)
}

/// (unit, first equal unit) of all units that are equal to one before.
fn equal(files: &[UnitFile], passes: u64) -> io::Result<Vec<(u64, u64)>> {
    let mut pairs = vec![];
    for pass in 0..passes {
        let mut hashes: Vec<(u64, u64, u64)> = vec![];
        let mut first = 0;
        for file in files {
            let (high, low) = (file.column(0)?, file.column(1)?);
            let numbered = high.into_iter().zip(low).zip(first..);
            hashes
                .extend(numbered.filter(|((h, _), _)| h % passes == pass).map(|((h, l), unit)| (h, l, unit)));
            first += file.units();
        }
        hashes.par_sort_unstable();
        let mut start: Option<(u64, u64, u64)> = None;
        for hash in hashes {
            match start {
                Some((high, low, unit)) if (high, low) == (hash.0, hash.1) => pairs.push((hash.2, unit)),
                _ => start = Some(hash),
            }
        }
    }
    pairs.par_sort_unstable();
    Ok(pairs)
}

/// (unit, first unit of its group) of all units that share a column with one of their group, directly or by way of others.
fn connected(files: &[UnitFile], passes: u64, columns: usize) -> io::Result<Vec<(u64, u64)>> {
    let mut groups = Groups::default();
    for (column, pass) in (0..columns).flat_map(|column| (0..passes).map(move |pass| (column, pass))) {
        let mut keys: Vec<(u64, u64)> = vec![];
        let mut first = 0;
        for file in files {
            let numbered = file.column(column)?.into_iter().zip(first..);
            keys.extend(numbered.filter(|(key, _)| *key != UnitFile::NONE && key % passes == pass));
            first += file.units();
        }
        keys.par_sort_unstable();
        for pair in keys.windows(2) {
            if let [(a, first), (b, second)] = pair
                && a == b
            {
                groups.join(*first, *second);
            }
        }
    }
    let members: Vec<u64> = groups.0.keys().copied().collect();
    Ok(members.into_iter().map(|unit| (unit, groups.first(unit))).collect())
}

/// Groups of units; each is known by its first. A unit that is the first of its group, or alone, is not listed.
#[derive(Default)]
struct Groups(BTreeMap<u64, u64>);

impl Groups {
    fn above(&self, unit: u64) -> u64 {
        self.0.get(&unit).copied().unwrap_or(unit)
    }

    fn first(&mut self, mut unit: u64) -> u64 {
        while self.above(unit) != unit {
            // Half the way is forgotten, so that the next search is shorter.
            let next = self.above(self.above(unit));
            self.0.insert(unit, next);
            unit = next;
        }
        unit
    }

    fn join(&mut self, a: u64, b: u64) {
        let (a, b) = (self.first(a), self.first(b));
        if a != b {
            self.0.insert(a.max(b), a.min(b));
        }
    }
}

fn with_places(files: &[UnitFile], pairs: &[(u64, u64)]) -> io::Result<Vec<Duplicate>> {
    let mut wanted: Vec<u64> = pairs.iter().map(|(_, first)| *first).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut places: BTreeMap<u64, Place> = BTreeMap::new();
    let mut first = 0;
    let mut wanted = wanted.into_iter().peekable();
    for file in files {
        let end = first + file.units();
        if wanted.peek().is_some_and(|unit| *unit < end) {
            let all = file.places()?;
            while let Some(unit) = wanted.next_if(|unit| *unit < end) {
                let place = all.get((unit - first) as usize).copied();
                places.extend(place.map(|place| (unit, place)));
            }
        }
        first = end;
    }
    let found = |(unit, first): &(u64, u64)| Some(Duplicate { unit: *unit, of: *places.get(first)? });
    Ok(pairs.iter().filter_map(found).collect())
}

#[cfg(test)]
mod tests {
    use super::super::units::UnitWriter;
    use super::*;
    use regimen_base::cleaning::{Exact, Level, Step};

    fn write(
        folder: &std::path::Path,
        name: &str,
        rows: &[Option<Vec<u64>>],
        columns: usize,
        line: u64,
    ) -> PathBuf {
        let path = folder.join(name);
        let mut writer = UnitWriter::new(columns);
        rows.iter().zip(line..).for_each(|(row, line)| writer.push(Place { file: 0, line }, row.clone()));
        writer.write(&path).unwrap();
        path
    }

    #[test]
    fn the_first_of_equals_stays_however_few_fit_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::of(&Step::Exact(Exact { level: Level::Document })).unwrap();
        let sign = |text: &str| signer.sign(text);
        let files = [
            write(folder.path(), "0", &["a", "b", "a", "c"].map(sign), 2, 10),
            write(folder.path(), "1", &[], 2, 0),
            write(folder.path(), "2", &["b", "d", "a"].map(sign), 2, 20),
        ];
        let all = duplicates_with(&signer, &files, AT_A_TIME).unwrap();
        let found: Vec<(u64, u64)> = all.iter().map(|d| (d.unit, d.of.line)).collect();
        assert_eq!(found, [(2, 10), (4, 11), (6, 10)]);
        assert_eq!(duplicates_with(&signer, &files, 2).unwrap(), all);
    }

    #[test]
    fn groups_are_connected_by_any_column() {
        let folder = tempfile::tempdir().unwrap();
        let row = |a, b| Some(vec![a, b]);
        let rows = [row(1, 2), row(3, 4), None, row(5, 4), row(5, 6), None, row(7, 2)];
        let file = write(folder.path(), "0", &rows, 2, 1);
        let files = [UnitFile::open(&file).unwrap()];
        // 1–3 share a column, 3–4 another; what has no signature is like nothing.
        for passes in [1, 2, 5] {
            assert_eq!(connected(&files, passes, 2).unwrap(), [(3, 1), (4, 1), (6, 0)]);
        }
    }
}
