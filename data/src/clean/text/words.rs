//! Words by the rules of spaCy's blank English tokenizer (explosion/spaCy: spacy/lang/punctuation.py, spacy/lang/char_classes.py,
//! spacy/lang/en/tokenizer_exceptions.py), which the published quality rules were run with: white space separates; punctuation at
//! the ends of what stands between becomes words of its own; contractions and abbreviations are listed; hyphens, slashes and the
//! like between letters separate. A text that is mostly written without spaces between words is divided by Unicode's rules instead
//! (UAX 29); where such writing only occurs in other text, it is not divided further, as in spaCy.

use super::punctuation::is_terminal;
use super::scripts::is_mostly_unspaced;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::with_capacity(text.len() / 5);
    if is_mostly_unspaced(text) {
        // Words of UAX 29: a Chinese character, a run of Katakana, a word of other letters.
        out.extend(text.split_word_bounds().filter(|word| !word.trim().is_empty()));
        return out;
    }
    for chunk in text.split_whitespace() {
        if chunk.bytes().all(|b| b.is_ascii_alphabetic()) && chunk.len() > 8 {
            out.push(chunk);
        } else {
            divide(chunk, &mut out);
        }
    }
    out
}

/// The number of sentences that these words are: one ends with terminal punctuation, the next begins with what is none.
pub(crate) fn sentences(words: &[&str]) -> u64 {
    let mut count = u64::from(!words.is_empty());
    let mut ended = false;
    for word in words {
        let terminal = single(word).is_some_and(is_terminal);
        if terminal {
            ended = true;
        } else if ended && !is_punctuation(word) {
            count += 1;
            ended = false;
        }
    }
    count
}

fn single(word: &str) -> Option<char> {
    let mut chars = word.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn is_punctuation(word: &str) -> bool {
    word.chars().all(|c| match c {
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => false,
        c if c.is_ascii() => c.is_ascii_punctuation(),
        c => c.general_category_group() == GeneralCategoryGroup::Punctuation,
    })
}

/// Divides what stands between spaces.
fn divide<'a>(chunk: &'a str, out: &mut Vec<&'a str>) {
    let mut rest = chunk;
    // Where the words after `rest` begin and end, the last first.
    let mut after: Vec<&'a str> = vec![];
    while !rest.is_empty() {
        if special(rest, out) {
            rest = "";
            break;
        }
        let before = prefix(rest);
        if before > 0 && is_special(rest.get(before..).unwrap_or("")) {
            out.extend(rest.get(..before));
            rest = rest.get(before..).unwrap_or("");
            continue;
        }
        let behind = suffix(rest);
        let end = rest.len() - behind;
        if behind > 0 && is_special(rest.get(..end).unwrap_or("")) {
            after.extend(rest.get(end..));
            rest = rest.get(..end).unwrap_or("");
            continue;
        }
        match (before, behind) {
            (0, 0) => break,
            (_, 0) => {
                out.extend(rest.get(..before));
                rest = rest.get(before..).unwrap_or("");
            }
            (0, _) => {
                after.extend(rest.get(end..));
                rest = rest.get(..end).unwrap_or("");
            }
            _ if before + behind <= rest.len() => {
                out.extend(rest.get(..before));
                after.extend(rest.get(end..));
                rest = rest.get(before..end).unwrap_or("");
            }
            _ => {
                out.extend(rest.get(..before));
                rest = rest.get(before..).unwrap_or("");
            }
        }
    }
    if !rest.is_empty() {
        inside(rest, out);
    }
    out.extend(after.into_iter().rev());
}

/// Bytes of what is cut off at the beginning.
fn prefix(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    let next = text.get(first.len_utf8()..).and_then(|t| t.chars().next());
    match first {
        '.' => {
            let dots = text.bytes().take_while(|b| *b == b'.').count();
            if dots > 1 { dots } else { 0 }
        }
        '+' => usize::from(!next.is_some_and(|c| c.is_ascii_digit())),
        '§' | '%' | '=' | '—' | '–' => first.len_utf8(),
        c if is_listed(c) || is_quote(c) || is_currency(c) || is_icon(c) => c.len_utf8(),
        'U' if text.starts_with("US$") => 3,
        'C' | 'A' if next == Some('$') => 2,
        _ => 0,
    }
}

/// Bytes of what is cut off at the end.
fn suffix(text: &str) -> usize {
    let mut back = text.chars().rev();
    let Some(last) = back.next() else { return 0 };
    let before = back.next();
    match (before, last) {
        (Some(quote @ ('\'' | '’')), 's' | 'S') => return quote.len_utf8() + 1,
        (Some('.'), '.') => return text.bytes().rev().take_while(|b| *b == b'.').count(),
        (Some(c), '.') if closes_before_dot(c, back.next()) => return 1,
        (Some(c), '+') if c.is_ascii_digit() => return 1,
        (Some(c), last) if c.is_ascii_digit() && is_currency(last) => return last.len_utf8(),
        _ => {}
    }
    if last == '—' || last == '–' || is_listed(last) || is_quote(last) || is_icon(last) {
        return last.len_utf8();
    }
    unit(text)
}

/// Whether a full stop after these characters is one, and no part of an abbreviation.
fn closes_before_dot(c: char, before: Option<char>) -> bool {
    let plain = c.is_ascii_digit()
        || c.is_lowercase()
        || matches!(c, '%' | '²' | '-' | '+' | '|')
        || is_listed(c)
        || is_quote(c)
        || is_caseless(c);
    plain || (is_upper(c) && before.is_some_and(is_upper))
}

/// Units that are cut off after a digit.
const UNITS: [&str; 48] = [
    "km", "km²", "km³", "m", "m²", "m³", "dm", "dm²", "dm³", "cm", "cm²", "cm³", "mm", "mm²", "mm³", "ha",
    "µm", "nm", "yd", "in", "ft", "kg", "g", "mg", "µg", "t", "lb", "oz", "m/s", "km/h", "kmh", "mph", "hPa",
    "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "T", "G", "M", "K", "%",
];

fn unit(text: &str) -> usize {
    let start = text.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    let end = text.get(start..).unwrap_or("");
    if start > 0 && UNITS.contains(&end) { end.len() } else { 0 }
}

/// Divides at what separates inside a word.
fn inside<'a>(text: &'a str, out: &mut Vec<&'a str>) {
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) || is_address(text) {
        out.push(text);
        return;
    }
    let mut start = 0;
    let mut before: Option<char> = None;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|t| t.chars().next()) {
        let length = separator(text, at, c, before);
        if length == 0 {
            at += c.len_utf8();
            before = Some(c);
            continue;
        }
        let end = at + length;
        if at > start {
            out.extend(text.get(start..at));
            out.extend(text.get(at..end));
            start = end;
        }
        before = text.get(..end).and_then(|t| t.chars().next_back());
        at = end;
    }
    out.extend(text.get(start..).filter(|rest| !rest.is_empty()));
}

/// Bytes of the separator at a place inside a word; 0 if there is none.
fn separator(text: &str, at: usize, c: char, before: Option<char>) -> usize {
    let rest = text.get(at..).unwrap_or("");
    let next_after = |length: usize| rest.get(length..).and_then(|t| t.chars().next());
    let next = next_after(c.len_utf8());
    let word_before = before.is_some_and(|b| b.is_alphabetic() || b.is_ascii_digit());
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    match c {
        '.' => {
            let dots = rest.bytes().take_while(|b| *b == b'.').count();
            let lower = before.is_some_and(|b| b.is_lowercase() || is_caseless(b) || is_quote(b));
            let upper = next.is_some_and(|n| is_upper(n) || is_caseless(n) || is_quote(n));
            if dots > 1 { dots } else { usize::from(lower && upper) }
        }
        '…' => c.len_utf8(),
        ',' => usize::from(before.is_some_and(char::is_alphabetic) && letter(next)),
        '-' | '—' => {
            let operator = c == '-'
                && before.is_some_and(|b| b.is_ascii_digit())
                && next.is_some_and(|n| n.is_ascii_digit() || n == '-');
            if operator {
                return 1;
            }
            let most = if c == '-' { 3 } else { 2 };
            let run = rest.chars().take_while(|r| *r == c).count();
            let length = run * c.len_utf8();
            if word_before && run <= most && letter(next_after(length)) { length } else { 0 }
        }
        '–' | '~' | ':' | '<' | '>' | '=' | '/' if word_before && letter(next) => c.len_utf8(),
        '+' | '*' | '^'
            if before.is_some_and(|b| b.is_ascii_digit())
                && next.is_some_and(|n| n.is_ascii_digit() || n == '-') =>
        {
            1
        }
        c if is_icon(c) => c.len_utf8(),
        _ => 0,
    }
}

/// Whether this is an address of the internet, which is not divided.
fn is_address(text: &str) -> bool {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => {
            (!scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()), rest)
        }
        None => (true, text),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let last = host.rsplit('.').next().unwrap_or("");
    let named = last.chars().count() >= 2 && last.chars().all(|c| c.is_alphabetic() && !c.is_uppercase());
    scheme && host.contains('.') && named && host.split('.').all(part)
}

/// Punctuation that is cut off at both ends.
fn is_listed(c: char) -> bool {
    matches!(
        c,
        '…' | ','
            | ':'
            | ';'
            | '!'
            | '?'
            | '¿'
            | '؟'
            | '¡'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '_'
            | '#'
            | '*'
            | '&'
            | '。'
            | '？'
            | '！'
            | '，'
            | '、'
            | '；'
            | '：'
            | '～'
            | '·'
            | '।'
            | '،'
            | '۔'
            | '؛'
            | '٪'
    )
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '\'' | '"'
            | '”'
            | '“'
            | '`'
            | '‘'
            | '´'
            | '’'
            | '‚'
            | '„'
            | '»'
            | '«'
            | '「'
            | '」'
            | '『'
            | '』'
            | '（'
            | '）'
            | '〔'
            | '〕'
            | '【'
            | '】'
            | '《'
            | '》'
            | '〈'
            | '〉'
            | '⟦'
            | '⟧'
    )
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '£' | '€' | '¥' | '฿' | '₽' | '﷼' | '₠'..='₿')
}

/// Symbols such as emoji.
fn is_icon(c: char) -> bool {
    !c.is_ascii() && c != '°' && !c.is_alphabetic() && c.general_category() == GeneralCategory::OtherSymbol
}

fn is_upper(c: char) -> bool {
    c.is_uppercase() || is_caseless(c)
}

/// Letters of writing without case.
fn is_caseless(c: char) -> bool {
    !c.is_ascii() && c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()
}

/// Abbreviations and other words that stay whole.
const WHOLE: [&str; 158] = [
    "'", "''", "'Cause", "'bout", "'cause", "'cos", "'d", "'em", "'ll", "'nuff", "'re", "'s", "(:", "(;",
    "(=", "0.0", "8)", "8-)", "8D", ":(", ":((", ":(((", ":)", ":))", ":)))", ":*", ":-(", ":-)", ":-))",
    ":-/", ":-D", ":-O", ":-P", ":-p", ":-x", ":-|", ":/", ":0", ":1", ":3", ":D", ":O", ":P", ":X", ":]",
    ":o", ":p", ":x", ":|", ":}", ";)", ";-)", ";-D", ";D", "<3", "=(", "=)", "=D", "=|", "Adm.", "Ak.",
    "Ala.", "Apr.", "Ariz.", "Ark.", "Aug.", "Bros.", "C++", "Calif.", "Co.", "Colo.", "Conn.", "Corp.",
    "D.C.", "Dec.", "Del.", "Dr.", "E.G.", "E.g.", "Feb.", "Fla.", "Ga.", "Gen.", "Gov.", "I.E.", "I.e.",
    "Ia.", "Id.", "Ill.", "Inc.", "Ind.", "Jan.", "Jr.", "Jul.", "Jun.", "Kan.", "Kans.", "Ky.", "La.",
    "Ltd.", "Ma'am", "Mar.", "Mass.", "Md.", "Messrs.", "Mich.", "Minn.", "Miss.", "Mo.", "Mont.", "Mr.",
    "Mrs.", "Ms.", "Mt.", "N.C.", "N.D.", "N.H.", "N.J.", "N.M.", "N.Y.", "Neb.", "Nebr.", "Nev.", "Nov.",
    "O'clock", "Oct.", "Okla.", "Ore.", "Pa.", "Ph.D.", "Prof.", "Rep.", "Rev.", "S.C.", "Sen.", "Sep.",
    "Sept.", "St.", "Tenn.", "Va.", "Wash.", "Wis.", "XD", "a.m.", "and/or", "co.", "e.g.", "em", "i.e.",
    "ma'am", "o'clock", "p.m.", "v.s.", "vs.", "w/o", "xD", "—", "’s",
];

/// Verbs that `n't` follows.
const NEGATED: [&str; 24] = [
    "ai", "are", "ca", "can", "could", "dare", "did", "do", "does", "had", "has", "have", "is", "may",
    "might", "must", "need", "ought", "sha", "should", "was", "were", "wo", "would",
];

/// Pronouns and question words with the contractions that they take, without apostrophes.
const CONTRACTED: [(&str, &[&str]); 23] = [
    ("could", &["ve"]),
    ("he", &["ll", "llve", "d", "dve", "s"]),
    ("how", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("i", &["m", "ll", "llve", "d", "dve", "ve"]),
    ("it", &["ll", "llve", "d", "dve", "s"]),
    ("might", &["ve"]),
    ("must", &["ve"]),
    ("she", &["ll", "llve", "d", "dve", "s"]),
    ("should", &["ve"]),
    ("that", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("there", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("these", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("they", &["ll", "llve", "d", "dve", "ve", "re"]),
    ("this", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("those", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("we", &["ll", "llve", "d", "dve", "ve", "re"]),
    ("what", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("when", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("where", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("who", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("why", &["s", "ll", "llve", "d", "dve", "re", "ve"]),
    ("would", &["ve"]),
    ("you", &["ll", "llve", "d", "dve", "ve", "re"]),
];

/// Words that look like contractions without their apostrophe.
const OTHERS: [&str; 9] = ["hell", "ill", "its", "shed", "shell", "well", "were", "whore", "wed"];

/// Longest of all that is listed, in bytes.
const LONGEST: usize = 20;

fn is_special(text: &str) -> bool {
    special(text, &mut vec![])
}

/// Adds the words of what is listed; false if it is not.
fn special<'a>(text: &'a str, out: &mut Vec<&'a str>) -> bool {
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    if let [letter, b'.'] = text.as_bytes()
        && letter.is_ascii_lowercase()
    {
        out.push(text);
        return true;
    }
    if WHOLE.binary_search(&text).is_ok() {
        out.push(text);
        return true;
    }
    let at = cut(text);
    if at.is_empty() {
        return false;
    }
    let mut start = 0;
    for end in at.into_iter().chain([text.len()]) {
        out.extend(text.get(start..end));
        start = end;
    }
    true
}

/// Where a contraction or a time of day is divided; nowhere if it is none.
fn cut(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let hour =
            text.get(..digits).and_then(|t| t.parse::<u8>().ok()).is_some_and(|h| (1..=12).contains(&h));
        let half = matches!(text.get(digits..), Some("am" | "pm" | "a.m." | "p.m."));
        return if hour && half { vec![digits] } else { vec![] };
    }
    // Small letters, or one large letter at the beginning.
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) || bytes.iter().skip(1).any(u8::is_ascii_uppercase)
    {
        return vec![];
    }
    let mut plain = [0u8; LONGEST];
    let mut places = [0usize; LONGEST];
    let mut count = 0;
    for (at, c) in text.char_indices() {
        match c {
            '\'' | '’' => continue,
            c if c.is_ascii_alphabetic() => {}
            _ => return vec![],
        }
        if let (Some(letter), Some(place)) = (plain.get_mut(count), places.get_mut(count)) {
            *letter = c.to_ascii_lowercase() as u8;
            *place = at;
        }
        count += 1;
    }
    let plain = std::str::from_utf8(plain.get(..count).unwrap_or(&[])).unwrap_or("");
    let quoted = count < text.chars().count();
    if !quoted && OTHERS.contains(&plain) {
        return vec![];
    }
    // The place before a letter, its apostrophe included.
    let before = |letter: usize| {
        let at = places.get(letter).copied().unwrap_or(0);
        let start = text.get(..at).unwrap_or("");
        start.strip_suffix('\'').or_else(|| start.strip_suffix('’')).map_or(at, str::len)
    };
    match plain {
        "cannot" if !quoted => return vec![3],
        "gonna" | "gotta" if !quoted => return vec![3],
        "lets" if quoted => return vec![3],
        _ => {}
    }
    let stem = plain.strip_suffix("ve").filter(|s| s.ends_with("nt")).unwrap_or(plain);
    if let Some(verb) = stem.strip_suffix("nt")
        && NEGATED.binary_search(&verb).is_ok()
    {
        let mut at = vec![places.get(verb.len()).copied().unwrap_or(0)];
        at.extend((stem.len() < plain.len()).then(|| before(stem.len())));
        return at;
    }
    for (word, endings) in CONTRACTED {
        if let Some(ending) = plain.strip_prefix(word)
            && endings.contains(&ending)
        {
            let mut at = vec![before(word.len())];
            if ending.len() > 2 {
                at.push(before(plain.len() - 2));
            }
            return at;
        }
    }
    vec![]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(WHOLE.windows(2).all(|w| w[0] < w[1]), "{:?}", WHOLE.windows(2).find(|w| w[0] >= w[1]));
        assert!(NEGATED.windows(2).all(|w| w[0] < w[1]));
    }

    /// What spaCy 3.8's blank English pipeline gives, white space left out.
    #[test]
    fn words_are_those_of_the_reference() {
        let cases: [(&str, &[&str]); 12] = [
            ("Hello, world!", &["Hello", ",", "world", "!"]),
            (
                "I don't know; she'll've gone.",
                &["I", "do", "n't", "know", ";", "she", "'ll", "'ve", "gone", "."],
            ),
            ("Mr. Smith's 3.5km run...", &["Mr.", "Smith", "'s", "3.5", "km", "run", "..."]),
            (
                "state-of-the-art (and/or) e.g. this",
                &["state", "-", "of", "-", "the", "-", "art", "(", "and/or", ")", "e.g.", "this"],
            ),
            ("See https://example.com/a?b=c now", &["See", "https://example.com/a?b=c", "now"]),
            ("end.Start of U.S. rule", &["end", ".", "Start", "of", "U.S.", "rule"]),
            ("at 10pm for $5.00, 50%", &["at", "10", "pm", "for", "$", "5.00", ",", "50", "%"]),
            (
                "\"quoted\" [1] #tag *bold*",
                &["\"", "quoted", "\"", "[", "1", "]", "#", "tag", "*", "bold", "*"],
            ),
            ("1-2 and 3--word", &["1", "-", "2", "and", "3", "-", "-word"]),
            ("cannot dont its", &["can", "not", "do", "nt", "its"]),
            ("dogs' café—bar 😀ok", &["dogs", "'", "café", "—", "bar", "😀", "ok"]),
            ("  \n ", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn sentences_end_where_the_next_begins() {
        let count = |text| sentences(&words(text));
        assert_eq!(count("One. Two! Three? \"Four.\" Five"), 5);
        assert_eq!(count("Mr. Smith has 3.5 dogs."), 1);
        assert_eq!(count("Wait... what"), 1);
        assert_eq!(count(""), 0);
    }
}
