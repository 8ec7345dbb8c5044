//! E0972: text that the tokenizer does not know.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0972"),
    title: "text that the tokenizer does not know",
    page: "\
The tokenizer has no token for parts of the text and reads each of them as its unknown token. The model sees that something was there but
not what; a `chars` tokenizer knows only the characters of the text that it was made of. Answers will not refer to these parts, and a
perplexity of such a text is not comparable with that of another tokenizer: what is unknown is easily predicted.

**Fix.** Write the text with characters that the tokenizer knows, or train with one that knows every text: `bytes`, or `bpe`.
",
};

/// How many are shown.
const SHOWN: usize = 8;

/// `unknown` of the tokens of `what` are the unknown token; `characters` are those that it was for, as far as they are known.
pub fn unknown_text(what: &str, unknown: usize, tokens: usize, characters: &[char]) -> Diagnostic {
    let verb = if unknown == 1 { "is" } else { "are" };
    let title = format!("{unknown} of {tokens} tokens of {what} {verb} the unknown token");
    let warning = Diagnostic::warning(PAGE.code, title);
    if characters.is_empty() {
        return warning;
    }
    let shown: Vec<String> =
        characters.iter().take(SHOWN).map(|c| format!("`{}`", c.escape_debug())).collect();
    let more = if characters.len() > SHOWN {
        format!(" and {} more", characters.len() - SHOWN)
    } else {
        String::new()
    };
    warning.because(format!("The tokenizer has no token for {}{more}.", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shows_some() {
        let many: Vec<char> = ('a'..='l').collect();
        let warning = unknown_text("the prompt", 12, 20, &many);
        assert_eq!(warning.title, "12 of 20 tokens of the prompt are the unknown token");
        assert!(warning.notes[0].ends_with("`h` and 4 more."), "{:?}", warning.notes);
        assert!(unknown_text("it", 1, 2, &[]).notes.is_empty());
    }
}
