//! E0413: a price or power that is not known.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0413");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a price or power that is not known",
    page: r#"A limit or an assertion on cost needs the price of the hardware; on energy its power. The catalogue knows no prices: they differ.

```exp wrong
budget base { cost <= $50 }
```

```exp right
hardware paid : cpu { price = $0.40/h }
stage pretrain = base with { on = paid }
budget pretrain { cost <= $50 }
```
"#,
};

/// A limit on cost without a price.
pub fn no_price(hardware: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the cost is not known: hardware `{hardware}` has no price"))
        .at(span, "a limit on cost")
        .also(declared, "no `price`")
        .help(format!("add a price to `{hardware}`, such as `price = $2.49/gpu/h`"))
}

/// A planned cost or energy that could not be computed.
pub fn unknown_price(member: &str, stage: &str, span: Span) -> Diagnostic {
    let missing = if member == "cost" { "`price`" } else { "power (`watts` in its entry)" };
    Diagnostic::error(CODE, format!("the {member} of `{stage}` is not known"))
        .at(span, "needed here")
        .help(format!("give its hardware a {missing}"))
}
