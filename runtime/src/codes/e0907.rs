//! E0907: the GPU's free memory is less than the plan needs.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0907"),
    title: "the GPU has too little free memory",
    page: "\
The plan says how many bytes the stage needs at its peak, and the GPU has fewer free: it is smaller than the plan's, or other
processes hold memory. Nothing has run; a run that began would have failed at its first peak.

**Fix.** `nvidia-smi` shows who holds memory. If the GPU is all yours, reduce `micro_batch` (or leave it to the compiler), or recompute
activations; `budget { memory <= … }` makes the compiler find what fits.
",
};

/// Bytes that the stage needs, that are free, and that the card has.
pub fn gpu_too_full(stage: &str, needed: u64, free: u64, total: u64) -> Diagnostic {
    let gib = |bytes: u64| format!("{:.2} GiB", bytes as f64 / f64::from(1u32 << 30));
    Diagnostic::error(
        PAGE.code,
        format!("stage `{stage}` needs {} of the GPU's memory, {} are free", gib(needed), gib(free)),
    )
    .because(format!("The plan takes {needed} bytes; {free} of the card's {total} bytes are free."))
    .help("free memory on the GPU (`nvidia-smi` shows who holds it), or plan with a smaller `micro_batch`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_exact() {
        let diagnostic = gpu_too_full("pretrain", 3 << 30, 1 << 30, 4 << 30);
        assert!(diagnostic.title.contains("needs 3.00 GiB of the GPU's memory, 1.00 GiB are free"));
        assert!(diagnostic.notes[0].contains("takes 3221225472 bytes; 1073741824"));
    }
}
