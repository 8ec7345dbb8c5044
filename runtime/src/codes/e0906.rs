//! E0906: the GPU is not the plan's.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0906"),
    title: "the plan is for another GPU",
    page: "\
The plan was made for one kind of GPU, and this machine has another. Memory, time and money in the plan hold for that one only,
so nothing has run.

**Fix.** Plan for the GPU that is present: name its entry of the hardware catalogue in the experiment's `hardware`
block, and plan again. A card that is not
in the catalogue can be described in a hardware file of one's own, with `device` as `nvidia-smi --query-gpu=name --format=csv` prints it.
",
};

/// The plan names hardware whose cards the driver calls `planned`; this one is called `found`.
pub fn another_gpu(hardware: &str, planned: &str, found: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the plan is for `{hardware}` ({planned}), this GPU is {found}"))
        .because("What a plan says of memory, time and money holds for one kind of GPU.")
        .help("name this machine's GPU: in the experiment's `hardware` block, or with `--hardware`")
}

/// A card of the same name, or of an own catalogue, that is divided otherwise.
pub fn other_multiprocessors(hardware: &str, planned: u64, found: u64) -> Diagnostic {
    let title = format!("the plan is for `{hardware}` with {planned} multiprocessors, this GPU has {found}");
    Diagnostic::error(PAGE.code, title)
        .because("Temporary memory of the GPU's libraries depends on how many there are.")
        .help("set `multiprocessors` in the hardware's file to what this GPU has, or name another entry of the catalogue")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cards_are_named() {
        let title = another_gpu("h100_sxm", "NVIDIA H100 80GB HBM3", "NVIDIA A10").title;
        assert_eq!(title, "the plan is for `h100_sxm` (NVIDIA H100 80GB HBM3), this GPU is NVIDIA A10");
    }
}
