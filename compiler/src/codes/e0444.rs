//! E0444: a language that is not identified.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0444");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a language that is not identified",
    page: r#"Languages are named by their codes in ISO 639-1, two small letters: `"en"`, `"de"`, `"zh"`. Only those that the
identification knows can be asked for; any other would drop every document.

```exp wrong
data web : text { files = "a.txt", clean = [language { is = "english" }] }
```

```exp right
data web : text { files = "a.txt", clean = [language { is = "en" }] }
```
"#,
};

/// No language has this code.
pub fn unknown_language(code: &str, nearest: Option<&str>, known: &[&str], at: Span) -> Diagnostic {
    let help = match nearest {
        Some(nearest) => format!("did you mean `\"{nearest}\"`?"),
        None => "name a language by its two letters in ISO 639-1".to_string(),
    };
    Diagnostic::error(CODE, format!("no language `{code}` is identified"))
        .at(at, "not known")
        .because(format!("Identified are {}.", known.join(", ")))
        .help(help)
}
