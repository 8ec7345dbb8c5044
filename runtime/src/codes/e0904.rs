//! E0904: the memory in use is not what the plan says.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0904"),
    title: "the memory in use differs from the plan",
    page: "\
With memory checking on, the runtime compares the bytes that the allocator counts with the plan after every
instruction: how many are alive, and how many were alive at most while it ran. The first instruction that
differs is named, with both numbers.

Planned and measured memory are equal to the byte by design, so a difference is a defect: an operation with a wrong
workspace formula, a tensor freed too late, or tensors in the process that do not belong to the plan. It cannot be
caused by an experiment.

**Fix.** Please report it with `plan.json` and this message. The run is correct without the check; only the promise
about memory does not hold.
",
};

/// Where in the program a difference appeared: the index of the instruction, its name and its operation.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Position in the program's list.
    pub index: usize,
    /// `block.3.attn.q`.
    pub name: &'a str,
    /// `linear`.
    pub op: &'a str,
}

/// `what` is "alive after" or "peak during"; numbers in bytes.
pub fn memory_differs(program: &str, at: Option<At>, what: &str, planned: u64, measured: i64) -> Diagnostic {
    let place = match at {
        Some(At { index, name, op }) => format!("instruction {index}, `{name}` ({op})"),
        None => "its first instruction".to_owned(),
    };
    let difference = i128::from(measured) - i128::from(planned);
    Diagnostic::error(
        PAGE.code,
        format!(
            "program `{program}`: bytes {what} {place} are {measured}, planned {planned} ({difference:+})"
        ),
    )
    .because(
        "Planned and measured memory must be equal to the byte; this is the first instruction that differs.",
    )
    .help("report this with the run's `plan.json`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_both_numbers_and_the_difference() {
        let at = At { index: 7, name: "loss", op: "cross_entropy" };
        let diagnostic = memory_differs("micro_step", Some(at), "at the peak of", 101, 100);
        assert!(diagnostic.title.contains("instruction 7, `loss` (cross_entropy) are 100, planned 101 (-1)"));
    }
}
