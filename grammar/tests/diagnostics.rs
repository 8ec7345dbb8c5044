//! What the user sees for every kind of mistake: one file in `bad/`, one snapshot with its source.

use regimen_base::{Diagnostic, FileId, SourceMap};
use std::fmt::Write as _;
use std::path::Path;

/// Code, title, place, notes, help and fixes as plain text.
fn rendered(diagnostic: &Diagnostic, sources: &SourceMap) -> Result<String, std::fmt::Error> {
    let mut out = format!("{} {}\n", diagnostic.code, diagnostic.title);
    for label in &diagnostic.labels {
        let (line, column) = sources.line_column(label.span);
        writeln!(out, "  {line}:{column} `{}` {}", sources.slice(label.span).escape_debug(), label.text)?;
    }
    for note in &diagnostic.notes {
        writeln!(out, "  note: {note}")?;
    }
    if let Some(help) = &diagnostic.help {
        writeln!(out, "  help: {help}")?;
    }
    for fix in &diagnostic.fixes {
        writeln!(out, "  fix: {}", fix.title)?;
    }
    Ok(out)
}

#[test]
fn every_bad_file_has_its_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut sources = SourceMap::default();
        let file: FileId = sources.add(name.clone(), text.clone());
        let diagnostics = regimen_grammar::parse(file, &text).1;
        assert!(!diagnostics.is_empty(), "{name} has no mistake");
        let messages: Vec<String> = diagnostics.iter().map(|d| rendered(d, &sources).unwrap()).collect();
        insta::assert_snapshot!(name, format!("{text}\n----\n{}", messages.join("\n")));
    }
}
