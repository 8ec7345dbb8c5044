//! What is told of classes, counted: accuracy and the mean F1. Counts are whole numbers, so neither the order of batches nor their size
//! changes a digit.

/// Metrics that are counted.
pub const METRICS: [&str; 2] = ["accuracy", "macro_f1"];

/// How often each class was told, was right, and was both.
#[derive(Clone, Debug)]
pub struct Tally {
    told: Vec<u64>,
    labelled: Vec<u64>,
    right: Vec<u64>,
}

impl Tally {
    /// Nothing yet, of so many classes.
    pub fn new(classes: u64) -> Tally {
        let none = vec![0; classes as usize];
        Tally { told: none.clone(), labelled: none.clone(), right: none }
    }

    /// Adds a batch: logits by sample, and labels; samples without a label do not count. Of equal logits the first class is told.
    pub fn add(&mut self, logits: &[f64], labels: &[i64]) {
        for (logits, label) in logits.chunks_exact(self.told.len().max(1)).zip(labels) {
            let Ok(label) = usize::try_from(*label) else { continue };
            let told = largest(logits);
            for (counts, class) in [(&mut self.told, told), (&mut self.labelled, label)] {
                if let Some(count) = counts.get_mut(class) {
                    *count += 1;
                }
            }
            if let (true, Some(count)) = (told == label, self.right.get_mut(label)) {
                *count += 1;
            }
        }
    }

    /// The metrics by name. F1 of a class that was neither told nor ever right is 0.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let accuracy = share(self.right.iter().sum(), self.labelled.iter().sum());
        let counts = self.told.iter().zip(&self.labelled).zip(&self.right);
        // 2·precision·recall / (precision + recall) = 2·right / (told + labelled)
        let f1: f64 = counts.map(|((told, labelled), right)| share(2 * right, told + labelled)).sum();
        let values = [accuracy, f1 / self.told.len().max(1) as f64];
        METRICS.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value)).collect()
    }
}

fn largest(logits: &[f64]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if Some(logit) > logits.get(best) {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As accuracy_score and f1_score(average="macro") of scikit-learn define them so.
    #[test]
    fn accuracy_and_mean_f1_are_counted() {
        let (labels, told) = ([0i64, 0, 1, 2, 1], [0, 0, 0, 1, 1]);
        let mut tally = Tally::new(3);
        for (label, told) in labels.iter().zip(told) {
            let logits: Vec<f64> = (0..3).map(|class| if class == told { 1.0 } else { 0.0 }).collect();
            tally.add(&logits, &[*label]);
        }
        let metrics = tally.metrics();
        assert_eq!(metrics[0], ("accuracy".to_owned(), 0.6));
        assert!((metrics[1].1 - (0.8 + 0.5 + 0.0) / 3.0).abs() < 1e-15, "{metrics:?}");
    }

    #[test]
    fn samples_without_a_label_do_not_count_and_the_first_of_equals_is_told() {
        let mut tally = Tally::new(2);
        tally.add(&[0.5, 0.5, 0.0, 1.0], &[0, -100]);
        assert_eq!(tally.metrics(), [("accuracy".to_owned(), 1.0), ("macro_f1".to_owned(), 0.5)]);
        assert_eq!(Tally::new(2).metrics()[0].1, 0.0);
    }
}
