//! E0966: the files are not those that the plan was made for.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0966"),
    title: "the data is not what the plan was made for",
    page: "\
A plan holds facts about its data and its tokenizer: number of tokens, size of the vocabulary, and a checksum of the contents.
Numbers of steps, learning rates and budgets follow from them. The files found now have other contents, or the plan was
made without looking at them and holds estimates.

The run does not start, because it would not compute what the plan promises.

**Fix.** Make the plan again, which reads the files:

```
regimen run experiment.exp
```

or bring the files back to what they were.
",
};

/// `what` is `dataset` or `tokenizer`.
pub fn data_changed(what: &str, name: &str, estimated: bool) -> Diagnostic {
    let title = if estimated {
        format!("the plan only estimates what is in {what} `{name}`")
    } else {
        format!("{what} `{name}` is not the one that the plan was made for: its contents have changed")
    };
    Diagnostic::error(PAGE.code, title)
        .because("Steps, learning rates and budgets of the plan follow from the contents.")
        .help("make the plan again, or bring the files back to what they were")
}
