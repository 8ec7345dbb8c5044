// Types, conversions and elementary functions for the kernels. Everything has internal linkage (an unnamed
// namespace), because the same code is compiled for several instruction sets and must not be merged by the linker.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../kernels.h"

#define RGM_INLINE inline __attribute__((always_inline))

namespace rgm {
namespace RGM_SET {
namespace {

// bfloat16: the upper half of an f32; conversion rounds to nearest even.
struct BF16 {
  uint16_t bits;
};

// The type in which values of a storage type are computed.
template <typename S> struct ComputeOf { using Type = S; };
template <> struct ComputeOf<BF16> { using Type = float; };
template <typename S> using Compute = typename ComputeOf<S>::Type;

RGM_INLINE float load(float x) { return x; }
RGM_INLINE double load(double x) { return x; }
RGM_INLINE float load(BF16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float y;
  __builtin_memcpy(&y, &bits, 4);
  return y;
}

RGM_INLINE void store(float& to, float x) { to = x; }
RGM_INLINE void store(float& to, double x) { to = static_cast<float>(x); }
RGM_INLINE void store(double& to, double x) { to = x; }
RGM_INLINE void store(BF16& to, float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  to.bits = static_cast<uint16_t>(x != x ? 0x7FC0 : rounded);
}
RGM_INLINE void store(BF16& to, double x) { store(to, static_cast<float>(x)); }

// e^x for f32 within about one unit in the last place: 2^n · p(r) with |r| ≤ ln2/2. Below the range it gives 0.
RGM_INLINE float exponential(float x) {
  const float low = -87.0f;
  const float clamped = x < low ? low : (x > 88.0f ? 88.0f : x);
  const float magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer
  const float shifted = clamped * 1.44269504088896341f + magic;
  const float n = shifted - magic;
  const float r = (clamped - n * 0.693145751953125f) - n * 1.428606765330187045e-6f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float series = (p * r) * r + r + 1.0f;
  int32_t exponent;
  __builtin_memcpy(&exponent, &shifted, 4);
  const int32_t scale_bits = (exponent << 23) + 0x3F800000;
  float scale;
  __builtin_memcpy(&scale, &scale_bits, 4);
  return x < low ? 0.0f : series * scale;
}
RGM_INLINE double exponential(double x) { return __builtin_exp(x); }

template <typename T> RGM_INLINE T infinity() { return static_cast<T>(__builtin_inf()); }

// Calls `body` with a null pointer of the storage type, so that a generic lambda can be instantiated for it.
template <typename Body> RGM_INLINE void with_type(DType dtype, Body body) {
  switch (dtype) {
    case DType::F32: return body(static_cast<float*>(nullptr));
    case DType::F64: return body(static_cast<double*>(nullptr));
    case DType::BF16: return body(static_cast<BF16*>(nullptr));
  }
}

// The same for a pair of operand and accumulator: equal types, or an f32 accumulator of bf16 operands.
template <typename Body> RGM_INLINE void with_types(DType operand, DType accumulator, Body body) {
  if (operand == DType::BF16 && accumulator == DType::F32) {
    return body(static_cast<BF16*>(nullptr), static_cast<float*>(nullptr));
  }
  with_type(operand, [&](auto* s) { body(s, s); });
}

// The type that a (null) pointer points to.
#define RGM_TYPE_OF(pointer) std::remove_pointer_t<decltype(pointer)>

}  // namespace
}  // namespace RGM_SET
}  // namespace rgm
