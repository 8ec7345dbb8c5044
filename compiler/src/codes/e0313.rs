//! E0313: a sweep that cannot be run.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::{Ident, Path};

/// The code.
pub const CODE: Code = Code("E0313");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a sweep that cannot be run",
    page: r#"A sweep lists the values that a field takes: `sweep lr { pretrain.optimizer.lr = [3e-4, 6e-4] }`. Lists side by side
(`mode = zip`) have the same length. No two members are the same experiment: equal values, however they are written, would train it
twice. There are at most 256 members.

```exp wrong
sweep lr { base.optimizer.lr = 3e-4 }
```

```exp right
sweep lr { base.optimizer.lr = [3e-4, 6e-4] }
```
"#,
};

/// A swept value that is no list.
pub fn not_a_list(path: &Path, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` is swept over a list of values", shown(path)))
        .at(span, "not a list")
        .help("write the values in brackets: `[a, b]`")
}

/// A list without values.
pub fn empty(path: &Path, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` is swept over no values", shown(path)))
        .at(span, "an empty list")
        .help("write at least one value, or remove the line")
}

/// A sweep over nothing.
pub fn nothing(name: &Ident) -> Diagnostic {
    Diagnostic::error(CODE, format!("sweep `{}` changes nothing", name.node))
        .at(name.span, "no field has a list of values")
        .help("name a field with its values, such as `pretrain.optimizer.lr = [3e-4, 6e-4]`, or remove the sweep")
}

/// Lists side by side that differ in length.
pub fn unequal_lengths(name: &Ident, lengths: &[usize]) -> Diagnostic {
    let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
    Diagnostic::error(
        CODE,
        format!("the lists of sweep `{}` have {} values", name.node, lengths.join(" and ")),
    )
    .at(name.span, "side by side, because of `mode = zip`")
    .help("make the lists equally long, or write `mode = product`")
}

/// Two members that are the same experiment.
pub fn equal_values(path: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{path}` is swept over equal values, which would train the same twice"))
        .at(span, "equal to an earlier value")
        .also(before, "the earlier one")
        .help("remove one of them")
}

/// More experiments than anybody reads.
pub fn too_many_members(name: &Ident, limit: usize) -> Diagnostic {
    Diagnostic::error(CODE, format!("sweep `{}` makes more than {limit} experiments", name.node))
        .at(name.span, "too many members")
        .help("shorten its lists, or split the sweep over several files")
}

fn shown(path: &Path) -> String {
    path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".")
}
