//! E0460: folds that do not fit.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0460");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "folds that do not fit",
    page: r#"For k-fold cross-validation a dataset says how many `folds` there are and which `fold` validates this time. The documents of the part `train`
are divided into so many equal parts; the one with this number becomes the part `validation`, the others stay `train`. A sweep over `fold`
trains once on each, and ends with the mean and the standard deviation over all of them. Parts that are to stay out of it, such as a `test` part,
are declared in `split`, beside `train`.

```exp wrong
data scenes : labelled { files = "scenes.jsonl", folds = 5, fold = 6 }
```

```exp right
data scenes : labelled { files = "scenes.jsonl", folds = 5, fold = 1 }
sweep validated { scenes.fold = [1, 2, 3, 4, 5] }
```
"#,
};

/// `fold` without `folds`.
pub fn no_folds(data: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{data}` has a fold and no folds"))
        .at(at, "which fold validates")
        .because("A fold is one of several equal parts of the data.")
        .help("say how many there are: `folds = 5`")
}

/// `folds` without `fold`.
pub fn no_fold(data: &str, of: u64, at: Span) -> Diagnostic {
    let all: Vec<String> = (1..=of.min(10)).map(|n| n.to_string()).collect();
    let all = if of > 10 { format!("{}, …", all.join(", ")) } else { all.join(", ") };
    Diagnostic::error(CODE, format!("`{data}` has {of} folds, and nothing says which validates"))
        .at(at, "the number of folds")
        .because("One run trains on all folds but one.")
        .help(format!(
            "name one, `fold = 1`, or train once on each: `sweep validated {{ {data}.fold = [{all}] }}`"
        ))
}

/// There are fewer folds.
pub fn beyond(fold: u64, of: u64, at: Span, folds: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("there is no fold {fold}"))
        .at(at, "which fold validates")
        .also(folds, format!("there are {of}"))
        .help(format!("folds are numbered from 1 to {of}"))
}

/// `validation` is declared and made of a fold.
pub fn twice(at: Span, folds: Span) -> Diagnostic {
    Diagnostic::error(CODE, "the part `validation` is declared twice")
        .at(at, "here it has a share")
        .also(folds, "and here it is one of the folds")
        .help("leave it out of `split`, or call the part that no fold touches `test`")
}

/// There is nothing to divide into folds.
pub fn no_train(at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, "folds need a part `train`")
        .at(at, "the documents of `train` are divided")
        .also(declared, "has other parts only")
        .help("call the part that is divided `train`")
}
