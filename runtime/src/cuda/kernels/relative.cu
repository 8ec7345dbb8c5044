// Scores of relative positions in disentangled attention, and their gradients; and the numbers of a plan.

// Row of the table for query t and key s is rows[t − s + length − 1].

// y[b, h, t, s] = content + c2p[h, b, t, r] + p2c[h, b, s, r]. y may lie over content.
#define RELATIVE_SCORES(name, T)                                                                                      \
  extern "C" __global__ void relative_scores_##name(                                                                   \
      T* y, const T* content, const T* c2p, const T* p2c, const i64* rows, i64 n, i64 samples, i64 heads, i64 length,  \
      i64 table) {                                                                                                     \
    for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;                                       \
         i += static_cast<i64>(gridDim.x) * blockDim.x) {                                                              \
      const i64 s = i % length, t = i / length % length, head = i / length / length % heads;                           \
      const i64 sample = i / length / length / heads, block = (head * samples + sample) * length;                      \
      const i64 r = rows[t - s + length - 1];                                                                          \
      store(y[i], load(content[i]) + load(c2p[(block + t) * table + r]) + load(p2c[(block + s) * table + r]));         \
    }                                                                                                                  \
  }
RGM_FOR_FLOATS(RELATIVE_SCORES)

// The first place whose row is not below `row`; rows do not decrease.
__device__ __forceinline__ i64 first_not_below(const i64* rows, i64 n, i64 row) {
  i64 begin = 0;
  while (n > 0) {
    const i64 half = n / 2;
    if (rows[begin + half] < row) begin += half + 1, n -= half + 1;
    else n = half;
  }
  return begin;
}

__device__ __forceinline__ i64 within(i64 x, i64 length) { return x < 0 ? 0 : x > length ? length : x; }

// dc2p[h, b, t, r] = Σ_s dy[b, h, t, s] and dp2c[h, b, s, r] = Σ_t dy[b, h, t, s] over the pairs whose row is r. A thread for each
// element: its pairs are neighbours, so their sum has one order.
#define RELATIVE_SCORES_GRAD(name, T)                                                                                 \
  extern "C" __global__ void relative_scores_grad_##name(                                                              \
      T* dc2p, T* dp2c, const T* dy, const i64* rows, i64 n, i64 samples, i64 heads, i64 length, i64 table) {          \
    using C = Compute<T>;                                                                                              \
    for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;                                       \
         i += static_cast<i64>(gridDim.x) * blockDim.x) {                                                              \
      const i64 r = i % table, at = i / table % length, sample = i / table / length % samples;                         \
      const i64 head = i / table / length / samples;                                                                   \
      const T* d = dy + (sample * heads + head) * length * length;                                                     \
      const i64 places = 2 * length - 1;                                                                               \
      const i64 low = first_not_below(rows, places, r), high = first_not_below(rows, places, r + 1);                   \
      C as_query = 0, as_key = 0;                                                                                      \
      for (i64 s = within(at + length - high, length); s < within(at + length - low, length); s++)                     \
        as_query += load(d[at * length + s]);                                                                          \
      for (i64 t = within(at + low - length + 1, length); t < within(at + high - length + 1, length); t++)             \
        as_key += load(d[t * length + at]);                                                                            \
      store(dc2p[i], as_query), store(dp2c[i], as_key);                                                                \
    }                                                                                                                  \
  }
RGM_FOR_FLOATS(RELATIVE_SCORES_GRAD)

extern "C" __global__ void constant_i64(i64* y, const u64* values, i64 n) {
  const i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) y[i] = static_cast<i64>(values[i]);
}
