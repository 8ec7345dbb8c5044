//! Classes of the records of a labelled dataset: what they are called, and their numbers.

use super::Input;
use super::survey::MAX_REPORTED;
use crate::Outcome;
use crate::codes::e0576;
use regimen_base::data::Format;
use std::collections::BTreeMap;

/// The class of every record, in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// Names of classes in the order of the numbers; at first, in which they were seen.
    pub classes: Vec<String>,
    /// The number of every record's class.
    pub numbers: Vec<u32>,
    /// File and line of every record.
    places: Vec<(usize, u64)>,
    seen: BTreeMap<String, u32>,
}

impl Labels {
    /// None yet, of data in this format.
    pub(super) fn of(format: &Format) -> Option<Labels> {
        matches!(format, Format::Labelled { .. }).then(Labels::default)
    }

    /// Adds the next record's class.
    pub(super) fn push(&mut self, class: &str, place: (usize, u64)) {
        let number = match self.seen.get(class) {
            Some(number) => *number,
            None => {
                let number = self.classes.len() as u32;
                self.seen.insert(class.to_string(), number);
                self.classes.push(class.to_string());
                number
            }
        };
        self.numbers.push(number);
        self.places.push(place);
    }

    /// The same with the final numbers: of the declared classes, or of those of `train`, sorted.
    ///
    /// # Errors
    /// If a record is of another class, or there are fewer than two.
    pub(super) fn numbered(self, input: &Input, splits: &[u32]) -> Outcome<Labels> {
        let declared = match input.format() {
            Some(Format::Labelled { classes, .. }) => classes.clone(),
            _ => vec![],
        };
        let classes = if declared.is_empty() { self.trained(input, splits) } else { declared.clone() };
        if classes.len() < 2 {
            return Err(vec![e0576::too_few(&input.dataset.name, &classes)]);
        }
        let renumbered: Vec<Option<u32>> = (self.classes.iter())
            .map(|name| classes.iter().position(|class| class == name).map(|number| number as u32))
            .collect();
        let number = |seen: &u32| renumbered.get(*seen as usize).copied().flatten();
        // One message a class: its first record, and how many more there are.
        let mut wrong: BTreeMap<u32, (&(usize, u64), u64)> = BTreeMap::new();
        for (seen, place) in self.numbers.iter().zip(&self.places).filter(|(seen, _)| number(seen).is_none())
        {
            wrong.entry(*seen).or_insert((place, 0)).1 += 1;
        }
        let told: Vec<_> = wrong
            .iter()
            .take(MAX_REPORTED)
            .map(|(seen, ((file, line), records))| {
                let file = input.files.get(*file).map_or("", |f| f.name.as_str());
                let class = self.classes.get(*seen as usize).map_or("", String::as_str);
                e0576::unknown_class((file, *line), class, *records, &classes, !declared.is_empty())
            })
            .collect();
        if !told.is_empty() {
            return Err(told);
        }
        let numbers = self.numbers.iter().filter_map(number).collect();
        Ok(Labels { classes, numbers, ..Labels::default() })
    }

    /// Classes that occur in the part `train`, sorted.
    fn trained(&self, input: &Input, splits: &[u32]) -> Vec<String> {
        let train = input.dataset.splits.iter().position(|s| s.name == "train").unwrap_or(0) as u32;
        let of_train = self.numbers.iter().zip(splits).filter(|(_, split)| **split == train);
        let seen: std::collections::BTreeSet<u32> = of_train.map(|(number, _)| *number).collect();
        let mut names: Vec<String> =
            seen.iter().filter_map(|number| self.classes.get(*number as usize).cloned()).collect();
        names.sort_unstable();
        names
    }
}
