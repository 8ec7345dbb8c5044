//! Any text ends in a tree and diagnostics: no panic, bounded time, spans inside the text.

use proptest::prelude::*;
use regimen_base::{Diagnostic, FileId};
use regimen_grammar::{format, parse, parse_expression};
use std::time::{Duration, Instant};

const TOUR: &str = include_str!("tour.exp");

/// Pieces of the language and of what people take for it.
const PIECES: [&str; 40] = [
    "let ",
    "import ",
    "assert ",
    "model a : b {",
    "stage s = t with {",
    "experiment e {",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    "=",
    "<=",
    "==",
    ":",
    "\n",
    "\n  ",
    "# c\n",
    "// c\n",
    "/* ",
    "*/",
    "\"",
    "\"t\"",
    "'",
    "\\",
    "1",
    "1.",
    "50,304",
    "$",
    "%",
    "10B",
    " tokens",
    "/",
    "-",
    "not ",
    "and ",
    "é",
    "a.b ",
];

fn check(text: &str) -> Vec<Diagnostic> {
    let (_, diagnostics) = parse(FileId(0), text);
    let (_, more) = parse_expression(FileId(0), text);
    for diagnostic in diagnostics.iter().chain(&more) {
        assert!(!diagnostic.labels.is_empty() && !diagnostic.title.is_empty());
        assert!(diagnostic.help.is_some(), "{diagnostic:?} does not say what to do");
        let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in diagnostic.labels.iter().map(|label| label.span).chain(edits) {
            assert!(text.get(span.range()).is_some(), "{span:?} of {diagnostic:?} is not in {text:?}");
        }
    }
    match format(text) {
        Ok(once) => assert_eq!(format(&once), Ok(once.clone()), "{text:?} became {once:?}"),
        Err(refused) => assert_eq!(refused, diagnostics),
    }
    diagnostics
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn arbitrary_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40)) {
        check(&pieces.concat());
    }

    #[test]
    fn mutations_of_the_tour(edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, 0u8..4), 1..5)) {
        let mut text = TOUR.to_owned();
        for (index, piece, kind) in edits {
            let mut at = index.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let end = (at + piece).min(text.len());
            let end = (end..=text.len()).find(|e| text.is_char_boundary(*e)).unwrap_or(text.len());
            match kind {
                0 => text.replace_range(at..end, ""),
                1 => text.insert_str(at, PIECES[piece]),
                2 => text = [&text[..end], &text[at..]].concat(),
                _ => text.truncate(at),
            }
        }
        check(&text);
    }
}

/// One mistake costs one message and never an item that is whole.
#[test]
fn every_single_deletion_in_the_tour_leaves_the_other_items() {
    let whole = parse(FileId(0), TOUR).0.items.len();
    for (at, c) in TOUR.char_indices() {
        let mut text = TOUR.to_owned();
        text.replace_range(at..at + c.len_utf8(), "");
        let (ast, diagnostics) = parse(FileId(0), &text);
        assert!(ast.items.len() + 2 >= whole, "{} of {whole} items without byte {at}", ast.items.len());
        let titles: Vec<&str> = diagnostics.iter().map(|d| d.title.as_str()).collect();
        // A lost `[` makes settings of its elements; any other loss costs less.
        assert!(titles.len() <= 6, "byte {at}, {c:?}: {titles:#?}");
    }
}

#[test]
fn hostile_texts_end_soon() {
    let hostile = [
        "(",
        "{",
        "[",
        "({)",
        "a{",
        "a(",
        "-",
        "not ",
        "1+",
        "a.",
        "{a=",
        "[[",
        "\"",
        "'",
        "/*",
        "/*\n",
        "//",
        "\\",
        "model a : b {\n",
        "a b = ",
        "let a = [",
        "let a = b {\n",
        "1e",
        "1_",
        "$",
        "\n",
        ",",
        "a=1,",
        "a = 1\n",
        "é",
        "let a = {b = 1 c = ",
        "}",
        "\n}",
        "x = [\n",
        "stage s : t { x = 1 }\n",
        "# c\n",
        "\r",
        "a == b == ",
    ];
    for piece in hostile {
        for prefix in ["", "let a = ", "model m : gpt {\n", "let a = ["] {
            let text = prefix.to_owned() + &piece.repeat(20_000 / piece.len());
            let start = Instant::now();
            check(&text);
            let elapsed = start.elapsed();
            assert!(elapsed < Duration::from_secs(10), "{prefix:?} {piece:?} took {elapsed:?}");
        }
    }
}

#[test]
fn messages_are_bounded() {
    let text = "let a = 'b' @\n".repeat(10_000);
    assert_eq!(check(&text).len(), 101, "a hundred, and how many more there are");
}
