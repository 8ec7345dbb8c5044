//! From blocks of quantised values to f32.
//!
//! A block holds 32 or 256 values as small integers, with the numbers that scale them. All arithmetic is in f32 and in
//! the order of the reference (ggml), so that results are equal to the last bit.

use super::kind::Kind;

impl Kind {
    /// Decodes whole blocks: as many as both the bytes and the room for values hold.
    pub(super) fn decode(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Kind::F32 => each(bytes, values, |b, v: &mut [f32; 1]| *v = [f32::from_le_bytes(*b)]),
            Kind::F16 => each(bytes, values, |b, v: &mut [f32; 1]| *v = [half(*b)]),
            Kind::Bf16 => each(bytes, values, |[low, high], v: &mut [f32; 1]| {
                *v = [f32::from_le_bytes([0, 0, *low, *high])];
            }),
            Kind::Q4_0 => each(bytes, values, q4_0),
            Kind::Q4_1 => each(bytes, values, q4_1),
            Kind::Q5_0 => each(bytes, values, q5_0),
            Kind::Q5_1 => each(bytes, values, q5_1),
            Kind::Q8_0 => each(bytes, values, q8_0),
            Kind::Q4K => each(bytes, values, q4_k),
            Kind::Q5K => each(bytes, values, q5_k),
            Kind::Q6K => each(bytes, values, q6_k),
        }
    }
}

fn each<const BYTES: usize, const VALUES: usize>(
    bytes: &[u8],
    values: &mut [f32],
    block: impl Fn(&[u8; BYTES], &mut [f32; VALUES]),
) {
    for (from, to) in bytes.as_chunks().0.iter().zip(values.as_chunks_mut().0) {
        block(from, to);
    }
}

/// A half-precision number, which every f32 format holds exactly.
fn half(bytes: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(bytes));
    let (sign, exponent, fraction) = (bits >> 15 << 31, bits >> 10 & 0x1f, bits & 0x3ff);
    let size = match exponent {
        // 2⁻²⁴ times a whole number: exact.
        0 => (fraction as f32 * f32::from_bits(103 << 23)).to_bits(),
        // Infinities, and the payload of what is not a number.
        31 => 0xff << 23 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | size)
}

/// d f16, 16 bytes of two values each: `d (q - 8)`. The low halves are the first sixteen values, here and in the
/// next three.
fn q4_0([d0, d1, quants @ ..]: &[u8; 18], values: &mut [f32; 32]) {
    let d = half([*d0, *d1]);
    nibbles(quants, |i, q| put(values, i, d * (f32::from(q) - 8.0)));
}

/// d, m f16, 16 bytes: `d q + m`.
fn q4_1([d0, d1, m0, m1, quants @ ..]: &[u8; 20], values: &mut [f32; 32]) {
    let (d, m) = (half([*d0, *d1]), half([*m0, *m1]));
    nibbles(quants, |i, q| put(values, i, d * f32::from(q) + m));
}

/// d f16, 32 fifth bits, 16 bytes: `d (q - 16)`.
fn q5_0([d0, d1, h0, h1, h2, h3, quants @ ..]: &[u8; 22], values: &mut [f32; 32]) {
    let d = half([*d0, *d1]);
    let high = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    nibbles(quants, |i, q| put(values, i, d * (fifth(q, high, i) - 16.0)));
}

/// d, m f16, 32 fifth bits, 16 bytes: `d q + m`.
fn q5_1([d0, d1, m0, m1, h0, h1, h2, h3, quants @ ..]: &[u8; 24], values: &mut [f32; 32]) {
    let (d, m) = (half([*d0, *d1]), half([*m0, *m1]));
    let high = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    nibbles(quants, |i, q| put(values, i, d * fifth(q, high, i) + m));
}

/// d f16, 32 signed bytes: `d q`.
fn q8_0([d0, d1, quants @ ..]: &[u8; 34], values: &mut [f32; 32]) {
    let d = half([*d0, *d1]);
    for (value, q) in values.iter_mut().zip(quants) {
        *value = d * f32::from(*q as i8);
    }
}

/// d, m f16, 12 bytes of eight pairs (scale, minimum) of six bits, 128 bytes: eight groups of 32 values,
/// `(d scale) q - (m minimum)`. Two groups share 32 bytes, the first in the low halves.
fn q4_k([d0, d1, m0, m1, rest @ ..]: &[u8; 144], values: &mut [f32; 256]) {
    let (scales, quants) = rest.split_at(12);
    groups([*d0, *d1, *m0, *m1], scales, quants, None, values);
}

/// As the type of four bits, with 32 bytes of fifth bits before the 128: bit `g` of byte `i` is that of value `i` of
/// group `g`.
fn q5_k([d0, d1, m0, m1, rest @ ..]: &[u8; 176], values: &mut [f32; 256]) {
    let (scales, rest) = rest.split_at(12);
    let (high, quants) = rest.split_at(32);
    groups([*d0, *d1, *m0, *m1], scales, quants, high.first_chunk(), values);
}

fn groups(
    [d0, d1, m0, m1]: [u8; 4],
    scales: &[u8],
    quants: &[u8],
    high: Option<&[u8; 32]>,
    values: &mut [f32; 256],
) {
    let (d, m) = (half([d0, d1]), half([m0, m1]));
    for (group, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, minimum) = six_bits(scales, group);
        let (scale, minimum) = (d * scale, m * minimum);
        let quants = quants.chunks(32).nth(group / 2).unwrap_or(&[]);
        for (i, (value, byte)) in values.iter_mut().zip(quants).enumerate() {
            let low = byte >> (4 * (group % 2)) & 15;
            let fifth = high.and_then(|high| high.get(i)).map_or(0, |bits| bits >> group & 1);
            *value = scale * f32::from(low | fifth << 4) - minimum;
        }
    }
}

/// Scale and minimum of a group. The first four have a byte each for both, whose upper two bits belong to the last
/// four; those have their lower bits in the halves of the last four bytes.
fn six_bits(packed: &[u8], group: usize) -> (f32, f32) {
    let byte = |i: usize| packed.get(i).copied().unwrap_or(0);
    let (scale, minimum) = match group {
        0..4 => (byte(group) & 63, byte(group + 4) & 63),
        _ => {
            let low = byte(group + 4);
            (low & 15 | byte(group - 4) >> 6 << 4, low >> 4 | byte(group) >> 6 << 4)
        }
    };
    (f32::from(scale), f32::from(minimum))
}

/// 128 bytes of lower halves, 64 bytes of upper two bits, 16 signed scales, d f16: `(d scale) (q - 32)`, a scale for
/// sixteen values. Each half of the block is four runs of 32 values: runs 0 and 2 are the halves of the first 32
/// bytes, 1 and 3 those of the next 32; the upper bits of run `r` are bits `2r` and `2r + 1`.
fn q6_k(block: &[u8; 210], values: &mut [f32; 256]) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(16);
    let d = half(d.first_chunk().copied().unwrap_or_default());
    for (i, value) in values.iter_mut().enumerate() {
        let (side, run, at) = (i / 128, i / 32 % 4, i % 32);
        let byte = |from: &[u8], i: usize| from.get(i).copied().unwrap_or(0);
        let lower = byte(low, 64 * side + 32 * (run % 2) + at) >> (4 * (run / 2)) & 15;
        let upper = byte(high, 32 * side + at) >> (2 * run) & 3;
        let scale = byte(scales, i / 16) as i8;
        *value = d * f32::from(scale) * (f32::from(lower | upper << 4) - 32.0);
    }
}

/// Calls `take` with every half byte and the value it belongs to.
fn nibbles(bytes: &[u8; 16], mut take: impl FnMut(usize, u8)) {
    for (i, byte) in bytes.iter().enumerate() {
        take(i, byte & 15);
        take(i + 16, byte >> 4);
    }
}

fn fifth(low: u8, high: u32, i: usize) -> f32 {
    f32::from(low | (((high >> i & 1) as u8) << 4))
}

fn put(values: &mut [f32; 32], i: usize, value: f32) {
    if let Some(to) = values.get_mut(i) {
        *to = value;
    }
}

#[cfg(test)]
mod tests;
