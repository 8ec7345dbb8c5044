//! E0908: the machine's free memory is less than the plan needs.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0908"),
    title: "the machine has too little free memory",
    page: "\
The plan says how many bytes the stage needs at its peak, and this machine has fewer to give: the `memory` of the experiment's hardware is
more than there is, or other processes hold it. Nothing has run; a run that began would have been killed at its first peak.

**Fix.** Close what takes memory, reduce `micro_batch` or recompute activations. If the machine is smaller than the plan's, say so, and
the compiler finds what fits:

```
hardware laptop : cpu { memory = 16 GiB }
```
",
};

/// Bytes that the stage needs, and that processes may still take.
pub fn machine_too_full(stage: &str, needed: u64, free: u64) -> Diagnostic {
    let gib = |bytes: u64| format!("{:.2} GiB", bytes as f64 / f64::from(1u32 << 30));
    Diagnostic::error(
        PAGE.code,
        format!("stage `{stage}` needs {} of memory, {} are free", gib(needed), gib(free)),
    )
    .because(format!("The plan takes {needed} bytes; {free} bytes are free."))
    .help("free memory, or plan with a smaller `micro_batch`; `hardware … { memory = … }` says what the machine has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_exact() {
        let diagnostic = machine_too_full("pretrain", 3 << 30, 1 << 30);
        assert!(diagnostic.title.contains("needs 3.00 GiB of memory, 1.00 GiB are free"));
        assert!(diagnostic.notes[0].contains("takes 3221225472 bytes; 1073741824"));
    }
}
