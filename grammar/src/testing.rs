//! Helpers of this crate's tests.

use regimen_base::{Diagnostic, FileId};

/// The diagnostics of `text`.
pub fn diagnostics(text: &str) -> Vec<Diagnostic> {
    crate::parse(FileId(0), text).1
}

/// The codes reported for `text`, in order.
pub fn codes(text: &str) -> Vec<&'static str> {
    diagnostics(text).iter().map(|d| d.code.0).collect()
}

/// The only diagnostic of `text`.
pub fn only(text: &str) -> Diagnostic {
    let mut all = diagnostics(text);
    let got: Vec<String> = all.iter().map(|d| format!("{}: {}", d.code, d.title)).collect();
    assert_eq!(all.len(), 1, "expected one message about\n{text}\ngot {got:#?}");
    all.remove(0)
}

/// `text` after the first fix of its only diagnostic; it must then be free of mistakes.
pub fn fixed(text: &str) -> String {
    let diagnostic = only(text);
    let Some(fix) = diagnostic.fixes.first() else {
        panic!("no fix in {} {}", diagnostic.code, diagnostic.title)
    };
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut result = text.to_owned();
    for edit in edits {
        result.replace_range(edit.span.range(), &edit.replacement);
    }
    assert_eq!(codes(&result), Vec::<&str>::new(), "the fix left mistakes in\n{result}");
    result
}
