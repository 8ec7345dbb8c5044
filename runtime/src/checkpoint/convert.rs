//! Conversion between floating-point types on the host, rounding to nearest even.

use half::{bf16, f16};
use regimen_base::tensor::DType;

/// Converts little-endian numbers of one floating type into another.
///
/// Returns false, leaving `out` unspecified, if a type is not floating or the lengths do not fit.
pub fn convert(from: DType, bytes: &[u8], to: DType, out: &mut [u8]) -> bool {
    if from == to {
        let fits = bytes.len() == out.len();
        if fits {
            out.copy_from_slice(bytes);
        }
        return fits;
    }
    let (a, b) = (from.size() as usize, to.size() as usize);
    if !from.is_float() || !to.is_float() || bytes.len() / a != out.len() / b {
        return false;
    }
    for (number, place) in bytes.chunks_exact(a).zip(out.chunks_exact_mut(b)) {
        write(to, read(from, number), place);
    }
    true
}

/// Whether every number is finite.
pub fn all_finite(dtype: DType, bytes: &[u8]) -> bool {
    !dtype.is_float() || bytes.chunks_exact(dtype.size() as usize).all(|n| read(dtype, n).is_finite())
}

/// All numbers as f64.
pub fn to_f64(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(dtype.size() as usize).map(|n| read(dtype, n)).collect()
}

/// Writes one number of any type; integers are rounded towards zero.
pub fn write(dtype: DType, value: f64, out: &mut [u8]) {
    match dtype {
        DType::F64 => put(out, value.to_le_bytes()),
        DType::F32 => put(out, (value as f32).to_le_bytes()),
        DType::Bf16 => put(out, to_bf16(value).to_le_bytes()),
        DType::F16 => put(out, f16::from_f64(value).to_le_bytes()),
        DType::I64 => put(out, (value as i64).to_le_bytes()),
        DType::I32 => put(out, (value as i32).to_le_bytes()),
        DType::U8 => put(out, [value as u8]),
        DType::Bool => put(out, [u8::from(value != 0.0)]),
    }
}

/// By way of f32 where the number is one, as libtorch converts; exact f64 numbers are rounded once.
fn to_bf16(value: f64) -> bf16 {
    let single = value as f32;
    if f64::from(single) == value { bf16::from_f32(single) } else { bf16::from_f64(value) }
}

fn read(dtype: DType, bytes: &[u8]) -> f64 {
    match dtype {
        DType::F64 => f64::from_le_bytes(take(bytes)),
        DType::F32 => f64::from(f32::from_le_bytes(take(bytes))),
        DType::Bf16 => bf16::from_le_bytes(take(bytes)).to_f64(),
        DType::F16 => f16::from_le_bytes(take(bytes)).to_f64(),
        DType::I64 => i64::from_le_bytes(take(bytes)) as f64,
        DType::I32 => f64::from(i32::from_le_bytes(take(bytes))),
        DType::U8 | DType::Bool => f64::from(u8::from_le_bytes(take(bytes))),
    }
}

fn take<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut number = [0; N];
    for (place, byte) in number.iter_mut().zip(bytes) {
        *place = *byte;
    }
    number
}

fn put<const N: usize>(out: &mut [u8], number: [u8; N]) {
    for (place, byte) in out.iter_mut().zip(number) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bf16_bits(value: f32) -> u16 {
        let mut out = [0; 2];
        assert!(convert(DType::F32, &value.to_le_bytes(), DType::Bf16, &mut out));
        u16::from_le_bytes(out)
    }

    #[test]
    fn bf16_rounds_to_nearest_even() {
        assert_eq!(bf16_bits(1.0), 0x3f80);
        // Exactly between 0x3f80 and 0x3f81: to the even one; a little more: up.
        assert_eq!(bf16_bits(f32::from_bits(0x3f80_8000)), 0x3f80);
        assert_eq!(bf16_bits(f32::from_bits(0x3f80_8001)), 0x3f81);
        assert_eq!(bf16_bits(f32::from_bits(0x3f81_8000)), 0x3f82);
    }

    #[test]
    fn every_bf16_survives_the_way_through_f32() {
        for bits in 0..=u16::MAX {
            let (mut wide, mut back) = ([0; 4], [0; 2]);
            assert!(convert(DType::Bf16, &bits.to_le_bytes(), DType::F32, &mut wide));
            assert!(convert(DType::F32, &wide, DType::Bf16, &mut back));
            let nan = bf16::from_bits(bits).is_nan();
            assert!(nan || u16::from_le_bytes(back) == bits, "{bits:04x}");
        }
    }

    #[test]
    fn lengths_and_integers_are_refused() {
        assert!(!convert(DType::F32, &[0; 8], DType::Bf16, &mut [0; 2]));
        assert!(!convert(DType::I64, &[0; 8], DType::F32, &mut [0; 4]));
    }

    #[test]
    fn finiteness_sees_the_last_number() {
        let mut bytes = [0; 12];
        assert!(all_finite(DType::F32, &bytes));
        bytes[8..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(!all_finite(DType::F32, &bytes));
    }
}
