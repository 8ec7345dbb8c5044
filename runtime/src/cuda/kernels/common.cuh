// What every kernel shares: element types without CUDA's headers (which a machine with a driver need not have), loads of 16 bytes,
// and reductions in a fixed order.
//
// NVRTC puts this text before each file.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

struct alignas(2) bf16 {
  u16 bits;
};

__device__ __forceinline__ float load(float x) { return x; }
__device__ __forceinline__ double load(double x) { return x; }
__device__ __forceinline__ float load(bf16 x) { return __uint_as_float(static_cast<u32>(x.bits) << 16); }

// Round to nearest, ties to even.
__device__ __forceinline__ void store(float& to, float value) { to = value; }
__device__ __forceinline__ void store(float& to, double value) { to = static_cast<float>(value); }
__device__ __forceinline__ void store(double& to, double value) { to = value; }
__device__ __forceinline__ void store(bf16& to, float value) {
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(value));
}
__device__ __forceinline__ void store(bf16& to, double value) { store(to, static_cast<float>(value)); }

template <typename T> struct ComputeOf { typedef float type; };
template <> struct ComputeOf<double> { typedef double type; };
template <typename T> using Compute = typename ComputeOf<T>::type;

// N elements that are read and written at once; the address must be a multiple of their size.
template <typename T, int N>
struct alignas(sizeof(T) * N) Pack {
  T at[N];
};

template <typename T> constexpr int LANES = 16 / sizeof(T);

// All elements of a pack. bf16 comes in pairs: half a word is the upper half of an f32.
template <typename T, int N>
__device__ __forceinline__ void unpack(const Pack<T, N>& pack, Compute<T> (&values)[N]) {
#pragma unroll
  for (int k = 0; k < N; k++) values[k] = load(pack.at[k]);
}
__device__ __forceinline__ void unpack(const Pack<bf16, 1>& pack, float (&values)[1]) { values[0] = load(pack.at[0]); }
template <int N>
__device__ __forceinline__ void unpack(const Pack<bf16, N>& pack, float (&values)[N]) {
  static_assert(N % 2 == 0, "pairs");
  const u32* words = reinterpret_cast<const u32*>(&pack);
#pragma unroll
  for (int k = 0; k < N / 2; k++) {
    values[2 * k] = __uint_as_float(words[k] << 16);
    values[2 * k + 1] = __uint_as_float(words[k] & 0xffff0000u);
  }
}

template <typename T, int N>
__device__ __forceinline__ void pack(Pack<T, N>& to, const Compute<T> (&values)[N]) {
#pragma unroll
  for (int k = 0; k < N; k++) store(to.at[k], values[k]);
}
__device__ __forceinline__ void pack(Pack<bf16, 1>& to, const float (&values)[1]) { store(to.at[0], values[0]); }
template <int N>
__device__ __forceinline__ void pack(Pack<bf16, N>& to, const float (&values)[N]) {
  static_assert(N % 2 == 0, "pairs");
  u32* words = reinterpret_cast<u32*>(&to);
#pragma unroll
  for (int k = 0; k < N / 2; k++) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(words[k]) : "f"(values[2 * k + 1]), "f"(values[2 * k]));
  }
}

__device__ __forceinline__ float exponential(float x) { return __expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

constexpr u32 ALL = 0xffffffffu;

// NVRTC has no <cmath>.
#define INFINITY __int_as_float(0x7f800000)

template <typename C>
__device__ __forceinline__ C warp_sum(C value) {
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(ALL, value, offset);
  return value;
}

template <typename C>
__device__ __forceinline__ C warp_max(C value) {
  for (int offset = 16; offset > 0; offset /= 2) {
    const C other = __shfl_xor_sync(ALL, value, offset);
    value = other > value ? other : value;
  }
  return value;
}

// The sum over a block, in every thread; `scratch` holds one value per warp.
template <typename C>
__device__ __forceinline__ C block_sum(C value, C* scratch) {
  value = warp_sum(value);
  const int warp = threadIdx.x / 32, warps = (blockDim.x + 31) / 32;
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[warp] = value;
  __syncthreads();
  value = static_cast<int>(threadIdx.x % 32) < warps ? scratch[threadIdx.x % 32] : C(0);
  return warp_sum(value);
}

template <typename C>
__device__ __forceinline__ C logistic(C x) {
  return C(1) / (C(1) + exponential(-x));
}

// GELU in its tanh approximation, and its derivative.
template <typename C>
__device__ __forceinline__ C gelu_inner(C x) {
  return C(0.7978845608028654) * (x + C(0.044715) * x * x * x);
}
__device__ __forceinline__ float hyperbolic_tangent(float x) {
  // Exact to f32 rounding for what follows: 1 − 2/(e^{2x} + 1).
  return 1.0f - 2.0f / (__expf(2.0f * x) + 1.0f);
}
__device__ __forceinline__ double hyperbolic_tangent(double x) { return tanh(x); }

template <typename C>
__device__ __forceinline__ C gelu_value(C x) {
  return C(0.5) * x * (C(1) + hyperbolic_tangent(gelu_inner(x)));
}

template <typename C>
__device__ __forceinline__ C gelu_slope(C x) {
  const C t = hyperbolic_tangent(gelu_inner(x));
  const C inner = C(0.7978845608028654) * (C(1) + C(3 * 0.044715) * x * x);
  return C(0.5) * (C(1) + t) + C(0.5) * x * (C(1) - t * t) * inner;
}

__device__ __forceinline__ float precise_tanh(float x) { return tanhf(x); }
__device__ __forceinline__ double precise_tanh(double x) { return tanh(x); }

// Share of a normal distribution below x.
__device__ __forceinline__ float normal_below(float x) { return 0.5f * erfcf(-0.7071067811865476f * x); }
__device__ __forceinline__ double normal_below(double x) { return 0.5 * erfc(-0.7071067811865476 * x); }

// Instantiates a kernel for the element types.
#define RGM_FOR_FLOATS(MACRO) MACRO(f32, float) MACRO(bf16, bf16) MACRO(f64, double)
#define RGM_FOR_HALF_AND_SINGLE(MACRO) MACRO(f32, float) MACRO(bf16, bf16)
