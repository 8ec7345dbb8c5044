//! E0903: an instruction that does not fit its operation.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0903"),
    title: "an instruction does not fit its operation",
    page: "\
An instruction of the plan lacks an operand or an attribute, has one of the wrong type, or uses a tensor that no
earlier instruction has made. The compiler never writes such a plan: the file was edited or damaged.

Nothing is guessed in its place, because a run must be exactly what was planned.

**Fix.** Plan again and run the new plan:

```
regimen plan experiment.exp --out plan.json
regimen run plan.json
```
",
};

/// `why` continues the sentence: "has no attribute `eps`".
pub fn malformed_instruction(name: &str, op: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{name}` ({op}) {why}"))
        .because("The compiler does not write such instructions: the plan was edited or damaged.")
        .help("plan the experiment again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_missing() {
        let diagnostic = malformed_instruction("ln_f", "layer_norm", "has no attribute `eps`");
        assert_eq!(diagnostic.title, "`ln_f` (layer_norm) has no attribute `eps`");
    }
}
