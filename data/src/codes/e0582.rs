//! E0582: a parquet file cannot be read.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0582` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0582"),
    title: "a parquet file cannot be read",
    page: r#"The file is not in Apache Parquet's format, is damaged, or its pages are packed with something else than snappy, gzip, brotli or lz4. A damaged
row group does not keep the others from being read. Files packed with zstd can be written again, for example with
`pq.write_table(pq.read_table("in.parquet"), "out.parquet")` in Python, which packs with snappy.
"#,
};

/// The file is not what a parquet file is.
pub fn damaged(file: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` cannot be read as parquet"))
        .because(format!("The reason: {why}."))
        .help("make or download the file again, or declare the format that it has")
}

/// Its pages are packed with `packing`.
pub fn unknown_packing(file: &str, packing: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the pages of `{file}` are packed with {packing}"))
        .because("Pages without packing, and with snappy, gzip, brotli or lz4, are read.")
        .help("write the file again with snappy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        assert!(damaged("x.parquet", "cut").title.contains("`x.parquet`"));
        assert!(unknown_packing("x.parquet", "zstd").title.ends_with("zstd"));
    }
}
