//! Sentences under a diagnostic, broken into lines.

/// `  note: …`, continued under its first word; lines that are already broken stay so.
pub fn paragraph(lead: &str, text: &str, width: usize) -> String {
    let indent = " ".repeat(lead.chars().count());
    let room = width.saturating_sub(indent.len()).max(20);
    let mut out = String::new();
    for (i, line) in text.lines().flat_map(|line| broken(line, room)).enumerate() {
        out.push_str(if i == 0 { lead } else { &indent });
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Breaks at spaces; a word longer than a line stands on its own.
fn broken(line: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if used > 0 && used + length > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
        used += word.chars().count();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_and_indents_under_the_first() {
        assert_eq!(
            paragraph("note: ", "aaaa bbbb cccc dddd eeee", 26),
            "note: aaaa bbbb cccc dddd\n      eeee\n"
        );
    }

    #[test]
    fn keeps_line_breaks_and_long_words() {
        let long = "x".repeat(60);
        assert_eq!(paragraph("> ", &format!("a\n{long} b"), 30), format!("> a\n  {long}\n  b\n"));
    }
}
