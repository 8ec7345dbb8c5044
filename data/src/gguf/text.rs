//! What is wrong with a file, and names out of it as messages may show them.

/// Characters of a name that a message repeats.
const LONGEST: usize = 60;
/// Faults that one message lists.
const MOST: usize = 12;

/// A text from a file between backquotes: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Everything that is wrong: the first faults in words, the others counted. A file with millions costs no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    first: Vec<String>,
    more: u64,
}

impl Faults {
    pub(super) fn push(&mut self, fault: impl Into<String>) {
        if self.first.len() < MOST {
            self.first.push(fault.into());
        } else {
            self.more += 1;
        }
    }

    /// The value, if nothing is wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Faults> {
        if self.first.is_empty() { Ok(value) } else { Err(self) }
    }

    /// These and others.
    pub(super) fn and(mut self, others: Faults) -> Faults {
        self.extend(others.first);
        self.more += others.more;
        self
    }

    /// The list for a message.
    pub(super) fn listed(mut self) -> Vec<String> {
        if self.more > 0 {
            self.first.push(format!("and {} more", self.more));
        }
        self.first
    }
}

impl Extend<String> for Faults {
    fn extend<I: IntoIterator<Item = String>>(&mut self, faults: I) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }
}

impl From<String> for Faults {
    fn from(fault: String) -> Faults {
        Faults { first: vec![fault], more: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}b"), "`a\\u{1b}b`");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), LONGEST + 3);
    }

    #[test]
    fn long_lists_end_with_a_count() {
        let mut faults = Faults::default();
        assert_eq!(faults.clone().or(1), Ok(1));
        faults.extend((0..20).map(|i| i.to_string()));
        let list = faults.or(()).unwrap_err().listed();
        assert_eq!((list.len(), list.last().map(String::as_str)), (MOST + 1, Some("and 8 more")));
    }
}
