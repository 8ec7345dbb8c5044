//! E0595: a classifier that hardly tells its samples apart.

use crate::clean::Trained;
use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0595` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0595"),
    title: "a classifier that hardly tells its samples apart",
    page: r#"A cleaning step `classifier` is measured on documents that it did not learn from. The area under the ROC curve is the share of pairs of
a positive and a negative document of which the positive one scores higher: 0.5 is a coin's toss, 1 is perfect. Below 0.8, or where 0.8 is within
two standard errors, what the step drops has little to do with what was meant. Larger samples help, or samples that differ in what you want to tell
apart and in nothing else.

Documents are held out by files where both samples have several, so that the classifier cannot know a document by the others of its file. Where a
sample is one file, its own documents are held out, and the figure is too good for documents from elsewhere.
"#,
};

/// Areas below this are said.
const POOR: f64 = 0.8;

/// A warning, if the classifier of a step of `dataset` is poor.
pub fn poor(dataset: &str, trained: &Trained) -> Option<Diagnostic> {
    let (auc, error) = (trained.auc, trained.standard_error);
    let [positive, negative] = trained.held_out;
    // An area that is not a number is poor as well.
    if auc - 2.0 * error >= POOR {
        return None;
    }
    let title =
        format!("the classifier of `{dataset}` hardly tells its samples apart: AUC {auc:.3} ± {error:.3}");
    Some(
        Diagnostic::warning(PAGE.code, title)
            .because(format!("Measured on {positive} positive and {negative} negative documents that it did not learn from."))
            .help("give it larger samples, or samples that differ in what it is to tell apart"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained(auc: f64, standard_error: f64) -> Trained {
        Trained { trained_on: [80, 80], held_out: [20, 20], other_files: true, auc, standard_error }
    }

    #[test]
    fn says_what_was_reached() {
        assert!(
            poor("web", &trained(0.6, 0.05))
                .unwrap()
                .title
                .contains("`web` hardly tells its samples apart: AUC 0.600 ± 0.050")
        );
        assert!(
            poor("web", &trained(0.85, 0.05)).is_some() && poor("web", &trained(f64::NAN, 0.0)).is_some()
        );
        assert_eq!(poor("web", &trained(0.95, 0.02)), None);
    }
}
