//! Real mistakes, one file each under `tests/mistakes/`. A comment `# expect: E0412` stands on the line that
//! the message must point at; every expected message comes, and no other error.

mod frontend;

use frontend::{complete, render, world};
use regimen_base::Severity;
use regimen_compiler::front::{Options, load};
use std::fmt::Write;
use std::path::Path;

/// What a file expects: (line, code).
fn expected(text: &str) -> Vec<(usize, String)> {
    let mut all = vec![];
    for (i, line) in text.lines().enumerate() {
        if let Some((_, codes)) = line.split_once("# expect:") {
            all.extend(codes.split_whitespace().map(|c| (i + 1, c.trim_matches(',').to_string())));
        }
    }
    all.sort();
    all
}

#[test]
fn every_mistake_is_caught_where_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 30, "{} files", files.len());
    let mut wrong = String::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().to_string();
        let example = std::fs::read_to_string(&file).unwrap();
        let text = complete(&example);
        let set = example
            .lines()
            .filter_map(|l| l.split_once("--set ")?.1.split_once('='))
            .map(|(path, value)| (path.trim().to_string(), value.trim().to_string()))
            .collect();
        let (front, diagnostics) =
            load(&world(&text), "experiment.exp", &Options { set, ..Options::default() });
        let mut found = vec![];
        let mut shown = format!("{}\n", example.trim_end());
        for diagnostic in diagnostics.iter().filter(|d| d.code.0 != "E0504") {
            let span = diagnostic.labels.first().map(|l| l.span);
            found.push((span.map_or(0, |s| front.sources().line_column(s).0), diagnostic.code.0.to_string()));
            let _ = write!(shown, "\n{}", render(front.sources(), diagnostic));
            assert!(diagnostic.severity == Severity::Note || diagnostic.help.is_some(), "{name}: no help");
        }
        found.sort();
        if found != expected(&example) {
            let _ = writeln!(wrong, "{name}: expected {:?}, found {found:?}\n{shown}", expected(&example));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("mistake_{name}"), shown);
        });
    }
    assert!(wrong.is_empty(), "{wrong}");
}
