//! Error codes of the compiler, one file each: the page, the constructor, and tests.

pub mod e0601;
pub mod e0701;
pub mod e0702;
pub mod e0710;
pub mod e0801;

use regimen_base::CodePage;

/// The pages of all codes of the compiler, in order.
pub static ALL: &[&CodePage] = &[&e0601::PAGE, &e0701::PAGE, &e0702::PAGE, &e0710::PAGE, &e0801::PAGE];
