//! How kernels on a GPU divide their work. The plan counts their temporary memory by these numbers, the runtime launches
//! them with the same; they depend on shapes alone, so that sums are added up in the same order on every card.

/// Multiprocessors of the cards that the numbers were chosen on.
const MULTIPROCESSORS: u64 = 132;

/// Into how many parts a sum over `rows` rows of `columns` is divided; each leaves one row of partial sums.
pub fn stripes(rows: u64, columns: u64) -> u64 {
    let wanted = 6 * 1024 * MULTIPROCESSORS / columns.max(1);
    wanted.min(8 * MULTIPROCESSORS).min(rows).max(1)
}

/// Threads of a multiprocessor that a layer norm's gradient of long rows keeps busy, and columns that each takes at once.
const NORM_THREADS: u64 = 1024;
/// The same for `runtime/src/cuda/kernels/norms.cu`.
pub const NORM_LANES: u64 = 4;

/// Rows that a warp takes alone, and how many blocks of four warps a multiprocessor runs then: the sums that they keep say so.
pub const NORM_WARP_ROWS: [(u64, u64); 4] = [(256, 3), (512, 3), (768, 3), (1024, 2)];

/// Into how many parts a layer norm's gradient over `rows` rows of `columns` is divided: its blocks all run at once.
pub fn norm_stripes(rows: u64, columns: u64) -> u64 {
    let by_warps = NORM_WARP_ROWS.iter().find(|(length, _)| *length == columns);
    let by_blocks = NORM_THREADS / columns.div_ceil(NORM_LANES).next_multiple_of(32).clamp(32, NORM_THREADS);
    let blocks = by_warps.map_or(by_blocks.min(8), |(_, blocks)| *blocks);
    (MULTIPROCESSORS * blocks).min(rows).max(1)
}

/// Elements that one block of an optimizer's kernel updates.
pub const CHUNK: u64 = 16_384;

/// Blocks that a list of tensors is cut into, none of them over two tensors.
pub fn chunks(elements: impl IntoIterator<Item = u64>) -> u64 {
    elements.into_iter().map(|n| n.div_ceil(CHUNK)).sum()
}

/// Largest head that the kernel of attention over a cache takes: its lanes keep the dimensions of one.
pub const CACHED_HEAD: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_sums_are_divided_further_and_never_beyond_their_rows() {
        assert_eq!([768, 3072, 50_304, 1 << 20].map(|columns| stripes(32_768, columns)), [1056, 264, 16, 1]);
        assert_eq!(stripes(7, 768), 7);
        assert_eq!(
            [64, 768, 1600, 20_000].map(|columns| norm_stripes(32_768, columns)),
            [1056, 396, 264, 132]
        );
        assert_eq!((norm_stripes(7, 768), norm_stripes(0, 0)), (7, 1));
        assert_eq!(stripes(0, 0), 1);
    }

    #[test]
    fn every_tensor_begins_a_chunk() {
        assert_eq!(chunks([1, CHUNK, CHUNK + 1, 0]), 4);
    }
}
