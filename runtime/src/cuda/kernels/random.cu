// Dropout, draws and normal initialisation with the counters of runtime/shim/kernels/philox.h: the same bits as on a CPU.

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

// Tokens with those that have a label drawn from softmax(logits), and whether each differs from its label; −100 in rows that fill up
// a batch. A block of 256 threads for each position: every thread takes neighbouring classes, so that the order of additions is fixed.
#define REPLACE_TOKENS(name, T)                                                                                       \
  extern "C" __global__ void replace_tokens_##name(                                                                    \
      i64* replaced, i64* targets, const T* logits, const i64* tokens, const i64* labels, const i64* samples,          \
      const i64* step, i64 length, i64 classes, u64 key, i64 site) {                                                   \
    using C = Compute<T>;                                                                                              \
    __shared__ C tops[32];                                                                                             \
    __shared__ double sums[256];                                                                                       \
    __shared__ i64 lasts[256];                                                                                         \
    const i64 i = blockIdx.x, sample = samples[i / length], position = i % length;                                     \
    if (sample < 0 || labels[i] < 0) {                                                                                 \
      if (threadIdx.x == 0) replaced[i] = tokens[i], targets[i] = sample < 0 ? -100 : 0;                               \
      return;                                                                                                          \
    }                                                                                                                  \
    const T* x = logits + i * classes;                                                                                 \
    C top = -INFINITY;                                                                                                 \
    for (i64 c = threadIdx.x; c < classes; c += 256) top = load(x[c]) > top ? load(x[c]) : top;                        \
    top = warp_max(top);                                                                                               \
    if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = top;                                                           \
    __syncthreads();                                                                                                   \
    top = tops[0];                                                                                                     \
    for (int warp = 1; warp < 8; warp++) top = tops[warp] > top ? tops[warp] : top;                                    \
    const i64 each = (classes + 255) / 256, begin = threadIdx.x * each;                                                \
    const i64 end = begin + each < classes ? begin + each : classes;                                                   \
    double sum = 0;                                                                                                    \
    i64 last = -1;                                                                                                     \
    for (i64 c = begin; c < end; c++) {                                                                                \
      const double share = static_cast<double>(exponential(load(x[c]) - top));                                         \
      if (share > 0) last = c;                                                                                         \
      sum += share;                                                                                                    \
    }                                                                                                                  \
    sums[threadIdx.x] = sum, lasts[threadIdx.x] = last;                                                                \
    __syncthreads();                                                                                                   \
    if (threadIdx.x != 0) return;                                                                                      \
    double total = 0;                                                                                                  \
    for (int thread = 0; thread < 256; thread++) total += sums[thread];                                                \
    const Words words = philox(counter(position, sample, *step, site), static_cast<u32>(key), static_cast<u32>(key >> 32)); \
    const u64 bits = (static_cast<u64>(words.w[1]) << 32 | words.w[0]) >> 11;                                          \
    const double wanted = static_cast<double>(bits) * 0x1p-53 * total;                                                 \
    double before = 0;                                                                                                 \
    int owner = 0;                                                                                                     \
    while (owner < 256 && before + sums[owner] <= wanted) before += sums[owner++];                                     \
    i64 drawn = -1;                                                                                                    \
    for (i64 c = owner * each; owner < 256 && drawn < 0 && c < (owner + 1) * each && c < classes; c++) {               \
      before += static_cast<double>(exponential(load(x[c]) - top));                                                    \
      if (before > wanted) drawn = c;                                                                                  \
    }                                                                                                                  \
    /* Rounding may leave the sum below what is wanted: the last class that can be drawn. */                           \
    for (int thread = owner < 256 ? owner : 255; drawn < 0 && thread >= 0; thread--) drawn = lasts[thread];            \
    replaced[i] = drawn < 0 ? 0 : drawn;                                                                               \
    targets[i] = replaced[i] != labels[i];                                                                             \
  }
RGM_FOR_FLOATS(REPLACE_TOKENS)
