//! How kernels on a GPU divide their work. The plan counts their temporary memory by these numbers, the runtime launches
//! them with the same; they depend on shapes alone, so that sums are added up in the same order on every card.

/// Multiprocessors of the cards that the numbers were chosen on.
const MULTIPROCESSORS: u64 = 132;

/// Into how many parts a sum over `rows` rows of `columns` is divided; each leaves one row of partial sums.
pub fn stripes(rows: u64, columns: u64) -> u64 {
    let wanted = 6 * 1024 * MULTIPROCESSORS / columns.max(1);
    wanted.clamp(MULTIPROCESSORS, 8 * MULTIPROCESSORS).min(rows).max(1)
}

/// Elements that one block of an optimizer's kernel updates.
pub const CHUNK: u64 = 16_384;

/// Blocks that a list of tensors is cut into, none of them over two tensors.
pub fn chunks(elements: impl IntoIterator<Item = u64>) -> u64 {
    elements.into_iter().map(|n| n.div_ceil(CHUNK)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_sums_are_divided_further_and_never_beyond_their_rows() {
        assert_eq!([768, 3072, 1 << 20].map(|columns| stripes(32_768, columns)), [1056, 264, 132]);
        assert_eq!(stripes(7, 768), 7);
        assert_eq!(stripes(0, 0), 1);
    }

    #[test]
    fn every_tensor_begins_a_chunk() {
        assert_eq!(chunks([1, CHUNK, CHUNK + 1, 0]), 4);
    }
}
