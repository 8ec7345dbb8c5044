//! E0564: the cache cannot be written.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0564` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0564"),
    title: "the cache cannot be written",
    page: r#"Tokens are kept under `.regimen/cache` beside the experiment. Writing there failed: the disk is full, the folder is read-only, or
permissions are missing. No half-written file is left. The tokens take two bytes each, four if the vocabulary is
larger than 65,536.
"#,
};

/// Writing `path` failed.
pub fn cache_not_written(path: &str, error: &std::io::Error) -> Diagnostic {
    let reason = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "The disk is full",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "Writing is not permitted there"
        }
        _ => "The operating system refused",
    };
    Diagnostic::error(PAGE.code, format!("the cache cannot be written: `{path}`"))
        .because(format!("{reason}: {error}. No half-written file was left."))
        .help("free some space or make the folder writable, and start again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = cache_not_written("x", &std::io::ErrorKind::StorageFull.into());
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x`"), "{}", message.title);
    }
}
