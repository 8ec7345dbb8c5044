//! E0570: a tokenizer has nothing to be trained on.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0570` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0570"),
    title: "a tokenizer has nothing to be trained on",
    page: r#"`chars` and `bpe` tokenizers are made from the split `train` of the dataset that `train_on` names, and from nothing else: a tokenizer that has
seen the validation text would flatter the validation loss. The dataset must have a split of that name.
"#,
};

/// `tokenizer` should learn from `dataset`, which is missing or has no split `train`.
pub fn no_training_split(tokenizer: &str, dataset: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("tokenizer `{tokenizer}` has no training text"))
        .because(format!("It is made from the split `train` of `{dataset}`, and there is none."))
        .help("declare a split `train`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_training_split("words", "books");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`words`"), "{}", message.title);
    }
}
