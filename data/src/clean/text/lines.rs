//! Lines as Python's `str.splitlines` finds them, which is what the published rules were run with.

/// Whether a character ends a line.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The lines of a text without their ends; `\r\n` is one end, and no line follows the last one.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((at, end)) = rest.char_indices().find(|(_, c)| ends_line(*c)) else {
            return Some(std::mem::take(&mut rest));
        };
        let (line, after) = rest.split_at(at);
        rest = after.get(end.len_utf8()..).unwrap_or("");
        if end == '\r' {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        Some(line)
    })
}

/// Parts between runs of at least `least` line feeds; empty parts at the ends count, as in a split by a pattern.
pub(crate) fn between_feeds(text: &str, least: usize) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = vec![];
    let (mut start, mut at) = (0, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\n')) {
        let from = at + found;
        let run = bytes.get(from..).unwrap_or(&[]).iter().take_while(|b| **b == b'\n').count();
        if run >= least {
            parts.extend(text.get(start..from));
            start = from + run;
        }
        at = from + run;
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_pythons() {
        let found: Vec<&str> = lines("a\r\nb\rc\u{2028}\n\nd\n").collect();
        assert_eq!(found, ["a", "b", "c", "", "", "d"]);
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn parts_are_those_of_a_split_by_a_pattern() {
        assert_eq!(between_feeds("a\nb\n\n\nc", 2), ["a\nb", "c"]);
        assert_eq!(between_feeds("\n\na\n", 1), ["", "a", ""]);
        assert_eq!(between_feeds("", 1), [""]);
    }
}
