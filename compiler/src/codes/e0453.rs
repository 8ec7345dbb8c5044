//! E0453: many samples are cut.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0453");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "many samples are cut",
    page: r#"A record that is longer than `sequence`, with the marks around its text, loses its end. Where that is so for more than a tenth of the samples,
the model often judges texts whose decisive part it never sees. Short samples cost little: their padding is seen by nothing, but it is computed,
so the plan shows its share too.

**Fix.** A longer `sequence`, up to the model's context, or shorter records.
"#,
};

/// A share of the training samples is longer than the sequence; the model sees `context` tokens.
pub fn many_cut(share: f64, sequence: u64, context: u64, at: Span) -> Diagnostic {
    let help = if sequence < context {
        format!("make `sequence` longer, up to {context} tokens, or the records shorter")
    } else {
        "make the records shorter: the model sees no more than this".to_owned()
    };
    Diagnostic::warning(CODE, format!("{:.0} % of the samples are cut to {sequence} tokens", share * 100.0))
        .at(at, "the length of a sample")
        .because("What stands behind is never seen.")
        .help(help)
}
