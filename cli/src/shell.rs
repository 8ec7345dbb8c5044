//! Commands that are shown to be copied.

/// A word as a POSIX shell reads it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=:+,%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_what_a_shell_would_take_apart_is_quoted() {
        for plain in ["a/b-1.exp", "größe.exp", "noext"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("my exp.exp"), "'my exp.exp'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
