//! Codes of what may go wrong between an instruction and libtorch: one file per code.

mod e0901;
mod e0902;
mod e0903;
mod e0904;
mod e0905;
mod e0906;
mod e0907;
mod e0908;

pub use e0901::{instruction_failed, library_failed};
pub use e0902::unknown_operation;
pub use e0903::malformed_instruction;
pub use e0904::{At, memory_differs};
pub use e0905::{no_gpu, old_driver, old_gpu};
pub use e0906::{another_gpu, other_multiprocessors};
pub use e0907::gpu_too_full;
pub use e0908::machine_too_full;

use regimen_base::CodePage;

/// All pages, in order.
pub const ALL: &[CodePage] =
    &[e0901::PAGE, e0902::PAGE, e0903::PAGE, e0904::PAGE, e0905::PAGE, e0906::PAGE, e0907::PAGE, e0908::PAGE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_ordered_and_not_empty() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for page in ALL {
            assert!(page.page.len() > 200 && !page.title.ends_with('.'), "{}", page.code);
        }
    }
}
