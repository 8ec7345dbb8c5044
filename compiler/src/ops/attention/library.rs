//! Temporary memory of the vendor's attention kernels, as libtorch 2.11.0 asks for it with q, k and v strided as
//! `[B, T, H, D]`. Every formula was measured on an H100 over a grid of shapes.

use crate::graph::Traits;

/// Whose kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    Cudnn,
    Flash,
}

/// (B, T, S, H, D)
type Sizes = (u64, u64, u64, u64, u64);

/// A seed and an offset that nobody reads without dropout, 8 bytes each.
const SEEDS: u64 = 16;
/// cuDNN's smallest workspace.
const CUDNN: u64 = 256;
/// Flash has two numbers as seed, one as offset.
const FLASH_SEEDS: u64 = 24;
/// The seed that a gradient is handed.
const SEED: u64 = 8;

impl Library {
    /// Bytes beyond o and lse.
    pub(super) fn forward(self, sizes: Sizes, device: &Traits) -> u64 {
        match self {
            Library::Cudnn => SEEDS + CUDNN,
            Library::Flash => FLASH_SEEDS + split(sizes, device.multiprocessors),
        }
    }

    /// Bytes beyond dq, dk and dv: dq in f32, and Σ do·o of each row.
    pub(super) fn backward(self, (b, t, _, h, d): Sizes, device: &Traits) -> u64 {
        match self {
            Library::Cudnn => 4 * b * h * t * (d + 1) + CUDNN + SEED,
            Library::Flash => {
                let (rows, width) = (t.next_multiple_of(128), d.next_multiple_of(32));
                // One part of dq for each that adds to it, so that the order of additions is fixed.
                let parts =
                    if device.reproducible { device.multiprocessors.div_ceil(b * h).max(1) } else { 1 };
                4 * b * h * rows * (parts * width + 1) + SEED
            }
        }
    }
}

/// Flash divides the keys where heads and rows alone do not fill the card; every part leaves its o and lse in f32.
fn split((b, t, s, h, d): Sizes, multiprocessors: u64) -> u64 {
    let keys_of_a_block = match d {
        0..=64 => 256,
        65..=128 => 128,
        _ => 64,
    };
    let blocks = b * h * t.div_ceil(64);
    let parts = parts(blocks, 2 * multiprocessors, s.div_ceil(keys_of_a_block));
    if parts == 1 { 0 } else { parts * 4 * b * h * t * (d.next_multiple_of(32) + 1) }
}

/// The fewest parts with which the card is nearly as busy as it can be.
fn parts(blocks: u64, places: u64, key_blocks: u64) -> u64 {
    if blocks as f32 >= 0.8 * places as f32 {
        return 1;
    }
    let most = 128.min(places).min(key_blocks);
    let new = |n: u64| n == 1 || key_blocks.div_ceil(n) != key_blocks.div_ceil(n - 1);
    let busy = |n: u64| {
        let waves = (blocks * n) as f32 / places as f32;
        waves / waves.ceil()
    };
    let best = (1..=most).filter(|n| new(*n)).map(busy).fold(0.0, f32::max);
    (1..=most).find(|n| new(*n) && busy(*n) >= 0.85 * best).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::fuse::Fusions;
    use regimen_base::plan::Backend;

    fn h100(reproducible: bool) -> Traits {
        Traits {
            backend: Backend::Cuda,
            threads: 0,
            multiprocessors: 132,
            reproducible,
            fusions: Fusions::NONE,
        }
    }

    /// Bytes that libtorch's allocator counted on an H100, less those of the results.
    #[test]
    fn what_was_measured_is_what_is_planned() {
        let measured = [
            ((32, 1024, 12, 64), 272, 102_236_416, 24, 102_236_160),
            ((1, 1024, 12, 64), 272, 3_195_136, 12_779_544, 3_194_880),
            ((3, 100, 5, 40), 272, 246_256, 24, 499_200),
            ((4, 1000, 4, 128), 272, 8_256_256, 24, 8_454_144),
            ((5, 129, 2, 8), 272, 46_696, 24, 337_920),
            ((2, 512, 16, 96), 272, 6_357_248, 24, 6_356_992),
        ];
        for ((b, t, h, d), cudnn, cudnn_grad, flash, flash_grad) in measured {
            let sizes = (b, t, t, h, d);
            assert_eq!(Library::Cudnn.forward(sizes, &h100(false)), cudnn, "{sizes:?}");
            assert_eq!(Library::Cudnn.backward(sizes, &h100(false)), cudnn_grad + SEED, "{sizes:?}");
            assert_eq!(Library::Flash.forward(sizes, &h100(false)), flash, "{sizes:?}");
            assert_eq!(Library::Flash.backward(sizes, &h100(false)), flash_grad + SEED, "{sizes:?}");
        }
    }

    #[test]
    fn a_fixed_order_takes_memory_where_heads_are_few() {
        let sizes = (8, 4096, 4096, 12, 64);
        let of = |reproducible| Library::Flash.backward(sizes, &h100(reproducible)) - SEED;
        assert_eq!(of(true) - of(false), 4 * 8 * 12 * 4096 * 64);
    }
}
