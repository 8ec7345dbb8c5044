//! What of a text the tokenizer does not know.

use crate::run::codes;
use regimen_base::Diagnostic;
use regimen_data::Tokenize;
use std::collections::BTreeSet;

/// The warning about `what` if some of its tokens are the unknown token.
pub fn unknown(tokenizer: &dyn Tokenize, what: &str, text: &str, tokens: &[u32]) -> Option<Diagnostic> {
    let id = tokenizer.unknown()?;
    let count = tokens.iter().filter(|token| **token == id).count();
    if count == 0 {
        return None;
    }
    // Where words are unknown and not characters, there are none.
    let distinct: BTreeSet<char> = text.chars().collect();
    let alone = |c: &char| tokenizer.encode(c.encode_utf8(&mut [0; 4])).is_ok_and(|ids| ids.contains(&id));
    let characters: Vec<char> = distinct.into_iter().filter(alone).collect();
    Some(codes::unknown_text(what, count, tokens.len(), &characters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::tokenizer::{Bytes, Chars};

    #[test]
    fn tells_the_characters_that_a_tokenizer_lacks() {
        let chars = Chars::new("abc".chars().collect());
        let said = |text: &str| unknown(&chars, "the prompt", text, &chars.encode(text).unwrap());
        assert_eq!(said("abcab"), None);
        let warning = said("a漢漢éb").unwrap();
        assert_eq!(warning.title, "3 of 5 tokens of the prompt are the unknown token");
        assert_eq!(warning.notes, ["The tokenizer has no token for `é`, `漢`."]);
        assert_eq!(unknown(&Bytes, "it", "漢", &Bytes.encode("漢").unwrap()), None);
    }
}
