//! Language identification by the whatlang crate: trigrams and the alphabet. What it reaches is in docs/benchmarks.md.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use regimen_base::cleaning::Language;
use std::borrow::Cow;
use whatlang::Lang;

/// Languages by their codes in ISO 639-1, sorted by code. Akan, Bokmål and Mandarin have the code of their macro-language.
pub const KNOWN: [(&str, Lang); 70] = [
    ("af", Lang::Afr),
    ("ak", Lang::Aka),
    ("am", Lang::Amh),
    ("ar", Lang::Ara),
    ("az", Lang::Aze),
    ("be", Lang::Bel),
    ("bg", Lang::Bul),
    ("bn", Lang::Ben),
    ("ca", Lang::Cat),
    ("cs", Lang::Ces),
    ("cy", Lang::Cym),
    ("da", Lang::Dan),
    ("de", Lang::Deu),
    ("el", Lang::Ell),
    ("en", Lang::Eng),
    ("eo", Lang::Epo),
    ("es", Lang::Spa),
    ("et", Lang::Est),
    ("fa", Lang::Pes),
    ("fi", Lang::Fin),
    ("fr", Lang::Fra),
    ("gu", Lang::Guj),
    ("he", Lang::Heb),
    ("hi", Lang::Hin),
    ("hr", Lang::Hrv),
    ("hu", Lang::Hun),
    ("hy", Lang::Hye),
    ("id", Lang::Ind),
    ("it", Lang::Ita),
    ("ja", Lang::Jpn),
    ("jv", Lang::Jav),
    ("ka", Lang::Kat),
    ("km", Lang::Khm),
    ("kn", Lang::Kan),
    ("ko", Lang::Kor),
    ("la", Lang::Lat),
    ("lt", Lang::Lit),
    ("lv", Lang::Lav),
    ("mk", Lang::Mkd),
    ("ml", Lang::Mal),
    ("mr", Lang::Mar),
    ("my", Lang::Mya),
    ("nb", Lang::Nob),
    ("ne", Lang::Nep),
    ("nl", Lang::Nld),
    ("or", Lang::Ori),
    ("pa", Lang::Pan),
    ("pl", Lang::Pol),
    ("pt", Lang::Por),
    ("ro", Lang::Ron),
    ("ru", Lang::Rus),
    ("si", Lang::Sin),
    ("sk", Lang::Slk),
    ("sl", Lang::Slv),
    ("sn", Lang::Sna),
    ("sr", Lang::Srp),
    ("sv", Lang::Swe),
    ("ta", Lang::Tam),
    ("te", Lang::Tel),
    ("th", Lang::Tha),
    ("tk", Lang::Tuk),
    ("tl", Lang::Tgl),
    ("tr", Lang::Tur),
    ("uk", Lang::Ukr),
    ("ur", Lang::Urd),
    ("uz", Lang::Uzb),
    ("vi", Lang::Vie),
    ("yi", Lang::Yid),
    ("zh", Lang::Cmn),
    ("zu", Lang::Zul),
];

/// Characters that are looked at; of longer texts as many from the beginning, the middle and the end together.
const LOOKED_AT: usize = 1_500;

/// The likeliest language of a text, as a code in ISO 639-1, and how sure that is, from 0 to 1.
pub fn identify(text: &str) -> Option<(&'static str, f64)> {
    let found = whatlang::detect(&excerpt(text))?;
    let code = KNOWN.iter().find(|(_, lang)| *lang == found.lang()).map(|(code, _)| *code)?;
    Some((code, found.confidence()))
}

fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= LOOKED_AT {
        return Cow::Borrowed(text);
    }
    let part = LOOKED_AT / 3;
    let middle = text.len() / 2;
    let from = |start: usize| {
        let start = (start..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text.get(start..).unwrap_or("").chars().take(part)
    };
    let end = from(text.len() - part.min(text.len()));
    Cow::Owned(from(0).chain([' ']).chain(from(middle)).chain([' ']).chain(end).collect())
}

pub(super) struct Identifier {
    is: Vec<String>,
    confidence: f64,
}

impl Identifier {
    pub(super) fn new(asked: &Language) -> Identifier {
        Identifier { is: asked.is.clone(), confidence: asked.confidence }
    }
}

impl Judge for Identifier {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let Some((code, confidence)) = identify(subject.text()) else {
            return Verdict::Drop { rule: "no language", detail: String::new() };
        };
        let detail = format!("{code} with {confidence:.2}");
        if !self.is.iter().any(|asked| asked == code) {
            return Verdict::Drop { rule: "other language", detail };
        }
        if confidence < self.confidence {
            return Verdict::Drop { rule: "language not sure", detail };
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_the_crate_has_a_code() {
        assert!(KNOWN.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(Lang::all().iter().all(|lang| KNOWN.iter().any(|(_, known)| known == lang)));
    }

    #[test]
    fn long_texts_are_looked_at_in_three_places() {
        let text = format!("{}{}", "ä".repeat(2_000), "z".repeat(3_000));
        let looked = excerpt(&text);
        assert!(looked.chars().count() <= LOOKED_AT + 2);
        assert!(looked.starts_with('ä') && looked.ends_with('z'));
    }

    #[test]
    fn languages_are_told_apart() {
        for (text, code) in [
            ("The committee decided yesterday that the new library would be opened next year.", "en"),
            (
                "Der Ausschuss hat gestern beschlossen, dass die neue Bibliothek im nächsten Jahr eröffnet wird.",
                "de",
            ),
            ("Комитет вчера решил, что новая библиотека будет открыта в следующем году.", "ru"),
            ("委員会は昨日、新しい図書館を来年開くことを決めました。", "ja"),
        ] {
            assert_eq!(identify(text).map(|(code, _)| code), Some(code), "{text}");
        }
        assert_eq!(identify("12345 !!"), None);
    }
}
