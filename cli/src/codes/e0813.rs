//! E0813: this installation cannot train.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0813"),
    title: "the engine is not installed",
    page: "\
`run`, `generate`, `export` and `calibrate` need libtorch. It is used by a program of its own, `regimen-engine`, which
stands beside `regimen`; all other commands work without it, and start in milliseconds because they never load it.

It is missing because Regimen was built with `--no-default-features`, or because only `regimen` was copied. In a checkout
of the source:

```
cargo xtask setup
cargo build --release --package regimen
```
",
};

/// There is no engine where it should be.
pub fn missing(command: &str, expected: &Path) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`regimen {command}` needs the engine, which is not installed"))
        .because(format!("It is expected at `{}`.", expected.display()))
        .help("run `cargo xtask setup` once, then `cargo build --release --package regimen`")
}

/// The engine is there but does not start.
pub fn not_started(engine: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the engine `{}` cannot be started: {error}", engine.display()))
        .help("build it again: `cargo build --release --package regimen`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_missing_and_where() {
        let message = missing("run", Path::new("/opt/regimen-engine"));
        assert!(message.title.contains("`regimen run`"));
        assert!(message.notes[0].contains("/opt/regimen-engine"));
    }
}
