//! E0902: the plan names an operation that this runtime does not have.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0902"),
    title: "the plan names an operation that this runtime does not have",
    page: "\
A plan is a list of instructions, each naming one operation. This one names an operation that the runtime cannot
execute, so nothing was run.

Either the plan was made by a newer version of Regimen than the one that runs it, or the file was edited by hand.

**Fix.** Plan again with this version and run that plan:

```
regimen plan experiment.exp --out plan.json
regimen run plan.json
```
",
};

/// `name` is the instruction, `op` what it asks for.
pub fn unknown_operation(name: &str, op: &str) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("`{name}` needs the operation `{op}`, which this runtime does not have"),
    )
    .because("The plan comes from another version of Regimen, or was edited.")
    .help("plan the experiment again with this version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_instruction_and_operation() {
        let diagnostic = unknown_operation("block.0.mlp", "swiglu");
        assert!(diagnostic.title.contains("`block.0.mlp`") && diagnostic.title.contains("`swiglu`"));
    }
}
