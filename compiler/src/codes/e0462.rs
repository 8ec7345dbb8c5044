//! E0462: sources that cannot be mixed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0462");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "sources that cannot be mixed",
    page: r#"The sources of a mix are drawn from in turn, as samples of one kind: all text, or all conversations under the same chat template and
with the same turns as labels. Their weights are either shares, 100 % together, or epochs; a mix inside a mix has weights of the same kind and
no temperature of its own, because its sources stand side by side with the others. Parts that follow each other in time (`ordered_by`) are
not mixed yet. A `split` of a mix divides the sources that have none of their own, so there must be one.

```exp wrong
data a : text { files = "a.txt" }
data b : text { files = "b.txt" }
data both : mix { sources = { a = 50%, b = 2 epochs } }
```

```exp right
data a : text { files = "a.txt" }
data b : text { files = "b.txt" }
data both : mix { sources = { a = 1 epochs, b = 2 epochs } }
```
"#,
};

/// Weights of two kinds.
pub fn shares_and_epochs(at: Span) -> Diagnostic {
    Diagnostic::error(CODE, "some sources have shares, others epochs")
        .at(at, "of the other kind")
        .because("Shares say how the tokens of a run are divided; epochs, how often each source is seen in one epoch of the mix.")
        .help("give all sources shares, or all of them epochs")
}

/// An inner mix with weights of its own kind.
pub fn other_weights(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the weights of `{name}` have no meaning in this mix"))
        .at(at, "a mix with weights of another kind, or with a temperature")
        .because("Its sources stand side by side with the others, each with the product of both weights.")
        .help("name the sources of the inner mix here, with their weights")
}

/// A source that is divided by time.
pub fn ordered(name: &str, at: Span, ordered: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{name}` is divided by time, and part of a mix"))
        .at(at, "part of a mix")
        .also(ordered, "its parts follow each other")
        .help("leave out `ordered_by`, or train on the source alone")
}

/// A source of another kind.
pub fn other_kind(first: &str, other: &str, why: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{other}` cannot be mixed with `{first}`"))
        .at(at, why.to_string())
        .because("All sources of a mix are read in the same way: as text, or as conversations under one chat template.")
        .help("mix sources of one kind; give conversations the same `chat_template` and `train_on`")
}

/// A split that no source takes.
pub fn nothing_to_divide(mix: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the `split` of `{mix}` divides nothing"))
        .at(at, "every source has a `split` of its own")
        .because("A source that is divided keeps its parts, so that `source.validation` is the same in the mix as alone.")
        .help("leave out this `split`, or those of the sources")
}

/// One source, divided in two ways.
pub fn two_divisions(source: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{source}` comes from two mixes that divide it differently"))
        .at(at, "both are part of this mix")
        .help(format!("give `{source}` a `split` of its own"))
}
