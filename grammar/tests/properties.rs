//! For generated files: printing and parsing agree, and the formatter changes neither tree nor comments.

mod common;

use common::{generate, print, shape};
use proptest::prelude::*;
use regimen_base::FileId;
use regimen_grammar::{format, parse};

/// The comments of a text, found without the crate's own scanner: the printer's comments have a fixed form.
fn comments(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .match_indices("# c")
        .filter_map(|(at, _)| text[at..].lines().next())
        .filter(|line| line.ends_with("{ \" ["))
        .map(str::to_owned)
        .collect();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_parsed(ast in generate::ast(), seed in any::<u64>()) {
        let (text, _) = print::sprinkled(&ast, seed);
        let (parsed, diagnostics) = parse(FileId(0), &text);
        prop_assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{text}");
        prop_assert_eq!(shape::of(&parsed), shape::of(&ast), "{}", text);
    }

    #[test]
    fn formatting_keeps_the_tree_and_the_comments_and_is_idempotent(ast in generate::ast(), seed in any::<u64>()) {
        let (text, count) = print::sprinkled(&ast, seed);
        let once = format(&text);
        prop_assert!(once.is_ok(), "{text}");
        let once = once.unwrap_or_default();
        let (parsed, diagnostics) = parse(FileId(0), &once);
        prop_assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{text}\nbecame\n{once}");
        prop_assert_eq!(shape::of(&parsed), shape::of(&ast), "{}\nbecame\n{}", text, once);
        prop_assert_eq!(comments(&once), comments(&text), "{}\nbecame\n{}", text, once);
        prop_assert!(comments(&once).len() == count);
        prop_assert_eq!(format(&once), Ok(once.clone()), "{}\nbecame\n{}", text, once);
        prop_assert!(!once.contains("\n\n\n") && once.lines().all(|line| line.trim_end() == line));
    }
}
