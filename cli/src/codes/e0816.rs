//! E0816: a file that declares nothing to run.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0816"),
    title: "nothing to plan",
    page: "\
`regimen plan` and `regimen run` were given a file without stages. It may be one that others import, such as a list of
clusters: name the experiment that imports it.

```
stage pretrain : causal_lm { … }
```
",
};

/// The file declares no stage.
pub fn no_stages(path: &Path) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("`{}` declares no stage, so there is nothing to plan", path.display()),
    )
    .help("name the experiment itself; `regimen init` writes one to start from")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file() {
        assert!(no_stages(Path::new("lab.exp")).title.starts_with("`lab.exp` declares no stage"));
    }
}
