//! Every message about syntax: one file per code with its page, constructors and tests.

use regimen_base::CodePage;

pub(crate) mod e0101;
pub(crate) mod e0102;
pub(crate) mod e0103;
pub(crate) mod e0104;
pub(crate) mod e0105;
pub(crate) mod e0106;
pub(crate) mod e0107;
pub(crate) mod e0108;
pub(crate) mod e0109;
pub(crate) mod e0110;
pub(crate) mod e0111;
pub(crate) mod e0112;
pub(crate) mod e0113;
pub(crate) mod e0114;
pub(crate) mod e0115;
pub(crate) mod e0116;
pub(crate) mod e0117;
pub(crate) mod e0118;
pub(crate) mod e0119;
pub(crate) mod e0120;
pub(crate) mod e0121;
pub(crate) mod e0122;
pub(crate) mod e0123;
pub(crate) mod e0124;
pub mod e0125;

/// The pages of this crate, by code.
pub static ALL: &[&CodePage] = &[
    &e0101::PAGE,
    &e0102::PAGE,
    &e0103::PAGE,
    &e0104::PAGE,
    &e0105::PAGE,
    &e0106::PAGE,
    &e0107::PAGE,
    &e0108::PAGE,
    &e0109::PAGE,
    &e0110::PAGE,
    &e0111::PAGE,
    &e0112::PAGE,
    &e0113::PAGE,
    &e0114::PAGE,
    &e0115::PAGE,
    &e0116::PAGE,
    &e0117::PAGE,
    &e0118::PAGE,
    &e0119::PAGE,
    &e0120::PAGE,
    &e0121::PAGE,
    &e0122::PAGE,
    &e0123::PAGE,
    &e0124::PAGE,
    &e0125::PAGE,
];

/// The beginning of a quotation, so that a message stays one line.
fn excerpt(text: &str) -> String {
    let line = text.lines().next().unwrap_or("").trim_end();
    let mut short: String = line.chars().take(40).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_sorted_and_complete() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for page in ALL {
            assert!(page.page.contains("```exp"), "{} has no example", page.code);
            assert!(!page.title.ends_with('.'), "{}", page.code);
        }
    }

    /// Each page shows first what is wrong, then what is right.
    #[test]
    fn examples_of_the_pages_are_what_they_claim() {
        for page in ALL {
            let examples: Vec<&str> =
                page.page.split("```exp\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
            let [wrong, right] = examples[..] else { panic!("{} needs two examples", page.code) };
            // The limits cannot be exceeded on a page.
            if page.code.0 > "E0102" && page.code != e0125::PAGE.code {
                assert_eq!(crate::testing::codes(wrong), [page.code.0], "{wrong}");
            }
            assert!(crate::testing::codes(right).is_empty(), "{}: {right}", page.code);
        }
    }

    #[test]
    fn long_quotations_are_cut() {
        assert_eq!(excerpt("a = 1"), "a = 1");
        assert_eq!(excerpt("a = 1\nb = 2"), "a = 1…");
        assert_eq!(excerpt(&"x".repeat(50)).chars().count(), 41);
    }
}
