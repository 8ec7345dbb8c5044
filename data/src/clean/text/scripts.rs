//! Scripts that are written without spaces between words.

/// Whether a character belongs to such a script: Chinese and Japanese, Thai, Lao, Khmer, Burmese, Tibetan and their neighbours. Korean is
/// written with spaces.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x0F00..=0x0FFF // Tibetan
        | 0x1000..=0x109F // Burmese
        | 0x1780..=0x17FF // Khmer
        | 0x1950..=0x19DF // Tai Le, New Tai Lue
        | 0x1A20..=0x1AAF // Tai Tham
        | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3038..=0x303B // marks that repeat, numerals
        | 0x3041..=0x30FF // Hiragana, Katakana
        | 0x31F0..=0x31FF // Katakana of Ainu
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF // Chinese characters
        | 0xFF66..=0xFF9F // Katakana of half width
        | 0x1B000..=0x1B16F // older Kana
        | 0x20000..=0x3FFFF // rarer Chinese characters
    )
}

/// Whether most letters of a text belong to such scripts.
pub(crate) fn is_mostly_unspaced(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let (mut unspaced, mut letters) = (0u64, 0u64);
    for c in text.chars() {
        unspaced += u64::from(is_unspaced(c));
        letters += u64::from(c.is_alphabetic());
    }
    unspaced * 2 > letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_apart() {
        assert!("漢かカไทยລາວខ្មែ".chars().all(is_unspaced));
        assert!(!"aÄжע한글, 。".chars().any(is_unspaced));
        assert!(
            is_mostly_unspaced("人人生而自由 (free)")
                && !is_mostly_unspaced("人 is free")
                && !is_mostly_unspaced("")
        );
    }
}
