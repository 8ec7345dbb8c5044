//! E0710: far from Chinchilla's ratio of tokens to parameters.

use crate::planning::show::{count, number};
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0710"),
    title: "far from 20 tokens per parameter",
    page: "\
For a given amount of compute, a model of N parameters trained on about 20·N tokens reaches the lowest loss (Hoffmann et
al., \"Training Compute-Optimal Large Language Models\", 2022).

Fewer tokens leave the model undertrained: a smaller one would be better at the same price. Many more are a reasonable choice if
the model will be used a lot, since a smaller model is cheaper to run. So this is a note, not an error. To make it one, write

```
assert pretrain.tokens >= 20 tokens/param * gpt2.params
```",
};

/// The ratio is less than a quarter or more than ten times Chinchilla's.
pub fn far_from_chinchilla(duration: Span, ratio: f64, parameters: u64) -> Diagnostic {
    let (what, why) = if ratio < 20.0 {
        ("little", "A smaller model would reach a lower loss with the same compute.")
    } else {
        (
            "much",
            "A larger model would reach a lower loss with the same compute; a small one is cheaper to use.",
        )
    };
    Diagnostic::note(PAGE.code, format!("{} tokens per parameter are {what} for pretraining", number(ratio)))
        .at(duration, format!("Chinchilla's rule gives {} tokens", count(20 * parameters)))
        .because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::{FileId, Severity};

    #[test]
    fn says_which_way_it_is_off() {
        let span = Span::new(FileId(0), 0, 1);
        let little = far_from_chinchilla(span, 1.5, 1000);
        assert!(little.title.contains("1.500") && little.notes[0].contains("smaller"));
        assert_eq!(little.severity, Severity::Note);
        assert!(far_from_chinchilla(span, 900.0, 1000).notes[0].contains("larger"));
    }
}
