//! E0216: a path that names nothing to set.

use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Path;

/// The code.
pub const CODE: Code = Code("E0216");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a path that names nothing to set",
    page: r#"`--set`, variants and sweeps set fields and `let`s: `pretrain.optimizer.lr`, `width`, `experiment.seed`,
`budget.pretrain.memory`. The path must end in a field.

```exp wrong
variant quick { base = 3 }
```

```exp right
variant quick { base.duration = 10 steps }
```
"#,
};

/// A path of a change that ends too early or too late.
pub fn not_settable(path: &Path) -> Diagnostic {
    let name = path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
    Diagnostic::error(CODE, format!("`{name}` cannot be set"))
        .at(path.span, "not a field and not a `let`")
        .because("What can be set is a field, such as `pretrain.batch`, or a `let`.")
        .help("write the path of a field")
}
