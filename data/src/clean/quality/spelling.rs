//! Misspellings of English words, by the list of the `typos` tool: 72,000 misspellings that people make, none of them a word. What is
//! found is one; what nobody wrote before, and names, are not counted.

/// Words that can be looked up, and how many of them are listed as misspelt.
pub(super) fn count(words: &[&str]) -> (u64, u64) {
    let looked = |word: &&&str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let mut found = (0, 0);
    for word in words.iter().filter(looked) {
        found.0 += 1;
        // In capital letters stand abbreviations.
        let shouted = word.bytes().skip(1).all(|b| b.is_ascii_uppercase());
        found.1 += u64::from(!shouted && is_misspelt(word));
    }
    found
}

fn is_misspelt(word: &str) -> bool {
    // An entry without a correction is a word that the tool's users never meant.
    typos_dict::WORD.find(&word.into()).is_some_and(|corrections| !corrections.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_found_in_any_case_and_words_are_none() {
        assert_eq!(count(&["Teh", "accomodate", "seperate", "definately"]), (4, 4));
        assert_eq!(count(&["The", "accommodate", "separate", "Hamlet", "TEH", "12", "of"]), (5, 0));
    }
}
