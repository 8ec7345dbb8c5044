//! What a plan says of pairs of answers: how they fill samples, and the head that gives rewards.

use super::records::{head, percent};
use super::show::{self, count};
use crate::experiment::{Objective, Stage};
use crate::stages::classify::marks;

/// Names, values and where these come from.
pub fn derived(stage: &Stage) -> Vec<(&'static str, String, String)> {
    if !matches!(stage.objective, Objective::RewardModel { .. }) {
        return vec![];
    }
    let Some(train) = stage.data_facts.splits.iter().find(|s| s.name == "train") else { return vec![] };
    let pairs = stage.samples_of(train);
    let epochs = (stage.steps * stage.batch) as f64 / pairs.max(1) as f64;
    let mut list = vec![("epochs", show::number(epochs), format!("{} training pairs", count(pairs)))];
    if let Some(answers) = &train.answers {
        let fitted = answers.fit(stage.sequence, marks(stage).around());
        let left_out = match fitted.too_long {
            0 => String::new(),
            n => format!("{} with a text longer than a sample are left out", count(n)),
        };
        list.push(("pairs", count(fitted.pairs), left_out));
        let all = fitted.pairs * stage.texts() * stage.sequence;
        let padding = all.saturating_sub(fitted.tokens) as f64 / all.max(1) as f64;
        list.push(("padding", percent(padding), format!("of {} tokens a text", count(stage.sequence))));
    }
    list.push(head(stage));
    list
}
