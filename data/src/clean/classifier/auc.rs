//! The area under the ROC curve.

/// How often a positive score is above a negative one, ties counting half (Mann, Whitney), and its standard error (Hanley, McNeil: The
/// meaning and use of the area under a receiver operating characteristic curve, 1982).
pub(super) fn auc(positive: &[f64], negative: &[f64]) -> (f64, f64) {
    let mut scores: Vec<(f64, bool)> =
        positive.iter().map(|s| (*s, true)).chain(negative.iter().map(|s| (*s, false))).collect();
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for equal in scores.chunk_by(|a, b| a.0 == b.0) {
        let positives = equal.iter().filter(|(_, positive)| *positive).count() as f64;
        let negatives = equal.len() as f64 - positives;
        wins += positives * (below + negatives / 2.0);
        below += negatives;
    }
    let (n, m) = (positive.len() as f64, negative.len() as f64);
    let area = wins / (n * m);
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let variance =
        (area * (1.0 - area) + (n - 1.0) * (q1 - area * area) + (m - 1.0) * (q2 - area * area)) / (n * m);
    (area, variance.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_in_the_right_order_over_all_pairs() {
        assert_eq!(auc(&[0.9, 0.8], &[0.1, 0.2]).0, 1.0);
        assert_eq!(auc(&[0.1, 0.2], &[0.8, 0.9]).0, 0.0);
        assert_eq!(auc(&[0.5, 0.5], &[0.5]).0, 0.5);
        // Of 3 · 2 pairs, (0.9, ·) twice, (0.6, 0.3), (0.3, 0.3) half.
        assert_eq!(auc(&[0.9, 0.6, 0.3], &[0.7, 0.3]).0, 3.5 / 6.0);
        // The paper's example: an area of 0.893 from 51 and 58 has a standard error of 0.032.
        let spread: Vec<f64> = (0..51).map(f64::from).collect();
        let other: Vec<f64> = (0..58).map(|i| f64::from(i) - 33.5).collect();
        let (area, error) = auc(&spread, &other);
        assert!((area - 0.89).abs() < 0.03 && (error - 0.032).abs() < 0.006, "{area} {error}");
    }
}
