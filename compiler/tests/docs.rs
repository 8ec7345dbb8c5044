//! The generated documents in `docs/` are what the compiler would write; `REGENERATE=1` writes them.

use regimen_compiler::reference::language_reference;
use std::path::Path;

#[test]
fn the_language_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let wanted = language_reference();
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/language.md is out of date: run the tests once with REGENERATE=1");
}
