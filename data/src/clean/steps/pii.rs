//! Personal data by their shapes and checks: what looks like a card number but fails Luhn's rule is none.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::codes::e0584;
use crate::{Fault, Outcome};
use regex::{Regex, RegexSet};
use regimen_base::cleaning::{Action, Pii, PiiKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::OnceLock;

pub(crate) struct Finder {
    action: Action,
    patterns: Vec<(PiiKind, Regex)>,
}

/// The shape of each kind. E-mail: the dot-atoms of RFC 5322 and a domain with a dot, both with letters of any script (RFC 6531).
fn pattern(kind: PiiKind) -> &'static str {
    match kind {
        PiiKind::Email => {
            r"[\p{L}\p{M}\p{Nd}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{Nd}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{M}\p{Nd}](?:[\p{L}\p{M}\p{Nd}-]*[\p{L}\p{M}\p{Nd}])?\.)+[\p{L}\p{M}\p{Nd}](?:[\p{L}\p{M}\p{Nd}-]*[\p{L}\p{M}\p{Nd}])?"
        }
        PiiKind::Ip => {
            r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})"
        }
        PiiKind::Iban => r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?",
        PiiKind::Card => r"62[0-9]{4}[ -][0-9]{13}|[2-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}",
        PiiKind::NationalId => {
            r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|[0-9]{8}-?[A-Z]"
        }
        PiiKind::Phone => PHONE,
    }
}

/// Telephone numbers, the more specific shapes first.
const PHONE: &str = concat!(
    // International, `+44 (0)20 7946 0958`, `0049 30 123456`.
    r"(?:\+|00)[1-9][0-9]{0,2}(?:[ ./-]?\(?[0-9]{1,5}\)?){2,6}",
    // North American, `1 (415) 555-2671`.
    r"|(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}",
    // Russian, `8 (495) 123-45-67`.
    r"|8[ -]\(?[0-9]{3}\)?[ -][0-9]{3}-[0-9]{2}-[0-9]{2}",
    // With a trunk zero: in pairs `01 42 68 53 00`, in brackets `03(1234)5678`, and as most write them, `030 / 123 45 67`.
    r"|0[1-9](?:[ .-][0-9]{2}){4}",
    r"|0[0-9]{1,3}\([0-9]{3,4}\)[0-9]{4}",
    r"|\(?0[0-9]{1,5}\)?(?: / |[ /-])[0-9]{3,8}(?:[ -][0-9]{2,5}){0,3}",
    // An area in brackets, `(11) 98765-4321`, and Chinese and Brazilian mobiles with hyphens.
    r"|\([1-9][0-9]{1,2}\) ?[0-9]{4,5}[ -][0-9]{4}",
    r"|1[3-9][0-9]-[0-9]{4}-[0-9]{4}",
    r"|[1-9][0-9] 9[0-9]{4}-[0-9]{4}",
    // Groups that may be any number, `912 345 678`: only where a word says that it is a telephone's.
    r"|[1-9][0-9]{1,2}(?:[ .-][0-9]{2,5}){2,4}|[1-9][0-9]{4}[ -][0-9]{5}",
);

/// Whether a shape is one that other numbers have too.
fn is_ambiguous(found: &str, kind: PiiKind) -> bool {
    let plain = found.bytes().all(|b| b.is_ascii_digit() || b == b' ');
    match kind {
        PiiKind::NationalId => plain && found.contains(' '),
        PiiKind::Phone => {
            let shapes = [
                r"^(?:\+|00|0|\(|8[ -]\(?[0-9]{3}\)?[ -][0-9]{3}-[0-9]{2}-)",
                r"^(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}$",
                r"^1[3-9][0-9]-[0-9]{4}-[0-9]{4}$",
                r"^[1-9][0-9] 9[0-9]{4}-[0-9]{4}$",
            ];
            static KNOWN: OnceLock<Option<RegexSet>> = OnceLock::new();
            !KNOWN.get_or_init(|| RegexSet::new(shapes).ok()).as_ref().is_some_and(|set| set.is_match(found))
        }
        _ => false,
    }
}

/// Words that say what a number is.
const PHONE_CUES: &str = r"(?i)(?:tel|phone|fono|fone|fax|mobil|cell|handy|portable|móvil|whatsapp|sms|call|contact|reach|dial|ring|text me|电话|手机|電話|携帯|тел|전화)[^0-9\n]{0,24}$";
const IDENTITY_CUES: &str = r"(?i)(?:ssn|social security|ss#)[^0-9\n]{0,24}$";

/// Whether the text before a number says what it is.
fn is_announced(before: &str, kind: PiiKind) -> bool {
    static CUES: OnceLock<[Option<Regex>; 2]> = OnceLock::new();
    let [phone, identity] =
        CUES.get_or_init(|| [PHONE_CUES, IDENTITY_CUES].map(|cues| Regex::new(cues).ok()));
    let cues = if kind == PiiKind::Phone { phone } else { identity };
    let from = before.char_indices().rev().nth(39).map_or(0, |(at, _)| at);
    cues.as_ref().is_some_and(|cues| cues.is_match(before.get(from..).unwrap_or("")))
}

/// What a kind is replaced by.
fn replacement(kind: PiiKind) -> &'static str {
    match kind {
        PiiKind::Email => "<EMAIL>",
        PiiKind::Ip => "<IP>",
        PiiKind::Phone => "<PHONE>",
        PiiKind::Card => "<CARD>",
        PiiKind::NationalId => "<NATIONAL_ID>",
        PiiKind::Iban => "<IBAN>",
    }
}

impl Finder {
    /// With the patterns of the kinds that are asked for.
    pub(crate) fn new(asked: &Pii) -> Outcome<Finder> {
        let compile = |kind: &PiiKind| match Regex::new(pattern(*kind)) {
            Ok(regex) => Ok((*kind, regex)),
            Err(error) => Err(Fault::from(e0584::pattern(kind.name(), &error.to_string()))),
        };
        let patterns: Result<Vec<_>, Fault> = asked.kinds.iter().map(compile).collect();
        Ok(Finder { action: asked.action, patterns: patterns.map_err(|fault| vec![*fault])? })
    }

    /// All places in the order of the text; where two overlap, the kind that comes first in the list counts.
    pub(crate) fn find(&self, text: &str) -> Vec<(Range<usize>, PiiKind)> {
        let at = text.contains('@');
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        let mut found: Vec<(Range<usize>, PiiKind)> = vec![];
        for (kind, regex) in &self.patterns {
            if !(if *kind == PiiKind::Email { at } else { digits }) {
                continue;
            }
            let mut start = 0;
            while let Some(hit) = regex.find_at(text, start) {
                start = hit.end().max(start + 1);
                while !text.is_char_boundary(start) {
                    start += 1;
                }
                let range = trimmed(text, hit.range());
                let free = !found.iter().any(|(f, _)| f.start < range.end && range.start < f.end);
                let (before, shape) =
                    (text.get(..range.start).unwrap_or(""), text.get(range.clone()).unwrap_or(""));
                if free
                    && stands_alone(text, &range, *kind)
                    && is_valid(shape, *kind)
                    && (!is_ambiguous(shape, *kind) || is_announced(before, *kind))
                {
                    found.push((range, *kind));
                }
            }
        }
        found.sort_by_key(|(range, _)| range.start);
        found
    }
}

/// Without spaces and separators at its end, and without a bracket that it does not open or close itself.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let whole = text.get(range.clone()).unwrap_or("");
    let mut inner = whole;
    loop {
        let (open, closed) = (inner.matches('(').count(), inner.matches(')').count());
        let next = match inner {
            _ if closed > open => inner.strip_suffix(')'),
            _ if open > closed => inner.strip_prefix('('),
            _ => None,
        };
        let next = next.unwrap_or(inner).trim_end_matches([' ', '.', '-', '/', '(']);
        if next.len() == inner.len() {
            break;
        }
        inner = next;
    }
    let start = range.start + (inner.as_ptr() as usize - whole.as_ptr() as usize);
    start..start + inner.len()
}

/// Whether what stands around it does not make it a part of something longer.
fn stands_alone(text: &str, range: &Range<usize>, kind: PiiKind) -> bool {
    let mut before = text.get(..range.start).unwrap_or("").chars().rev();
    let mut after = text.get(range.end..).unwrap_or("").chars();
    let (last, next, second) = (before.next(), after.next(), after.next());
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let continues = matches!(next, Some('.' | ',' | '-' | ':')) && second.is_some_and(|c| c.is_ascii_digit());
    match kind {
        PiiKind::Email => true,
        PiiKind::Ip => {
            // After an IPv4 address stands its port.
            let v4 = text.get(range.clone()).is_some_and(|found| !found.contains(':'));
            let joined = matches!(last, Some('.' | ':' | '-'))
                || !v4 && matches!(next, Some(':')) && second.is_some_and(|c| c.is_ascii_hexdigit());
            let longer = next == Some('.') && second.is_some_and(|c| c.is_ascii_digit());
            !(word(last) || word(next) || joined || longer)
        }
        _ => {
            !word(last)
                && !word(next)
                && !continues
                && !matches!(last, Some('.' | ',' | '-' | '+' | '/' | '#'))
        }
    }
}

fn is_valid(found: &str, kind: PiiKind) -> bool {
    let digits: Vec<u32> = found.chars().filter_map(|c| c.to_digit(10)).collect();
    match kind {
        PiiKind::Email => true,
        PiiKind::Ip => found.parse().is_ok_and(is_public),
        PiiKind::Iban => is_iban(found),
        PiiKind::Card => (13..=19).contains(&digits.len()) && luhn(&digits),
        PiiKind::NationalId => is_national(found, &digits),
        PiiKind::Phone => {
            let least = if found.starts_with('+') { 8 } else { 9 };
            let most = if found.starts_with("00") { 17 } else { 15 };
            (least..=most).contains(&digits.len())
        }
    }
}

/// Addresses that belong to somebody: not private, local, for documentation or reserved (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (0x2000..0x4000).contains(&first) && !(first == 0x2001 && (second == 0xdb8 || second < 0x200))
}

/// Luhn's rule (ISO/IEC 7812-1).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 % 10 + d / 5 }).sum();
    sum.is_multiple_of(10)
}

/// The check of ISO 13616: letters as numbers, first four characters last, remainder 1 by 97.
fn is_iban(found: &str) -> bool {
    let plain: Vec<char> = found.chars().filter(|c| *c != ' ').collect();
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let turned = plain.iter().skip(4).chain(plain.iter().take(4));
    let remainder = turned.fold(0u64, |rest, c| {
        let value = u64::from(c.to_digit(36).unwrap_or(0));
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    });
    remainder == 1
}

/// Social security numbers of the United States, national insurance numbers of the United Kingdom, identity numbers of Spain.
fn is_national(found: &str, digits: &[u32]) -> bool {
    let number = digits.iter().fold(0u64, |n, d| n * 10 + u64::from(*d));
    match digits.len() {
        9 => {
            let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
            area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
        }
        8 => {
            let letters: Vec<char> = "TRWAGMYFPDXBNJZSQVHLCKE".chars().collect();
            found.chars().next_back() == letters.get((number % 23) as usize).copied()
        }
        6 => !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].iter().any(|prefix| found.starts_with(prefix)),
        _ => false,
    }
}

impl Judge for Finder {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let found = self.find(subject.text());
        let Some((_, first)) = found.first() else { return Verdict::Keep };
        if self.action == Action::Drop {
            return Verdict::Drop { rule: first.name(), detail: format!("{} found", found.len()) };
        }
        let mut text = String::with_capacity(subject.text().len());
        let mut at = 0;
        for (range, kind) in &found {
            text.push_str(subject.text().get(at..range.start).unwrap_or(""));
            text.push_str(replacement(*kind));
            at = range.end;
            match subject.notes.iter_mut().find(|(name, _)| *name == kind.name()) {
                Some((_, count)) => *count += 1,
                None => subject.notes.push((kind.name(), 1)),
            }
        }
        text.push_str(subject.text().get(at..).unwrap_or(""));
        subject.set_text(text);
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> String {
        let asked = Pii { action: Action::Redact, kinds: PiiKind::ALL.to_vec() };
        let mut subject = Subject::new(text.into());
        Finder::new(&asked).unwrap().judge(&mut subject, &mut Scratch::default());
        subject.into_text()
    }

    #[test]
    fn personal_data_are_replaced() {
        for (text, expected) in [
            ("Write to ann.lee+x@mail.example.org.", "Write to <EMAIL>."),
            ("from 8.8.8.8, not 192.168.0.1 or 1.2.3.4.5", "from <IP>, not 192.168.0.1 or 1.2.3.4.5"),
            ("at 2606:4700:4700::1111 or ::1", "at <IP> or ::1"),
            ("call +44 20 7946 0958 now", "call <PHONE> now"),
            ("call (555) 234-5678 or 555-234-5678.", "call <PHONE> or <PHONE>."),
            ("Tel. 030/1234 5678", "Tel. <PHONE>"),
            ("card 4111 1111 1111 1111, 4111111111111112", "card <CARD>, 4111111111111112"),
            ("SSN 123-45-6789, 000-12-3456", "SSN <NATIONAL_ID>, 000-12-3456"),
            ("NI AB 12 34 56 C; DNI 12345678Z, 12345678A", "NI <NATIONAL_ID>; DNI <NATIONAL_ID>, 12345678A"),
            ("DE89 3704 0044 0532 0130 00 and DE88370400440532013000", "<IBAN> and DE88370400440532013000"),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn dates_versions_and_amounts_stay() {
        for text in [
            "on 2024-01-31 at 10:30:45",
            "version 10.4.2.1-beta costs 1,234,567.89",
            "ISBN 978-3-16-148410-0, 12:34:56",
            "a@b, @name, 100 000 000 people",
            "pages 120-125, 555 123",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
