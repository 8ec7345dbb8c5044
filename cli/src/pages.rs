//! All error codes of this program, from the crates that report them.

use regimen_base::CodePage;

/// Every page, in the order of the codes. `more` are pages of crates that only the engine has.
pub fn all(more: &[&'static CodePage]) -> Vec<&'static CodePage> {
    let mut pages: Vec<&CodePage> = vec![];
    pages.extend(regimen_grammar::codes::ALL);
    pages.extend(regimen_compiler::codes::ALL);
    pages.extend(regimen_data::codes::ALL);
    pages.extend(crate::codes::ALL);
    pages.extend(more);
    pages.sort_by_key(|page| page.code);
    pages
}

/// The page of a code, which may be written in small letters and without its leading zero: `e412`.
pub fn find(pages: &[&'static CodePage], asked: &str) -> Option<&'static CodePage> {
    let asked = normal(asked);
    pages.iter().find(|page| page.code.0 == asked).copied()
}

/// A code as it is spelt: `E0412`.
pub fn normal(asked: &str) -> String {
    let digits = asked.trim().trim_start_matches(['E', 'e']);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return asked.trim().to_string();
    }
    format!("E{digits:0>4}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let pages = all(&[]);
        assert!(pages.len() > 50);
        for pair in pages.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} is used twice", pair[0].code);
        }
    }

    #[test]
    fn codes_may_be_written_carelessly() {
        let pages = all(&[]);
        for asked in ["E0101", "e0101", "0101", "101", " E101 "] {
            assert_eq!(find(&pages, asked).map(|p| p.code.0), Some("E0101"), "{asked:?}");
        }
        assert!(find(&pages, "E9999").is_none() && find(&pages, "").is_none() && find(&pages, "é").is_none());
    }
}
