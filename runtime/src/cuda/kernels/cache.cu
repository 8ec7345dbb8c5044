// Caches of keys and values [B, length, G, D]: rows written at their positions, and attention over them. A position outside the
// cache sets `bad` to its place + 1.

// A block writes the heads of one token; strides of x [B, T, G, D] in elements, heads contiguous.
#define WRITE(name, T)                                                                                                \
  extern "C" __global__ void cache_write_##name(                                                                       \
      T* cache, const T* x, const i64* positions, i64 tokens, i64 length, i64 heads, i64 size, i64 s0, i64 s1, i64 s2, \
      u64* bad) {                                                                                                      \
    const i64 row = blockIdx.x, b = row / tokens, at = positions[row];                                                 \
    if (at < 0 || at >= length) {                                                                                      \
      if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(row) + 1);                                                 \
      return;                                                                                                          \
    }                                                                                                                  \
    const T* from = x + b * s0 + row % tokens * s1;                                                                    \
    T* to = cache + (b * length + at) * heads * size;                                                                  \
    for (i64 i = threadIdx.x; i < heads * size; i += blockDim.x) to[i] = from[i / size * s2 + i % size];               \
  }
RGM_FOR_FLOATS(WRITE)

constexpr int WARPS = 4;
constexpr int PARTS = 8;  // dimensions of a head that a lane keeps: heads have 256 at most

// A block computes one head of one token. Its warps take turns with the keys, each with a running maximum and sum; in the end they
// are added up in a fixed order.
template <typename T>
__device__ __forceinline__ void attend(
    T* out, const T* q, const T* k, const T* v, const i64* positions, i64 tokens, i64 length, i64 heads, i64 groups, i64 size,
    i64 s0, i64 s1, i64 s2, double scale, u64* bad) {
  using C = Compute<T>;
  __shared__ C maxima[WARPS], sums[WARPS], results[WARPS][32 * PARTS];
  const i64 head = blockIdx.x % heads, row = blockIdx.x / heads, b = row / tokens, last = positions[row];
  if (last < 0 || last >= length) {
    if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(row) + 1);
    return;
  }
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const T* query = q + b * s0 + row % tokens * s1 + head * s2;
  C x[PARTS], sum_of[PARTS];
#pragma unroll
  for (int j = 0; j < PARTS; j++) {
    const int d = lane + 32 * j;
    x[j] = d < size ? load(query[d]) * static_cast<C>(scale) : C(0);
    sum_of[j] = 0;
  }
  C maximum = -INFINITY, sum = 0;
  for (i64 i = warp; i <= last; i += WARPS) {
    const i64 at = ((b * length + i) * groups + head / (heads / groups)) * size;
    C score = 0;
#pragma unroll
    for (int j = 0; j < PARTS; j++) {
      const int d = lane + 32 * j;
      if (d < size) score += x[j] * load(k[at + d]);
    }
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) score += __shfl_xor_sync(ALL, score, offset);
    const C largest = score > maximum ? score : maximum;
    const C shrink = exponential(maximum - largest), weight = exponential(score - largest);
    sum = sum * shrink + weight;
    maximum = largest;
#pragma unroll
    for (int j = 0; j < PARTS; j++) {
      const int d = lane + 32 * j;
      if (d < size) sum_of[j] = sum_of[j] * shrink + weight * load(v[at + d]);
    }
  }
  if (lane == 0) maxima[warp] = maximum, sums[warp] = sum;
#pragma unroll
  for (int j = 0; j < PARTS; j++) results[warp][lane + 32 * j] = sum_of[j];
  __syncthreads();
  C top = maxima[0], total = 0, share[WARPS];
#pragma unroll
  for (int w = 1; w < WARPS; w++) top = maxima[w] > top ? maxima[w] : top;
#pragma unroll
  for (int w = 0; w < WARPS; w++) share[w] = exponential(maxima[w] - top), total += share[w] * sums[w];
  for (int d = threadIdx.x; d < size; d += blockDim.x) {
    C result = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) result += share[w] * results[w][d];
    store(out[(row * heads + head) * size + d], result / total);
  }
}

#define ATTEND(name, T)                                                                                               \
  extern "C" __global__ void cached_attention_##name(                                                                  \
      T* out, const T* q, const T* k, const T* v, const i64* positions, i64 tokens, i64 length, i64 heads, i64 groups, \
      i64 size, i64 s0, i64 s1, i64 s2, double scale, u64* bad) {                                                      \
    attend<T>(out, q, k, v, positions, tokens, length, heads, groups, size, s0, s1, s2, scale, bad);                   \
  }
RGM_FOR_FLOATS(ATTEND)
