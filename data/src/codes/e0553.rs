//! E0553: a data file is not UTF-8.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0553` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0553"),
    title: "a data file is not UTF-8",
    page: r#"Text must be UTF-8. The message names file, line and byte. Convert the file, for example with `iconv -f latin1 -t utf-8`, or take it out of
the pattern. Bytes are never replaced silently: a model trained on replacement characters learns to write them.
"#,
};

/// The byte at `offset` of `file`, in `line` (from 1), does not continue valid UTF-8.
pub fn not_utf8(file: &str, line: u64, offset: u64, byte: u8) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: not UTF-8"))
        .because(format!(
            "Byte 0x{byte:02X} at offset {offset} of the file is not part of a UTF-8 character."
        ))
        .help("convert the file, for example with `iconv -f latin1 -t utf-8`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = not_utf8("x.txt", 3, 17, 0xFF);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
