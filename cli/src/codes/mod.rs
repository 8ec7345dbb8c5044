//! Messages of the command line itself, one file per code: files that cannot be read or written, plans that are none.
//!
//! Codes E0810 to E0829 are the command line's.

pub mod e0810;
pub mod e0811;
pub mod e0812;
pub mod e0813;
pub mod e0814;
pub mod e0815;
pub mod e0816;
pub mod e0817;
pub mod e0818;
pub mod e0825;

use regimen_base::CodePage;

/// The pages, in order.
pub static ALL: &[&CodePage] = &[
    &e0810::PAGE,
    &e0811::PAGE,
    &e0812::PAGE,
    &e0813::PAGE,
    &e0814::PAGE,
    &e0815::PAGE,
    &e0816::PAGE,
    &e0817::PAGE,
    &e0818::PAGE,
    &e0825::PAGE,
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn pages_are_sorted_in_range_and_say_something() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for page in ALL {
            assert!(("E0810"..="E0829").contains(&page.code.0), "{}", page.code);
            assert!(page.page.len() > 100 && !page.title.ends_with('.'), "{}", page.code);
        }
    }
}
