//! E0967: the stage that a run starts from is not the one of the plan.

use super::e0955::{Difference, with_differences};
use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0967"),
    title: "the stage that a run starts from is not the one of the plan",
    page: "\
A stage with `from = pretrain.last` stands for training `pretrain` to its end and then going on with its weights. So
before it starts or goes on, the checkpoint that it starts from is compared with the plan:

- it must be finished: a stage that was interrupted or killed has not become what the experiment describes;
- it must have been trained by the same settings as the plan has now (the message lists those that differ; checkpoint policy,
  samples and the machine do not count);
- a run that goes on, or was finished, must have begun with the very weights that are there now.

**Fix.** Finish the stage, or train it again, or train the later stage again:

```
regimen run experiment.exp --stage pretrain --resume
regimen run experiment.exp --stage pretrain --fresh
regimen run experiment.exp --stage tune --fresh
```

To use weights as they are, `regimen export` them and name the folder: `weights = \"exported\"` in the model.
",
};

/// The parent has steps left to do.
pub fn parent_unfinished(stage: &str, parent: &str, step: u64) -> Diagnostic {
    let title = format!("stage `{stage}` starts from `{parent}`, which is not finished");
    Diagnostic::error(PAGE.code, title)
        .because(format!("The last checkpoint of `{parent}` is that of step {step}; more steps are planned."))
        .help(format!("finish it first: regimen run FILE --stage {parent} --resume"))
}

/// The parent was trained by other settings.
pub fn parent_of_another_plan(stage: &str, parent: &str, differences: &[Difference]) -> Diagnostic {
    let title = format!("stage `{stage}` starts from `{parent}`, which was trained by another plan");
    with_differences(Diagnostic::error(PAGE.code, title), differences)
        .help(format!("undo the change, or train it again: regimen run FILE --stage {parent} --fresh"))
}

/// The parent has other weights than those that the stage began with at `step` of the parent.
pub fn parent_replaced(stage: &str, parent: &str, step: u64) -> Diagnostic {
    let title = format!("stage `{stage}` began with weights of `{parent}` that have been replaced since");
    Diagnostic::error(PAGE.code, title)
        .because(format!("It began with those of step {step} of an earlier run of `{parent}`."))
        .help(format!("train it again: regimen run FILE --stage {stage} --fresh"))
}
