//! Matrices of any element size: transposition, and rows that change places.

/// Edge of the square blocks that are transposed at a time, so that both sides stay in the cache.
const BLOCK: usize = 32;

/// The transpose of a row-major matrix of `rows` × `columns` elements of `size` bytes.
///
/// Bytes beyond the matrix are ignored; places without a source stay zero.
pub fn transpose(bytes: &[u8], rows: usize, columns: usize, size: usize) -> Vec<u8> {
    let mut out = vec![0; bytes.len()];
    for first_row in (0..rows).step_by(BLOCK) {
        for first_column in (0..columns).step_by(BLOCK) {
            for row in first_row..(first_row + BLOCK).min(rows) {
                for column in first_column..(first_column + BLOCK).min(columns) {
                    let (from, to) = ((row * columns + column) * size, (column * rows + row) * size);
                    if let (Some(a), Some(b)) = (bytes.get(from..from + size), out.get_mut(to..to + size)) {
                        b.copy_from_slice(a);
                    }
                }
            }
        }
    }
    out
}

/// Exchanges two of a tensor's rows; those that it does not have stay where they are.
pub fn swap_rows(bytes: &mut [u8], rows: u64, (a, b): (u32, u32)) {
    let row = bytes.len() / (rows as usize).max(1);
    let (low, high) = (a.min(b) as usize * row, a.max(b) as usize * row);
    if low == high || high + row > bytes.len() {
        return;
    }
    let (before, after) = bytes.split_at_mut(high);
    before[low..low + row].swap_with_slice(&mut after[..row]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_change_places_and_back() {
        let mut bytes: Vec<u8> = (0..12).collect();
        swap_rows(&mut bytes, 4, (3, 1));
        assert_eq!(bytes, [0, 1, 2, 9, 10, 11, 6, 7, 8, 3, 4, 5]);
        swap_rows(&mut bytes, 4, (1, 3));
        assert_eq!(bytes, (0..12).collect::<Vec<u8>>());
        swap_rows(&mut bytes, 4, (1, 4));
        assert_eq!(bytes, (0..12).collect::<Vec<u8>>(), "there is no such row");
    }

    #[test]
    fn elements_move_whole() {
        // [[1, 2, 3], [4, 5, 6]] of two-byte numbers.
        let bytes: Vec<u8> = [1u16, 2, 3, 4, 5, 6].iter().flat_map(|n| n.to_le_bytes()).collect();
        let expected: Vec<u8> = [1u16, 4, 2, 5, 3, 6].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(transpose(&bytes, 2, 3, 2), expected);
    }

    #[test]
    fn twice_is_nothing_across_block_edges() {
        let (rows, columns) = (BLOCK + 5, 2 * BLOCK + 3);
        let bytes: Vec<u8> = (0..rows * columns * 4).map(|i| (i % 251) as u8).collect();
        let once = transpose(&bytes, rows, columns, 4);
        assert_ne!(once, bytes);
        assert_eq!(transpose(&once, columns, rows, 4), bytes);
    }
}
