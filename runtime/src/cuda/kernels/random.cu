// Dropout and normal initialisation with the counters of runtime/shim/kernels/philox.h: the same bits as on a CPU.

struct Words {
  u32 w[4];
};

__device__ __forceinline__ Words philox(Words c, u32 k0, u32 k1) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const u32 high0 = __umulhi(0xD2511F53u, c.w[0]), low0 = 0xD2511F53u * c.w[0];
    const u32 high1 = __umulhi(0xCD9E8D57u, c.w[2]), low1 = 0xCD9E8D57u * c.w[2];
    c = Words{{high1 ^ c.w[1] ^ k0, low1, high0 ^ c.w[3] ^ k1, low0}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

__device__ __forceinline__ Words counter(u64 group, u64 sample, u64 step, u64 site) {
  const u32 folded = static_cast<u32>(site) + 0x9E3779B1u * static_cast<u32>(group >> 32) +
                     0x85EBCA77u * static_cast<u32>(sample >> 32);
  return Words{{static_cast<u32>(group), folded, static_cast<u32>(sample), static_cast<u32>(step)}};
}

// A thread takes a group of four elements of one sample.
#define DROPOUT(name, T)                                                                                              \
  extern "C" __global__ void dropout_##name(                                                                           \
      T* y, const T* x, const i64* samples, const i64* step, i64 rows, i64 per_sample, u64 key, i64 site, double rate) { \
    using C = Compute<T>;                                                                                              \
    const u32 threshold = static_cast<u32>(ceil(rate * 16777216.0));                                                   \
    const C kept = static_cast<C>(1.0 / (1.0 - rate));                                                                 \
    const i64 groups = (per_sample + 3) / 4, total = rows * groups;                                                    \
    for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;                                   \
         i += static_cast<i64>(gridDim.x) * blockDim.x) {                                                              \
      const i64 row = i / groups, group = i % groups;                                                                  \
      const Words words = philox(counter(group, samples[row], *step, site), static_cast<u32>(key), static_cast<u32>(key >> 32)); \
      for (int k = 0; k < 4 && group * 4 + k < per_sample; k++) {                                                      \
        const i64 at = row * per_sample + group * 4 + k;                                                               \
        store(y[at], load(x[at]) * ((words.w[k] >> 8) >= threshold ? kept : C(0)));                                    \
      }                                                                                                                \
    }                                                                                                                  \
  }
RGM_FOR_FLOATS(DROPOUT)

#define INIT_NORMAL(name, T)                                                                                          \
  extern "C" __global__ void init_normal_##name(T* y, i64 n, u64 key, i64 site, double mean, double std) {             \
    const i64 groups = (n + 3) / 4;                                                                                    \
    for (i64 group = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; group < groups;                          \
         group += static_cast<i64>(gridDim.x) * blockDim.x) {                                                          \
      const Words words = philox(counter(group, 0, 0, site), static_cast<u32>(key), static_cast<u32>(key >> 32));      \
      for (int pair = 0; pair < 2; pair++) {                                                                           \
        const double u1 = (words.w[2 * pair] + 1.0) * 0x1p-32, u2 = words.w[2 * pair + 1] * 0x1p-32;                   \
        const double radius = sqrt(-2.0 * log(u1)), angle = 6.283185307179586 * u2;                                    \
        const double values[2] = {radius * cos(angle), radius * sin(angle)};                                           \
        for (int k = 0; k < 2; k++) {                                                                                  \
          const i64 at = 4 * group + 2 * pair + k;                                                                     \
          if (at < n) store(y[at], mean + std * values[k]);                                                            \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
RGM_FOR_FLOATS(INIT_NORMAL)
