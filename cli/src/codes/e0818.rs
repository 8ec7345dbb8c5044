//! E0818: hardware that a command cannot use.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0818"),
    title: "hardware that a command cannot use",
    page: "\
`regimen generate`, `regimen evaluate` and `regimen calibrate` use this machine's CPU, or a GPU that the catalogue knows and that this machine
has. Threads are a CPU's: a GPU has none to choose.

```
regimen generate runs/gpt/pretrain --prompt \"Once\" --threads 2
regimen generate runs/gpt/pretrain --prompt \"Once\" --hardware h100_sxm --precision bf16
```
",
};

/// The catalogue knows no such hardware.
pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    Diagnostic::error(PAGE.code, format!("there is no hardware `{name}` in the catalogue"))
        .help(format!("there are {}", known.join(", ")))
}

/// Threads were asked for on a GPU.
pub fn threads(hardware: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{hardware}` is a GPU, which has no threads to choose"))
        .help("leave `--threads` out, or take a CPU: `--hardware cpu`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_there_is() {
        let message = unknown("h101", ["cpu", "h100_sxm"].into_iter());
        assert_eq!(message.title, "there is no hardware `h101` in the catalogue");
        assert_eq!(message.help.as_deref(), Some("there are `cpu`, `h100_sxm`"));
        assert!(threads("t4").title.starts_with("`t4` is a GPU"));
    }
}
