//! Codes of everything that may go wrong while a plan runs: one file per code, with its page and its
//! constructors.

mod e0950;
mod e0951;
mod e0952;
mod e0953;
mod e0954;
mod e0955;
mod e0956;
mod e0957;
mod e0958;
mod e0959;
mod e0960;
mod e0961;
mod e0962;
mod e0963;
mod e0964;
mod e0965;
mod e0966;
mod e0967;
mod e0968;
mod e0970;
mod e0971;
mod e0972;

pub use e0950::checkpoint_not_written;
pub use e0951::{checkpoint_damaged, checkpoint_skipped};
pub use e0952::{checkpoints_lost, no_usable_checkpoint};
pub use e0953::folder_in_use;
pub use e0954::run_exists;
pub use e0955::{Difference, resume_refused};
pub use e0956::{not_finite_metric, not_finite_weight};
pub use e0957::peak_differs;
pub use e0958::plan_not_runnable;
pub use e0959::run_folder_failed;
pub use e0960::tensors_differ;
pub use e0961::{
    exchange_failed, export_exists, export_failed, no_generator, not_computed, tokenizer_not_exported,
};
pub use e0962::metrics_short;
pub use e0963::{generation_failed, prompt_cut, prompt_empty};
pub use e0964::checkpoint_of_another_model;
pub use e0965::another_machine;
pub use e0966::data_changed;
pub use e0967::{parent_of_another_plan, parent_replaced, parent_unfinished};
pub use e0968::sampling_refused;
pub use e0970::model_not_usable;
pub use e0971::{cache_refused, nothing_to_predict, windows_refused};
pub use e0972::unknown_text;

use regimen_base::{CodePage, Diagnostic};

/// All pages, in order.
pub const ALL: &[CodePage] = &[
    e0950::PAGE,
    e0951::PAGE,
    e0952::PAGE,
    e0953::PAGE,
    e0954::PAGE,
    e0955::PAGE,
    e0956::PAGE,
    e0957::PAGE,
    e0958::PAGE,
    e0959::PAGE,
    e0960::PAGE,
    e0961::PAGE,
    e0962::PAGE,
    e0963::PAGE,
    e0964::PAGE,
    e0965::PAGE,
    e0966::PAGE,
    e0967::PAGE,
    e0968::PAGE,
    e0970::PAGE,
    e0971::PAGE,
    e0972::PAGE,
];

/// Whether a run was refused before anything was computed, because of what an earlier one has left.
pub fn is_refusal(diagnostic: &Diagnostic) -> bool {
    let pages = [e0952::PAGE, e0953::PAGE, e0954::PAGE, e0955::PAGE, e0967::PAGE];
    pages.iter().any(|page| page.code == diagnostic.code)
}

/// "a, b, c and 4 more": a list that stays readable however long it is.
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{}`", n.as_ref())).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_the_range_of_running_ordered_and_not_empty() {
        for pair in ALL.windows(2) {
            assert!(pair[0].code < pair[1].code);
        }
        for page in ALL {
            assert!(("E0950"..="E0999").contains(&page.code.0), "{}", page.code);
            assert!(!page.title.ends_with('.') && page.page.len() > 200, "{}", page.code);
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
        assert!(listed(&names).ends_with("`7` and 2 more"));
        assert_eq!(listed(&["a", "b"]), "`a`, `b`");
    }
}
