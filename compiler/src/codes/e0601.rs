//! E0601: tensors of a model that do not fit each other.

use crate::graph::ShapeError;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0601"),
    title: "tensors of the model do not fit each other",
    page: "\
The model was built as a tensor graph, and one operation was given operands of shapes that it cannot work on.

The rules about sizes (heads divide hidden, sequence at most context) should find such mistakes first and say which
field is wrong. This message means that none of them did: please report the experiment together with the message.",
};

/// An operation rejected its operands.
pub fn shape(model: Span, error: &ShapeError) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` does not accept its operands: {}", error.name, error.message))
        .at(model, "in this model")
        .because(format!("The operation is `{}`.", error.op))
        .help("check the sizes of the model; the sizes shown are those of the tensors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::FileId;

    #[test]
    fn names_the_operation_and_the_place() {
        let error = ShapeError { op: "linear", name: "block.0.mlp.in".into(), message: "7 meets 8".into() };
        let diagnostic = shape(Span::new(FileId(0), 3, 5), &error);
        assert!(diagnostic.title.contains("block.0.mlp.in") && diagnostic.title.contains("7 meets 8"));
        assert!(diagnostic.is_error());
    }
}
