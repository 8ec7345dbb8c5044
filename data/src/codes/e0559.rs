//! E0559: a tokenizer file cannot be used.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0559` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0559"),
    title: "a tokenizer file cannot be used",
    page: r#"A tokenizer of type `hf` is read from a `tokenizer.json`, as Hugging Face's `tokenizers` and `transformers` write it; `path` is
that file or the folder that holds it. Files of other kinds (`vocab.json` with `merges.txt`, SentencePiece's
`.model`) must be converted first, for example with `AutoTokenizer.from_pretrained(…).save_pretrained(…)`.
"#,
};

/// The file is not a usable tokenizer.json.
pub fn bad_tokenizer_file(file: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` is not a usable tokenizer"))
        .because(format!("Reading it says: {why}."))
        .help("give the path of a `tokenizer.json` as Hugging Face tools write it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = bad_tokenizer_file("t.json", "cut off");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`t.json`"), "{}", message.title);
    }
}
