//! Equal characters are written in equal ways.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use regimen_base::cleaning::{Form, Normalise};
use unicode_normalization::IsNormalized::Yes;
use unicode_normalization::{UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

pub(super) struct Normaliser(pub Normalise);

impl Judge for Normaliser {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let text = self.normalised(subject.text());
        if text.is_empty() {
            return Verdict::Drop { rule: "nothing left", detail: "only control characters".into() };
        }
        if text != subject.text() {
            subject.notes.push(("normalised", 1));
            subject.set_text(text);
        }
        Verdict::Keep
    }
}

impl Normaliser {
    fn normalised(&self, text: &str) -> String {
        let mut text = if self.0.line_ends && text.contains('\r') {
            text.replace("\r\n", "\n").replace('\r', "\n")
        } else {
            text.to_string()
        };
        if self.0.controls {
            text.retain(|c| !is_removed(c));
        }
        match self.0.form {
            Form::Nfc if is_nfc_quick(text.chars()) != Yes => text.nfc().collect(),
            Form::Nfkc if is_nfkc_quick(text.chars()) != Yes => text.nfkc().collect(),
            _ => text,
        }
    }
}

/// Control characters other than white space, byte order marks, zero-width spaces. Zero-width joiners stay: they matter in some
/// writing systems and in emoji.
fn is_removed(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalise(form: Form, text: &str) -> String {
        Normaliser(Normalise { form, line_ends: true, controls: true }).normalised(text)
    }

    #[test]
    fn forms_line_ends_and_controls() {
        assert_eq!(normalise(Form::Nfc, "e\u{301}\r\nﬁ\0\u{feff}\r"), "é\nﬁ\n");
        assert_eq!(normalise(Form::Nfkc, "ﬁ①"), "fi1");
        assert_eq!(normalise(Form::None, "e\u{301}"), "e\u{301}");
        assert_eq!(normalise(Form::Nfc, "a\u{200d}b"), "a\u{200d}b");
    }
}
