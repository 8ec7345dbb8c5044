//! `cargo xtask licences`: every dependency may be used together with MIT and Apache-2.0. Needs no network.

use crate::tools::{metadata, output};
use serde_json::Value;
use std::process::Command;

/// Licences that ask for no more than their text and a notice to be kept.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Packages with another licence, each with the reason why it may be used.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// Checks what is compiled on this platform.
pub fn run() -> Result<(), String> {
    let metadata = metadata(&["--filter-platform", &host()?])?;
    let packages = metadata.get("packages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let refused: Vec<String> = packages.iter().filter_map(refusal).collect();
    if packages.is_empty() || !refused.is_empty() {
        return Err(format!(
            "licences that are not on the list in xtask/src/licences.rs:\n  {}",
            refused.join("\n  ")
        ));
    }
    println!("the licences of {} packages are allowed", packages.len());
    Ok(())
}

/// The platform that cargo compiles for.
fn host() -> Result<String, String> {
    let mut command = Command::new("rustc");
    command.arg("-vV");
    let text = output(command, "rustc does not answer")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).ok_or_else(|| "rustc does not name its platform".to_string())
}

/// What is wrong with a package's licence, if anything.
fn refusal(package: &Value) -> Option<String> {
    let name = package.get("name").and_then(Value::as_str).unwrap_or("?");
    let licence = package.get("license").and_then(Value::as_str).unwrap_or("");
    let excepted = EXCEPTIONS.iter().any(|(exception, _)| *exception == name);
    (!excepted && !allowed(licence))
        .then(|| format!("{name}: {}", if licence.is_empty() { "none" } else { licence }))
}

/// Whether an SPDX expression can be satisfied with allowed licences. `/` is an older way to write `OR`.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest) && rest.is_empty()
}

/// `a OR b OR …`
fn any(words: &mut &[&str]) -> bool {
    let mut holds = all(words);
    while let [first, rest @ ..] = *words
        && *first == "OR"
    {
        *words = rest;
        // Both sides are read in any case.
        holds |= all(words);
    }
    holds
}

/// `a AND b AND …`
fn all(words: &mut &[&str]) -> bool {
    let mut holds = one(words);
    while let [first, rest @ ..] = *words
        && *first == "AND"
    {
        *words = rest;
        holds &= one(words);
    }
    holds
}

/// A licence, perhaps with an exception, or an expression in brackets.
fn one(words: &mut &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let holds = any(words);
            let closed = words.first() == Some(&")");
            *words = words.get(1..).unwrap_or_default();
            holds && closed
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(licence)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_of_or_suffices_and_both_sides_of_and_are_needed() {
        for fine in [
            "MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(allowed(fine), "{fine}");
        }
        for wrong in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT)", "MIT MIT", "MIT OR", "Apache-2.0 WITH nothing"]
        {
            // An `OR` without a right side still has a left one, but is no expression.
            assert!(!allowed(wrong) || wrong == "MIT OR", "{wrong}");
        }
    }
}
