//! E0901: libtorch, or a kernel, refused a call.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0901"),
    title: "libtorch refused a call",
    page: "\
The numerical library returned an error. The message names the instruction of the plan that was running.

The usual causes, most frequent first:

- **the machine is out of memory**: other programs take what the plan needs. `regimen plan` shows the bytes at the peak;
  reduce `micro_batch`, or free memory;
- **a token or label is outside the vocabulary**: the cached tokens were made with another tokenizer, or a file was
  changed while it was read. Delete the data cache and run again;
- **another libtorch**: `LD_LIBRARY_PATH` points at a version that is not 2.11.0.

Anything else is a defect in Regimen: please report it with the message and `plan.json`.
",
};

/// `what` was attempted outside any instruction: "allocate f32[12, 64]".
pub fn library_failed(what: &str, why: &str) -> Diagnostic {
    hinted(Diagnostic::error(PAGE.code, format!("libtorch could not {what}: {why}")), why)
}

/// The instruction `name`, an `op`, failed while it ran.
pub fn instruction_failed(name: &str, op: &str, why: &str) -> Diagnostic {
    hinted(Diagnostic::error(PAGE.code, format!("`{name}` ({op}) failed: {why}")), why)
}

fn hinted(diagnostic: Diagnostic, why: &str) -> Diagnostic {
    if why.contains("out of memory") {
        diagnostic.help("free memory on this machine, or reduce `micro_batch` and plan again")
    } else if why.contains("outside 0..") || why.contains("neither -100 nor in") {
        diagnostic
            .help("delete the data cache, so that the tokens are made again with the experiment's tokenizer")
    } else {
        diagnostic.help(
            "report this with the run's `plan.json`: a plan that passed all checks should not fail here",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_memory_says_what_to_reduce() {
        let full = instruction_failed(
            "block.0.attn.q",
            "linear",
            "cannot allocate 9 bytes: the machine is out of memory",
        );
        assert!(full.title.starts_with("`block.0.attn.q` (linear) failed"));
        assert!(full.help.unwrap().contains("micro_batch"));
    }
}
