//! Each type with a block put together by hand. Half-precision numbers used: 0x3800 is ½, 0x4000 is 2, 0x3c00 is 1.

use super::*;

fn decoded<const N: usize>(kind: Kind, bytes: &[u8]) -> [f32; N] {
    assert_eq!(bytes.len() as u64 * kind.values(), N as u64 * kind.bytes());
    let mut values = [f32::NAN; N];
    kind.decode(bytes, &mut values);
    values
}

/// A block of zeros with some bytes set.
fn block<const N: usize>(set: &[(usize, u8)]) -> [u8; N] {
    let mut bytes = [0; N];
    for (at, byte) in set {
        bytes[*at] = *byte;
    }
    bytes
}

#[test]
fn half_precision_is_widened_exactly() {
    for (bits, expected) in [
        (0x0000u16, 0.0),
        (0x3c00, 1.0),
        (0xc100, -2.5),
        (0x7bff, 65504.0),
        (0x0400, 2f32.powi(-14)),
        (0x0001, 2f32.powi(-24)),
        (0x83ff, -1023.0 * 2f32.powi(-24)),
        (0xfc00, f32::NEG_INFINITY),
    ] {
        assert_eq!(half(bits.to_le_bytes()), expected, "{bits:#x}");
    }
    assert_eq!(half(0x8000u16.to_le_bytes()).to_bits(), (-0.0f32).to_bits());
    assert!(half(0x7e00u16.to_le_bytes()).is_nan());
}

#[test]
fn plain_numbers() {
    assert_eq!(decoded(Kind::F32, &(-1.5f32).to_le_bytes()), [-1.5]);
    assert_eq!(decoded(Kind::F16, &[0, 0x3c, 0, 0xc1]), [1.0, -2.5]);
    assert_eq!(decoded(Kind::Bf16, &[0x80, 0x3f, 0x20, 0xc0]), [1.0, -2.5]);
}

#[test]
fn q4_0_is_centred_on_eight() {
    // d = ½; byte 0 holds values 0 (15) and 16 (9).
    let values: [f32; 32] = decoded(Kind::Q4_0, &block::<18>(&[(1, 0x38), (2, 0x9f)]));
    assert_eq!((values[0], values[16], values[1]), (3.5, 0.5, -4.0));
}

#[test]
fn q4_1_has_a_minimum() {
    // d = ½, m = 2; the last byte holds values 15 (3) and 31 (10).
    let values: [f32; 32] = decoded(Kind::Q4_1, &block::<20>(&[(1, 0x38), (3, 0x40), (19, 0xa3)]));
    assert_eq!((values[15], values[31], values[0]), (3.5, 7.0, 2.0));
}

#[test]
fn q5_0_has_fifth_bits() {
    // d = ½; fifth bits of values 0 and 17; byte 0: 1 and 0, byte 1: 0 and 15.
    let set = [(1, 0x38), (2, 0x01), (4, 0x02), (6, 0x01), (7, 0xf0)];
    let values: [f32; 32] = decoded(Kind::Q5_0, &block::<22>(&set));
    assert_eq!((values[0], values[17], values[16], values[1]), (0.5, 7.5, -8.0, -8.0));
}

#[test]
fn q5_1_has_both() {
    // d = ½, m = 2; the fifth bit of value 31; the last byte: 3 and 10.
    let set = [(1, 0x38), (3, 0x40), (7, 0x80), (23, 0xa3)];
    let values: [f32; 32] = decoded(Kind::Q5_1, &block::<24>(&set));
    assert_eq!((values[15], values[31], values[0]), (3.5, 15.0, 2.0));
}

#[test]
fn q8_0_is_signed() {
    let values: [f32; 32] = decoded(Kind::Q8_0, &block::<34>(&[(1, 0x38), (2, 0x80), (33, 3)]));
    assert_eq!((values[0], values[31], values[1]), (-64.0, 1.5, 0.0));
}

/// d = ½ and m = 2. Group 1: scale 3, minimum 5. Group 6: scale 0x2b = 43 (low half 11 in byte 10, upper two bits 2 in
/// byte 2), minimum 0x1c = 28 (high half 12 in byte 10, upper two bits 1 in byte 6).
const K_SCALES: [(usize, u8); 7] =
    [(1, 0x38), (3, 0x40), (4 + 1, 3), (4 + 5, 5), (4 + 10, 0xcb), (4 + 2, 2 << 6), (4 + 6, 1 << 6)];

#[test]
fn q4_k_has_scales_of_six_bits() {
    // Group 1 is the high halves of the first 32 bytes, group 6 the low halves of the last 32.
    let set = [&K_SCALES[..], &[(16, 0x70), (16 + 96 + 31, 0x0f)]].concat();
    let values: [f32; 256] = decoded(Kind::Q4K, &block::<144>(&set));
    assert_eq!(values[32], 0.5 * 3.0 * 7.0 - 2.0 * 5.0);
    assert_eq!(values[33], -10.0);
    assert_eq!(values[6 * 32 + 31], 0.5 * 43.0 * 15.0 - 2.0 * 28.0);
    assert_eq!((values[0], values[7 * 32]), (0.0, 0.0));
}

#[test]
fn q5_k_adds_a_bit_of_the_group() {
    // Value 0 of group 1 has bit 1 of byte 0; value 31 of group 6 bit 6 of byte 31.
    let set = [&K_SCALES[..], &[(16, 1 << 1), (16 + 31, 1 << 6), (48, 0x70), (48 + 96 + 31, 0x0f)]].concat();
    let values: [f32; 256] = decoded(Kind::Q5K, &block::<176>(&set));
    assert_eq!(values[32], 0.5 * 3.0 * 23.0 - 2.0 * 5.0);
    assert_eq!(values[6 * 32 + 31], 0.5 * 43.0 * 31.0 - 2.0 * 28.0);
    assert_eq!(values[6 * 32], -56.0);
}

#[test]
fn q6_k_is_centred_on_thirty_two() {
    // d = ½. Value 0: run 0, lower 5, upper 3. Value 128 + 64 + 40: second side, run 3, place 8: high half of byte
    // 64 + 32 + 8 (6), bits 6 and 7 of upper byte 32 + 8 (1); scale 14 is -2.
    let set = [
        (0, 0x05),
        (64 + 40, 0x60),
        (128, 0x03),
        (128 + 40, 1 << 6),
        (192, 2),
        (192 + 14, 0xfe),
        (209, 0x38),
    ];
    let values: [f32; 256] = decoded(Kind::Q6K, &block::<210>(&set));
    assert_eq!(values[0], 0.5 * 2.0 * f32::from(0x35u8 - 32));
    assert_eq!(values[1], 0.5 * 2.0 * -32.0);
    assert_eq!(values[128 + 96 + 8], 0.5 * -2.0 * f32::from(0x16i8 - 32));
    assert_eq!(values[16], 0.0);
}

#[test]
fn what_does_not_fill_a_block_is_left_alone() {
    let mut values = [7.0; 33];
    Kind::Q8_0.decode(&[0; 40], &mut values);
    assert_eq!((values[31], values[32]), (0.0, 7.0));
}
