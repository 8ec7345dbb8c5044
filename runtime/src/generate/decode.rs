//! Text that grows token by token without showing half a character.

use regimen_data::Tokenize;

/// Tokens before the current one that are decoded with it: enough for a tokenizer whose spaces and
/// characters depend on the neighbours, so that the work for each token stays bounded.
const OVERLAP: usize = 16;

/// Decodes a growing list of tokens.
#[derive(Debug)]
pub struct Decoder {
    /// Tokens of the prompt.
    prompt: usize,
    /// Tokens whose text has been given out.
    shown: usize,
    text: String,
}

impl Decoder {
    /// Everything after the first `prompt` tokens is new.
    pub fn new(prompt: usize) -> Decoder {
        Decoder { prompt, shown: prompt, text: String::new() }
    }

    /// Gives out what the newest tokens add, unless they end in the middle of a character.
    pub fn advance(&mut self, tokenizer: &dyn Tokenize, all: &[u32], piece: &mut dyn FnMut(&str)) {
        let added = self.added(tokenizer, all);
        if !added.is_empty() && !added.ends_with('\u{fffd}') {
            self.give(all, &added, piece);
        }
    }

    /// Gives out the rest and returns the whole text.
    pub fn finish(mut self, tokenizer: &dyn Tokenize, all: &[u32], piece: &mut dyn FnMut(&str)) -> String {
        let added = self.added(tokenizer, all);
        self.give(all, &added, piece);
        self.text
    }

    fn give(&mut self, all: &[u32], added: &str, piece: &mut dyn FnMut(&str)) {
        if !added.is_empty() {
            piece(added);
            self.text.push_str(added);
        }
        self.shown = all.len();
    }

    /// What the tokens not yet shown add to the text of some before them.
    fn added(&self, tokenizer: &dyn Tokenize, all: &[u32]) -> String {
        let start = self.shown.saturating_sub(OVERLAP);
        let (Some(before), Some(together)) = (all.get(start..self.shown), all.get(start..)) else {
            return String::new();
        };
        let (before, together) = (tokenizer.decode(before), tokenizer.decode(together));
        match together.strip_prefix(&before) {
            Some(added) => added.to_owned(),
            // The overlap began or ended in the middle of a character: decode the new tokens alone.
            None => tokenizer.decode(all.get(self.shown.max(self.prompt)..).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::tokenizer::Bytes;

    #[test]
    fn a_character_of_several_tokens_appears_at_once() {
        let all: Vec<u32> = "aé€".bytes().map(u32::from).collect();
        let mut decoder = Decoder::new(1);
        let mut pieces = vec![];
        for end in 2..=all.len() {
            decoder.advance(&Bytes, &all[..end], &mut |p| pieces.push(p.to_owned()));
        }
        let text = decoder.finish(&Bytes, &all, &mut |p| pieces.push(p.to_owned()));
        assert_eq!(pieces, ["é", "€"]);
        assert_eq!(text, "é€");
    }

    #[test]
    fn a_text_that_stops_inside_a_character_is_given_out_at_the_end() {
        let all = [97, 0xc3];
        let mut decoder = Decoder::new(1);
        let mut shown = String::new();
        decoder.advance(&Bytes, &all, &mut |p| shown.push_str(p));
        assert_eq!(shown, "");
        assert_eq!(decoder.finish(&Bytes, &all, &mut |_| ()), "\u{fffd}");
    }

    #[test]
    fn long_texts_with_wide_characters_stay_whole() {
        let text = "日本語テキスト".repeat(10);
        let all: Vec<u32> = text.bytes().map(u32::from).collect();
        let mut decoder = Decoder::new(3);
        for end in 4..=all.len() {
            decoder.advance(&Bytes, &all[..end], &mut |_| ());
        }
        let rest = decoder.finish(&Bytes, &all, &mut |_| ());
        assert_eq!(rest, text[3..]);
    }
}
