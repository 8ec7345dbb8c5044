//! E0431: no part to train on.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0431");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "no part to train on",
    page: r#"A stage trains on the part `train` of its dataset. A dataset whose `split` has no such part has nothing to train on.

```exp wrong
data odd : text { files = "a.txt", split = { learn = 90%, validation = 10% } }
stage pretrain = base with { data = odd }
```

```exp right
data odd : text { files = "a.txt", split = { train = 90%, validation = 10% } }
stage pretrain = base with { data = odd }
```
"#,
};

/// The dataset has no part `train`.
pub fn no_training_part(data: &Ident, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` has no part `train`", data.node))
        .at(data.span, "declared here")
        .also(at, "trained on")
        .help("name one part of its `split` `train`")
}
