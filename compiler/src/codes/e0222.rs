//! E0222: the wrong sign.

use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::{Relation, Spanned};

/// The code.
pub const CODE: Code = Code("E0222");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "the wrong sign",
    page: r#"A field is set with `=`. A budget limits from above and is written with `<=`, so that nobody takes it for a setting.

```exp wrong
budget base { memory = 2 GiB }
```

```exp right
budget base { memory <= 2 GiB }
```
"#,
};

/// `=` where `<=` is needed, or the other way round.
pub fn wrong_relation(found: &Spanned<Relation>, wanted: &str) -> Diagnostic {
    let why = if wanted == "=" { "a field is set with `=`" } else { "a budget is a limit from above" };
    Diagnostic::error(CODE, format!("write `{wanted}` here: {why}"))
        .at(found.span, "the wrong sign")
        .help(format!("write `{wanted}`"))
        .fix(format!("write `{wanted}`"), found.span, wanted)
}
