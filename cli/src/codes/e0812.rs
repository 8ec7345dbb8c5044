//! E0812: a plan file is not one that can be executed.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0812"),
    title: "not a plan that can be executed",
    page: "\
`regimen run` was given a `.json` file that is not a plan of this version of Regimen, or that was changed after it was
made. A plan carries the hash of its content, because everything in it was proved together: edit the experiment and plan
again.

```
regimen plan quickstart.exp --out plan.json
regimen run plan.json
```
",
};

/// The file is not a usable plan, for a reason in one sentence.
pub fn unusable(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` cannot be executed: {why}", path.display()))
        .help("make it again with `regimen plan FILE --out plan.json`")
}

/// `--set` and `--variant` change source text, which a plan no longer has.
pub fn changed(path: &Path) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("`{}` is a plan: `--set` and `--variant` cannot change it", path.display()),
    )
    .because("A plan is what was proved from the experiment; a change needs a new proof.")
    .help("give the experiment instead of the plan, or plan again with the change")
}

/// A plan where an experiment is expected.
pub fn not_an_experiment(path: &Path) -> Diagnostic {
    let name = path.display();
    Diagnostic::error(PAGE.code, format!("`{name}` is a plan or other JSON, not an experiment"))
        .because("A plan was checked when it was made; what is checked, planned and shown is the experiment.")
        .help(format!(
            "run a plan with `regimen run {name}`, or give the experiment, a file that ends in `.exp`"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why() {
        let message = unusable(Path::new("a.json"), "this is not a plan: EOF");
        assert!(message.title.ends_with("this is not a plan: EOF"), "{}", message.title);
        assert!(changed(Path::new("a.json")).title.contains("`--set`"));
    }
}
