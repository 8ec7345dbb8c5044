//! Relative positions of DeBERTa v2 and v3: near ones each have a row of the table, far ones share rows logarithmically.

/// The row of a table of `2·span` rows for every distance, from −(length − 1) to length − 1. With `buckets`, distances beyond half of
/// them are rounded up on a logarithmic scale that ends at `farthest`; further ones share the last row.
pub fn rows(length: u64, buckets: Option<u64>, farthest: u64) -> Vec<i64> {
    let span = buckets.unwrap_or(farthest) as i64;
    let last = length.saturating_sub(1) as i64;
    let row = |distance: i64| {
        let bucket = buckets.map_or(distance, |buckets| bucket(distance, buckets as i64, farthest));
        (bucket + span).clamp(0, 2 * span - 1)
    };
    (-last..=last).map(row).collect()
}

/// `sign · (⌈ln(|distance| / mid) / ln((farthest − 1) / mid) · (mid − 1)⌉ + mid)` beyond the middle.
fn bucket(distance: i64, buckets: i64, farthest: u64) -> i64 {
    let mid = buckets / 2;
    if distance.abs() <= mid {
        return distance;
    }
    let scaled = (distance.abs() as f64 / mid as f64).ln() / ((farthest as f64 - 1.0) / mid as f64).ln();
    distance.signum() * ((scaled * (mid - 1) as f64).ceil() as i64 + mid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_buckets_distances_are_cut_off() {
        assert_eq!(rows(4, None, 2), [0, 0, 1, 2, 3, 3, 3]);
    }

    #[test]
    fn rows_never_decrease_and_stay_in_the_table() {
        for (length, buckets, farthest) in [(512, 256, 512), (40, 8, 40), (300, 6, 33), (2, 2, 9), (9, 4, 9)]
        {
            let rows = rows(length, Some(buckets), farthest);
            assert!(rows.windows(2).all(|pair| pair[0] <= pair[1]), "{rows:?}");
            assert!(rows.iter().all(|row| (0..2 * buckets as i64).contains(row)));
            assert_eq!(rows[length as usize - 1], buckets as i64, "distance 0");
        }
    }

    /// `make_log_bucket_position` of transformers' DeBERTa-v2, 256 buckets and at most 512 tokens.
    #[test]
    fn buckets_are_those_of_transformers() {
        let found: Vec<i64> = [0, 1, 128, 129, 130, 150, 200, 300, 400, 511, -129, -511]
            .iter()
            .map(|d| bucket(*d, 256, 512))
            .collect();
        assert_eq!(found, EXPECTED);
    }

    const EXPECTED: [i64; 12] = [0, 1, 128, 129, 130, 143, 169, 207, 233, 255, -129, -255];
}
