//! What rewards tell of pairs of answers: how often the better one has the greater, and by how much. Sums are made sample by sample, in their
//! order, so that the size of batches changes no digit.

/// Metrics that are counted.
pub const METRICS: [&str; 4] = ["accuracy", "margin", "chosen_reward", "rejected_reward"];

/// Sums over the pairs so far.
#[derive(Clone, Debug, Default)]
pub struct Rewards {
    pairs: u64,
    right: u64,
    chosen: f64,
    rejected: f64,
}

impl Rewards {
    /// Adds a batch: two rewards a sample, that of the chosen answer first, and labels; samples without a label do not count. Equal rewards
    /// tell nothing apart.
    pub fn add(&mut self, rewards: &[f64], labels: &[i64]) {
        for (pair, label) in rewards.as_chunks::<2>().0.iter().zip(labels) {
            if *label < 0 {
                continue;
            }
            let [chosen, rejected] = *pair;
            self.pairs += 1;
            self.right += u64::from(chosen > rejected);
            self.chosen += chosen;
            self.rejected += rejected;
        }
    }

    /// The metrics by name.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mean = |sum: f64| if self.pairs == 0 { 0.0 } else { sum / self.pairs as f64 };
        let (chosen, rejected) = (mean(self.chosen), mean(self.rejected));
        let values = [mean(self.right as f64), chosen - rejected, chosen, rejected];
        METRICS.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_only_fill_up_and_equal_rewards_do_not_count_as_right() {
        let mut all = Rewards::default();
        all.add(&[2.0, 1.0, 0.5, 0.5, 9.0, -9.0, -1.0, 1.5], &[0, 0, -100, 0]);
        let values: Vec<f64> = all.metrics().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [1.0 / 3.0, 0.5 - 1.0, 0.5, 1.0]);
        assert_eq!(Rewards::default().metrics()[0].1, 0.0);
    }
}
