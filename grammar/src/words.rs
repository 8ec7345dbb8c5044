//! The words of the language and the distance between words, for "did you mean".

/// Words that cannot be names or units.
pub const KEYWORDS: [&str; 10] =
    ["and", "or", "not", "with", "as", "true", "false", "import", "let", "assert"];

/// Words that begin an item. The compiler knows the kinds of blocks best; here they serve suggestions only.
pub const ITEMS: [&str; 12] = [
    "assert",
    "budget",
    "cluster",
    "data",
    "experiment",
    "import",
    "let",
    "model",
    "stage",
    "sweep",
    "tokenizer",
    "variant",
];

/// Whether `word` cannot be a name.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Whether `text` can be a name: ASCII letters, digits and underscores, not beginning with a digit.
pub fn is_name(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    begins && text.chars().all(is_name_char) && !is_keyword(text)
}

/// Whether `c` can stand inside a name.
pub fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A name made of `text`: other characters become underscores.
pub fn as_name(text: &str) -> String {
    let mut name: String = text.chars().map(|c| if is_name_char(c) { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || is_keyword(&name) {
        name.insert(0, '_');
    }
    name
}

/// The item word that `word` is probably a misspelling of.
pub fn nearest_item(word: &str) -> Option<&'static str> {
    if word.len() > 16 || ITEMS.contains(&word) {
        return None;
    }
    let allowed = if word.len() <= 4 { 1 } else { 2 };
    ITEMS
        .into_iter()
        .map(|item| (distance(word, item), item))
        .filter(|(steps, _)| *steps <= allowed)
        .min()
        .map(|(_, item)| item)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_items_are_recognised() {
        assert_eq!(nearest_item("imprt"), Some("import"));
        assert_eq!(nearest_item("asert"), Some("assert"));
        assert_eq!(nearest_item("lte"), Some("let"));
        assert_eq!(nearest_item("stgae"), Some("stage"));
        assert_eq!(nearest_item("layers"), None);
        assert_eq!(nearest_item("model"), None);
    }

    #[test]
    fn any_text_becomes_a_name() {
        for text in ["gpt2-medium", "4k", "größe", "let", "a b", ""] {
            assert!(is_name(&as_name(text)), "{text} became {}", as_name(text));
        }
    }
}
