//! E0815: a stage named on the command line does not exist.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0815"),
    title: "no such stage",
    page: "\
`--stage` names a stage that the experiment does not have. The message lists those that it has.

```
regimen plan quickstart.exp --stage pretrain
```
",
};

/// There is no stage of this name among these.
pub fn unknown<'a>(name: &str, stages: impl Iterator<Item = &'a str>) -> Diagnostic {
    let stages: Vec<String> = stages.map(|stage| format!("`{stage}`")).collect();
    let diagnostic = Diagnostic::error(PAGE.code, format!("there is no stage `{name}`"));
    match stages.as_slice() {
        [] => diagnostic.help("the experiment has no stages"),
        stages => diagnostic.help(format!("the experiment has {}", stages.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_stages_that_there_are() {
        let message = unknown("pretrian", ["pretrain", "sft"].into_iter());
        assert_eq!(message.help.as_deref(), Some("the experiment has `pretrain`, `sft`"));
    }
}
