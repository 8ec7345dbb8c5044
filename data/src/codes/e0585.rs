//! E0585: too many broken records.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0585` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0585"),
    title: "too many broken records",
    page: r#"`broken` says which share of records may be left out because they cannot be read. More than that are broken: then it is
likelier that the files, or the declared format, are wrong than that a few lines were damaged. The first broken records are listed.

```
data web : jsonl { files = "web/*.jsonl", broken = 0.1% }   # one record in a thousand may be left out
```
"#,
};

/// `broken` of `all` records of `source` are broken; `limit` is the declared share.
pub fn too_many(source: &str, broken: u64, all: u64, limit: f64) -> Diagnostic {
    let percent = limit * 100.0;
    Diagnostic::error(PAGE.code, format!("{broken} of {all} records of `{source}` are broken"))
        .because(format!(
            "It may be {percent} % (`broken` of `{source}`); the first of them are named beside this."
        ))
        .help(format!("repair the files, or raise `broken` of `{source}` if the records are worth nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many() {
        let message = too_many("web", 3, 100, 0.01);
        assert_eq!(message.title, "3 of 100 records of `web` are broken");
        assert!(message.notes[0].contains("1 %"), "{:?}", message.notes);
    }
}
