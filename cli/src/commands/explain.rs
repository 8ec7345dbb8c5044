//! `regimen explain`: the page of a code, or the list of all.

use crate::arguments::Explain;
use crate::engine;
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::pages;
use regimen_base::CodePage;
use std::fmt::Write as _;

/// Prints a page or the list. Codes of the engine are asked of the engine, if it is there.
pub fn explain(asked: &Explain, _terminal: Terminal) -> Exit {
    let own = pages::all(&[]);
    let known = asked.code.as_deref().is_some_and(|code| pages::find(&own, code).is_some());
    if !known && let Some(engine) = engine::installed() {
        let arguments = std::iter::once("explain").chain(asked.code.as_deref());
        if let Ok(exit) = engine::hand_over(&engine, arguments, None) {
            return exit;
        }
    }
    print(asked, &own)
}

/// Prints a page or the list of these pages.
pub fn print(asked: &Explain, pages: &[&'static CodePage]) -> Exit {
    let Some(code) = asked.code.as_deref() else {
        output::out(&list(pages));
        return Exit::Fine;
    };
    match pages::find(pages, code) {
        Some(page) => {
            output::out(&format!("{}: {}\n\n{}\n", page.code, page.title, page.page.trim_end()));
            Exit::Fine
        }
        None => {
            output::err(&unknown(code, pages));
            Exit::Usage
        }
    }
}

fn list(pages: &[&CodePage]) -> String {
    let mut text = String::new();
    for page in pages {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}  {}", page.code, page.title);
    }
    text
}

/// What to say about a code that does not exist; those of the same area may be what was meant.
fn unknown(code: &str, pages: &[&'static CodePage]) -> String {
    let normal = pages::normal(code);
    let mut text = format!("error: there is no code `{normal}`\n");
    let area = normal.get(..3).unwrap_or("");
    let near: Vec<&CodePage> =
        pages.iter().filter(|p| area.len() == 3 && p.code.0.starts_with(area)).copied().collect();
    if near.is_empty() {
        text.push_str("`regimen explain` lists all codes\n");
    } else {
        let _ = write!(text, "there are:\n{}", list(&near));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_answered_with_its_neighbours() {
        let pages = pages::all(&[]);
        let text = unknown("e0199", &pages);
        assert!(text.contains("no code `E0199`") && text.contains("E0101  file too large"), "{text}");
        assert!(unknown("nonsense", &pages).contains("`regimen explain` lists all"));
    }
}
