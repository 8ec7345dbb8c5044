// Caches of keys and values: rows written at their positions, and attention over them. All query heads that share a key and value
// head, of all tokens, are columns of one product; keys are multiplied where they lie. Buffers are on the stack.

#include "tile.h"

namespace rgm {
namespace RGM_SET {

// cache[b, positions[b, t]] = x[b, t]; the range counts tokens of all samples.
void cache_write(const CacheWriteArgs& args, int64_t begin, int64_t end) {
  const int64_t row = args.heads * args.head_bytes;
  for (int64_t i = begin; i < end; i++) {
    const int64_t b = i / args.tokens, t = i % args.tokens;
    const char* from = static_cast<const char*>(args.x) + b * args.x_stride[0] + t * args.x_stride[1];
    char* to = static_cast<char*>(args.cache) + (b * args.length + args.positions[i]) * row;
    for (int64_t h = 0; h < args.heads; h++) std::memcpy(to + h * args.head_bytes, from + h * args.x_stride[2], args.head_bytes);
  }
}

namespace {

constexpr int64_t KEYS = 64;

// Keys as the type of computation: where they lie, or a converted copy.
template <typename T> RGM_INLINE const T* readable(const T* keys, int64_t& row, int64_t, int64_t, T*) { return keys; }
RGM_INLINE const float* readable(const BF16* keys, int64_t& row, int64_t count, int64_t D, float* copy) {
  for (int64_t i = 0; i < count; i++) {
    for (int64_t d = 0; d < D; d++) copy[i * D + d] = load(keys[i * row + d]);
  }
  row = D;
  return copy;
}

// Running maximum and sum of each column's weights.
template <typename T> struct Softmax {
  static constexpr int64_t N = NR<T>;
  int64_t visible[N];  // keys that the column sees
  T maximum[N], sum[N], shrink[N];

  // Scores [keys][N] become weights relative to the running maximum; older sums shrink by `shrink`.
  RGM_INLINE void add(T* scores, int64_t first, int64_t keys) {
    T largest[N], base[N], added[N];
    for (int64_t c = 0; c < N; c++) largest[c] = maximum[c], added[c] = 0;
    for (int64_t i = 0; i < keys; i++) {
      T* s = scores + i * N;
      for (int64_t c = 0; c < N; c++) {
        s[c] = first + i < visible[c] ? s[c] : -infinity<T>();
        largest[c] = s[c] > largest[c] ? s[c] : largest[c];
      }
    }
    for (int64_t c = 0; c < N; c++) base[c] = largest[c] == -infinity<T>() ? T(0) : largest[c];
    for (int64_t i = 0; i < keys; i++) {
      T* s = scores + i * N;
      for (int64_t c = 0; c < N; c++) {
        s[c] = exponential(s[c] - base[c]);
        added[c] += s[c];
      }
    }
    for (int64_t c = 0; c < N; c++) {
      shrink[c] = exponential(maximum[c] - base[c]);
      sum[c] = sum[c] * shrink[c] + added[c];
      maximum[c] = largest[c];
    }
  }
};

// Columns first … of (token, head of the group) for one sample and group.
template <typename S>
void attend(const CachedAttentionArgs& args, int64_t b, int64_t g, int64_t first) {
  using T = Compute<S>;
  constexpr int64_t N = NR<T>;
  const int64_t D = args.head_size, times = args.heads / args.groups, padded = (D + N - 1) / N * N;
  const int64_t left = args.tokens * times - first, columns = left < N ? left : N;
  alignas(64) T queries[MAX_HEAD_SIZE * N], result[MAX_HEAD_SIZE * N];
  alignas(64) T copied[KEYS * MAX_HEAD_SIZE], panels[KEYS * MAX_HEAD_SIZE];
  alignas(64) T scores[KEYS * N];
  Softmax<T> softmax;
  int64_t limit = 0;
  for (int64_t c = 0; c < N; c++) {
    softmax.maximum[c] = -infinity<T>(), softmax.sum[c] = 0, softmax.visible[c] = 0;
    for (int64_t d = 0; d < padded; d++) result[c * padded + d] = 0;
    if (c >= columns) {
      for (int64_t d = 0; d < D; d++) queries[d * N + c] = 0;
      continue;
    }
    const int64_t t = (first + c) / times, h = g * times + (first + c) % times;
    const S* q = static_cast<const S*>(args.q) + b * args.q_stride[0] + t * args.q_stride[1] + h * args.q_stride[2];
    for (int64_t d = 0; d < D; d++) queries[d * N + c] = load(q[d]) * static_cast<T>(args.scale);
    softmax.visible[c] = args.positions[b * args.tokens + t] + 1;
    limit = softmax.visible[c] > limit ? softmax.visible[c] : limit;
  }
  for (int64_t k0 = 0; k0 < limit; k0 += KEYS) {
    const int64_t keys = limit - k0 < KEYS ? limit - k0 : KEYS, row = args.groups * D;
    const int64_t offset = ((b * args.length + k0) * args.groups + g) * D;
    const S* v = static_cast<const S*>(args.v) + offset;
    int64_t k_row = row;
    const T* k = readable(static_cast<const S*>(args.k) + offset, k_row, keys, D, copied);
    multiply_panel<T>(keys, D, k, k_row, 1, queries, scores, N, false);
    softmax.add(scores, k0, keys);
    for (int64_t c = 0; c < columns && k0 > 0; c++) {
      for (int64_t d = 0; d < padded; d++) result[c * padded + d] *= softmax.shrink[c];
    }
    for (int64_t j = 0; j < D; j += N) {
      const int64_t width = D - j < N ? D - j : N;
      pack_panel<T>(panels, v + j, row, 1, keys, width);
      multiply_panel<T>(columns, keys, scores, 1, N, panels, result + j, padded, true);
    }
  }
  for (int64_t c = 0; c < columns; c++) {
    const int64_t t = (first + c) / times, h = g * times + (first + c) % times;
    S* to = static_cast<S*>(args.out) + ((b * args.tokens + t) * args.heads + h) * D;
    const T factor = T(1) / softmax.sum[c];
    for (int64_t d = 0; d < D; d++) store(to[d], result[c * padded + d] * factor);
  }
}

}  // namespace

// The range counts (sample, group, block of ATTENTION_COLUMNS columns).
void cached_attention(const CachedAttentionArgs& args, int64_t begin, int64_t end) {
  const int64_t blocks = (args.tokens * (args.heads / args.groups) + ATTENTION_COLUMNS - 1) / ATTENTION_COLUMNS;
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    constexpr int64_t N = NR<Compute<S>>;
    for (int64_t i = begin; i < end; i++) {
      const int64_t all = args.tokens * (args.heads / args.groups), first = i % blocks * ATTENTION_COLUMNS;
      const int64_t last = first + ATTENTION_COLUMNS < all ? first + ATTENTION_COLUMNS : all;
      for (int64_t c = first; c < last; c += N) attend<S>(args, i / blocks / args.groups, i / blocks % args.groups, c);
    }
  });
}

}  // namespace RGM_SET
}  // namespace rgm
