//! Prints a file in the one style of the language, without options.
//!
//! Two spaces per level; `=` aligned within a group of entries, as are trailing comments; a body or list stays
//! on one line if it was written on one and fits, otherwise it has one entry per line. Comments are kept where
//! they stand; one inside an expression moves to the line above. Blank lines are kept, at most one.
//!
//! Formatting twice changes nothing more: every decision depends on what the output preserves (which things
//! stand on one line, where blank lines and comments are) and on widths that only the text determines.

mod comments;
mod inline;
mod lines;
mod printer;

use regimen_base::{Diagnostic, FileId};

/// Widest line that bodies and lists are kept on.
const WIDTH: usize = 100;

/// Prints `text` in the style of the language. A file with syntax errors is refused with its diagnostics,
/// because text that was not understood cannot be kept.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (ast, diagnostics) = crate::parse(FileId(0), text);
    if diagnostics.is_empty() { Ok(printer::print(&ast, text)) } else { Err(diagnostics) }
}

#[cfg(test)]
mod tests {
    use super::format;

    fn formatted(text: &str) -> String {
        let once = format(text).expect("no syntax errors");
        assert_eq!(format(&once).as_ref(), Ok(&once), "formatting again changes it");
        once
    }

    #[test]
    fn entries_are_aligned_in_groups() {
        assert_eq!(
            formatted("model m:gpt{\nlayers=12,heads=12\n  tokenizer   = words\n\n\n\n  a=1\n}"),
            "model m : gpt {\n  layers    = 12\n  heads     = 12\n  tokenizer = words\n\n  a = 1\n}\n"
        );
    }

    #[test]
    fn one_line_stays_one_line_while_it_fits() {
        assert_eq!(
            formatted("model m : gpt{layers=12,heads=[1,2,],}"),
            "model m : gpt { layers = 12, heads = [1, 2] }\n"
        );
        let long = format!("model m : gpt {{ a = \"{}\", bc = {{ d = 1 }} }}", "x".repeat(80));
        let broken = format!("model m : gpt {{\n  a  = \"{}\"\n  bc = {{ d = 1 }}\n}}\n", "x".repeat(80));
        assert_eq!(formatted(&long), broken);
    }

    #[test]
    fn lists_are_broken_like_bodies() {
        assert_eq!(
            formatted("let a = [ language { is = \"en\" },\n  gopher {}, -1 ]"),
            "let a = [\n  language { is = \"en\" }\n  gopher {}\n  -1\n]\n"
        );
        assert_eq!(formatted("let a = [\n]\nlet b = {\n}"), "let a = []\nlet b = {}\n");
    }

    #[test]
    fn numbers_keep_their_spelling() {
        assert_eq!(
            formatted(
                "let a = [80GB, 50_304, 10B tokens, 2 %, $4M, $2.49/gpu/h, 20tokens/param,6E-4, 10B, 1.50]"
            ),
            "let a = [80 GB, 50_304, 10B tokens, 2%, $4M, $2.49/gpu/h, 20 tokens/param, 6E-4, 10B, 1.50]\n"
        );
    }

    #[test]
    fn expressions_are_spaced() {
        assert_eq!(
            formatted(
                "assert (a+ -b)*2^c<=min( d,e )and not f.g==\"x\\u{41}\"   'no'"
                    .replace("'no'", "\"no\"")
                    .as_str()
            ),
            "assert (a + -b) * 2 ^ c <= min(d, e) and not f.g == \"x\\u{41}\" \"no\"\n"
        );
    }

    #[test]
    fn comments_stay_where_they_are() {
        let text = "\
# first

import \"a\" as b # trailing
let c = 1       # aligned

model m : gpt {   # after the brace
  # leading
  a = 1   # one
  bcd = [ # list
    1, # element
    # last in the list
  ]
  # last in the body
}
# last
";
        let expected = "\
# first

import \"a\" as b  # trailing
let c = 1        # aligned

model m : gpt {  # after the brace
  # leading
  a   = 1  # one
  bcd = [  # list
    1  # element
    # last in the list
  ]
  # last in the body
}
# last
";
        assert_eq!(formatted(text), expected);
    }

    #[test]
    fn comments_inside_expressions_move_above() {
        assert_eq!(
            formatted("let a = 1 + # why\n  2\nmodel m : gpt # type\n{ b = (1 # c\n ) }"),
            "# why\nlet a = 1 + 2\n# type\nmodel m : gpt {\n  # c\n  b = (1)\n}\n"
        );
    }

    #[test]
    fn declarations_in_a_row_are_aligned() {
        assert_eq!(
            formatted(
                "data web : jsonl { files = \"a\" }\ndata books : text { files = \"b\" }\nmodel m : gpt {}"
            ),
            "data web   : jsonl { files = \"a\" }\ndata books : text  { files = \"b\" }\nmodel m : gpt {}\n"
        );
    }

    #[test]
    fn long_messages_go_to_their_own_line() {
        let message = "x".repeat(90);
        assert_eq!(
            formatted(&format!("assert a.b >= c \"{message}\"")),
            format!("assert a.b >= c\n  \"{message}\"\n")
        );
    }

    #[test]
    fn empty_files_and_windows_line_ends() {
        assert_eq!(formatted(""), "");
        assert_eq!(formatted("\n\n# a\r\n\r\nlet a = 1\r\n"), "# a\n\nlet a = 1\n");
    }

    #[test]
    fn mistakes_are_refused() {
        let refused = format("let a =\nlet b = 'c'").expect_err("two mistakes");
        assert_eq!(refused.len(), 2);
    }

    #[test]
    fn the_tour_is_nearly_in_style() {
        let tour = include_str!("../../tests/tour.exp");
        let formatted = formatted(tour);
        insta::assert_snapshot!(formatted);
    }
}
