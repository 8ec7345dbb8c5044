//! Passages of the plays with the genre of each, for the example that learns to tell them.

use crate::tools::cannot;
use std::fs;
use std::path::Path;

/// Name of the file beside the plays.
pub const FILE: &str = "passages.jsonl";

/// A passage ends with the line that makes it as long as this, in bytes.
const LENGTH: usize = 240;

/// It ends before a line that would make it longer than this.
const LONGEST: usize = 360;

const HISTORIES: [&str; 10] = [
    "henry_iv_part_1",
    "henry_iv_part_2",
    "henry_v",
    "henry_vi_part_1",
    "henry_vi_part_2",
    "henry_vi_part_3",
    "henry_viii",
    "john",
    "richard_ii",
    "richard_iii",
];

const TRAGEDIES: [&str; 11] = [
    "antony_and_cleopatra",
    "coriolanus",
    "hamlet",
    "julius_caesar",
    "lear",
    "macbeth",
    "othello",
    "romeo_and_juliet",
    "timon_of_athens",
    "tragedy_of_titus_andronicus",
    "troilus_and_cressida",
];

/// The genre of a play, as the First Folio sorts them; romances are comedies there.
fn genre(play: &str) -> &'static str {
    if HISTORIES.contains(&play) {
        "history"
    } else if TRAGEDIES.contains(&play) {
        "tragedy"
    } else {
        "comedy"
    }
}

/// Writes the passages of all plays in the folder, in the order of their names.
pub fn write(plays: &Path) -> Result<usize, String> {
    let entries = fs::read_dir(plays).map_err(|e| cannot("read", plays, &e))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    let (mut out, mut count) = (String::new(), 0);
    for path in files {
        let play = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let text = fs::read_to_string(&path).map_err(|e| cannot("read", &path, &e))?;
        for passage in passages(&text) {
            let record = serde_json::json!({ "text": passage, "genre": genre(play), "play": play });
            out.push_str(&format!("{record}\n"));
            count += 1;
        }
    }
    let target = plays.join(FILE);
    fs::write(&target, out).map_err(|e| cannot("write", &target, &e))?;
    Ok(count)
}

/// Lines one after another, until they are long enough together. What comes before the first scene is no part of the play.
fn passages(text: &str) -> Vec<String> {
    let begin = text.find("SCENE").unwrap_or(0);
    let (mut all, mut passage) = (vec![], String::new());
    for line in text.get(begin..).unwrap_or("").lines().map(str::trim).filter(|line| !line.is_empty()) {
        if passage.len() + line.len() > LONGEST && !passage.is_empty() {
            all.push(std::mem::take(&mut passage));
        }
        if !passage.is_empty() {
            passage.push('\n');
        }
        passage.push_str(line);
        if passage.len() >= LENGTH {
            all.push(std::mem::take(&mut passage));
        }
    }
    if !passage.is_empty() {
        all.push(passage);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_whole_lines_without_the_list_of_persons() {
        let line = "A line of a play that is fifty-nine letters long, or so.";
        let text = format!("HAMLET\n\nPersons.\n\nSCENE I.\n\n{}", [line; 12].join("\n\n"));
        let found = passages(&text);
        assert!(found.len() > 2 && found[0].starts_with("SCENE I.\n"), "{found:?}");
        assert!(found.iter().all(|p| p.len() <= LONGEST && p.lines().all(|l| l == line || l == "SCENE I.")));
        assert_eq!(found.iter().map(|p| p.lines().count()).sum::<usize>(), 13);
    }

    #[test]
    fn every_play_has_one_genre() {
        assert_eq!(["hamlet", "john", "tempest"].map(genre), ["tragedy", "history", "comedy"]);
        assert!(HISTORIES.iter().all(|play| !TRAGEDIES.contains(play)));
    }
}
