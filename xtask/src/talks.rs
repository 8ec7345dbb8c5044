//! Small conversations out of the plays: speeches that follow each other are the turns of a user and an assistant.

use crate::tools::cannot;
use std::fs;
use std::path::Path;

/// Name of the file among the plays.
pub const FILE: &str = "talks.jsonl";
/// Turns of a conversation at most.
const TURNS: usize = 4;
/// Longer speeches, in bytes, end a conversation: they are monologues.
const LONGEST: usize = 240;

/// Writes the conversations of all plays in the folder beside them.
pub fn write(folder: &Path) -> Result<(), String> {
    write_lines(folder, FILE, |play| talks(play).iter().map(|talk| record(talk)).collect())
}

/// Writes a file of lines made of all plays in the folder, in the order of their names.
pub fn write_lines(
    folder: &Path,
    file: &str,
    mut lines_of: impl FnMut(&str) -> Vec<String>,
) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| cannot("read", folder, &e))?;
    let mut plays: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    plays.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    plays.sort();
    let mut lines = String::new();
    for play in plays {
        let text = fs::read_to_string(&play).map_err(|e| cannot("read", &play, &e))?;
        for line in lines_of(&text) {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    let target = folder.join(file);
    let aside = target.with_extension("tmp");
    fs::write(&aside, lines).map_err(|e| cannot("write", &aside, &e))?;
    fs::rename(&aside, &target).map_err(|e| cannot("create", &target, &e))
}

/// The conversations of a play: an even number of speeches of changing speakers.
pub fn talks(play: &str) -> Vec<Vec<String>> {
    let mut all = vec![];
    let mut current: Vec<String> = vec![];
    let mut speaker = "";
    let play = play.replace("\r\n", "\n");
    for paragraph in play.split("\n\n").map(str::trim).filter(|p| !p.is_empty() && !p.starts_with('[')) {
        let spoken = speech(paragraph).filter(|(_, text)| text.len() <= LONGEST);
        let goes_on = spoken.as_ref().is_some_and(|(who, _)| *who != speaker);
        if !goes_on || current.len() == TURNS {
            end(&mut current, &mut all);
        }
        if let Some((who, text)) = spoken {
            speaker = who;
            current.push(text);
        }
    }
    end(&mut current, &mut all);
    all
}

/// Keeps a conversation up to its last answer.
fn end(current: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    let mut talk = std::mem::take(current);
    talk.truncate(talk.len() / 2 * 2);
    if !talk.is_empty() {
        all.push(talk);
    }
}

/// Speaker and words of a paragraph such as `HAMLET.` and lines below it, directions left out.
fn speech(paragraph: &str) -> Option<(&str, String)> {
    let (who, words) = paragraph.split_once('\n')?;
    let who = who.trim().strip_suffix('.').filter(|who| who.len() <= 24 && !who.contains(['[', ',', ':']))?;
    let words: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.starts_with('[')).collect();
    let text = words.join("\n");
    (!text.trim().is_empty()).then_some((who, text))
}

/// One line of the file.
fn record(talk: &[String]) -> String {
    let turns = ["user", "assistant"].into_iter().cycle().zip(talk);
    let messages: Vec<_> =
        turns.map(|(role, content)| serde_json::json!({ "role": role, "content": content })).collect();
    serde_json::json!({ "messages": messages }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAY: &str = "ACT I.\n\n[Enter two.]\n\nBer.\nWho's there?\n\nFran.\nNay, answer me:\n[Aside.]\nstand.\n\n[A noise.]\n\nBer.\nLong live the king!\n\nBer.\nAgain.\n\nFran.\nHe.\n";

    #[test]
    fn speeches_of_two_speakers_are_turns() {
        let found = talks(PLAY);
        assert_eq!(found, [["Who's there?", "Nay, answer me:\nstand."], ["Again.", "He."]]);
        let line = record(&found[1]);
        assert_eq!(
            line,
            r#"{"messages":[{"content":"Again.","role":"user"},{"content":"He.","role":"assistant"}]}"#
        );
    }

    #[test]
    fn monologues_end_a_conversation() {
        let long = "word ".repeat(60);
        assert!(talks(&format!("A.\n{long}\n\nB.\nYes.\n")).is_empty());
    }
}
