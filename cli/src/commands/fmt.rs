//! `regimen fmt`: one style, no options. A file with syntax errors is left as it is.

use crate::arguments::Fmt;
use crate::codes::e0810;
use crate::exit::Exit;
use crate::files;
use crate::output::{self, Terminal};
use crate::render::Batch;
use crate::render::summary::plural;
use regimen_base::{Diagnostic, SourceMap};
use std::io::Read as _;
use std::path::Path;

/// More bytes than any experiment has; the grammar has its own, smaller limit and says more about it.
const LARGEST: u64 = 8 << 20;

/// Formats the files, or says which are not formatted.
pub fn fmt(asked: &Fmt, terminal: Terminal) -> Exit {
    let mut batches = vec![];
    let mut changed = 0;
    for path in &asked.files {
        match format_one(path, asked.check) {
            Ok(false) => {}
            Ok(true) => changed += 1,
            Err(batch) => batches.push(batch),
        }
    }
    let exit = super::report(&batches, terminal);
    if changed > 0 && !is_stdin_only(asked) {
        let verb = if asked.check { "would be formatted" } else { "formatted" };
        output::err(&format!("{} {verb}\n", plural(changed, "file")));
    }
    if asked.check && changed > 0 { exit.and(Exit::Errors) } else { exit }
}

fn is_stdin_only(asked: &Fmt) -> bool {
    asked.files.iter().all(|path| is_stdin(path))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether the file's text was not in style.
fn format_one(path: &Path, check: bool) -> Result<bool, Batch> {
    let bare = |diagnostic| Batch::bare(vec![diagnostic]);
    let text = read(path).map_err(bare)?;
    let formatted = regimen_grammar::format(&text).map_err(|diagnostics| {
        let mut sources = SourceMap::default();
        sources.add(if is_stdin(path) { "standard input".into() } else { path.display().to_string() }, &text);
        Batch { sources, diagnostics }
    })?;
    let changes = formatted != text;
    if is_stdin(path) && !check {
        output::out(&formatted);
    } else if changes && check {
        output::out(&format!("{}\n", path.display()));
    } else if changes {
        files::write(path, &formatted).map_err(bare)?;
    }
    Ok(changes)
}

fn read(path: &Path) -> Result<String, Diagnostic> {
    if !is_stdin(path) {
        return files::read(path, LARGEST);
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LARGEST).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| e0810::unreadable(Path::new("standard input"), &error))
}
