//! E0958: the plan asks for what this runtime cannot do.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0958"),
    title: "this runtime cannot run the plan",
    page: "\
The plan is intact, but it refers to something that does not exist in it (a program, a feed, a resident tensor), or it asks
for what this version cannot do, such as several ranks. Everything is checked before the first step.

Plans come from `regimen plan` and are not written by hand; a plan made by the same version always runs.

**Fix.** Make the plan again with this version of regimen:

```
regimen plan experiment.exp --out plan.json
regimen run plan.json
```
",
};

/// `what` completes "the plan of stage … cannot be run: ".
pub fn plan_not_runnable(stage: &str, what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the plan of stage `{stage}` cannot be run: {}", what.as_ref()))
        .help("make the plan again with this version of regimen")
}
