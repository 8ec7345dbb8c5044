//! Languages that the data engine identifies, by their codes in ISO 639-1.
//!
//! The engine holds a test that this is what it knows; the compiler does not depend on it.

/// All codes, sorted.
pub const KNOWN: &[&str] = &[
    "af", "ak", "am", "ar", "az", "be", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es",
    "et", "fa", "fi", "fr", "gu", "he", "hi", "hr", "hu", "hy", "id", "it", "ja", "jv", "ka", "km", "kn",
    "ko", "la", "lt", "lv", "mk", "ml", "mr", "my", "nb", "ne", "nl", "or", "pa", "pl", "pt", "ro", "ru",
    "si", "sk", "sl", "sn", "sr", "sv", "ta", "te", "th", "tk", "tl", "tr", "uk", "ur", "uz", "vi", "yi",
    "zh", "zu",
];

/// Names that are written instead of codes.
const NAMES: &[(&str, &str)] = &[
    ("arabic", "ar"),
    ("chinese", "zh"),
    ("dutch", "nl"),
    ("english", "en"),
    ("eng", "en"),
    ("french", "fr"),
    ("german", "de"),
    ("deu", "de"),
    ("hindi", "hi"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
];

/// The code that was probably meant: of a language written by its name, or in large letters.
pub fn named(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let by_name = NAMES.iter().find(|(name, _)| *name == lower).map(|(_, code)| *code);
    let stem = lower.split(['-', '_']).next().unwrap_or("");
    by_name.or_else(|| KNOWN.iter().copied().find(|code| *code == stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_names_lead_to_them() {
        assert!(KNOWN.windows(2).all(|w| w[0] < w[1]));
        assert!(NAMES.iter().all(|(_, code)| KNOWN.contains(code)));
        assert_eq!(named("English"), Some("en"));
        assert_eq!(named("en-GB"), Some("en"));
        assert_eq!(named("klingon"), None);
    }
}
