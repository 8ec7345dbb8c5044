// Attention in blocks, after FlashAttention-2 (Dao, 2023): the matrix of scores never exists, and every buffer is on
// the stack. Forward keeps a running maximum and sum per query; backward recomputes scores from the saved
// log-sum-exp. Queries beyond keys: query t sees keys 0 ..= t + keys − queries.

#include "tile.h"

namespace rgm {
namespace RGM_SET {

namespace {

constexpr int64_t BLOCK = ATTENTION_BLOCK;

// Panels that hold `columns` columns, and the columns they are padded to.
template <typename T> constexpr int64_t padded(int64_t columns) { return (columns + NR<T> - 1) / NR<T> * NR<T>; }

// Where one head of one sample begins, and from one position to the next.
template <typename S> struct Head {
  const S* data;
  int64_t row;
};

template <typename S>
RGM_INLINE Head<S> head(const void* base, const int64_t stride[3], int64_t b, int64_t h) {
  return {static_cast<const S*>(base) + b * stride[0] + h * stride[2], stride[1]};
}

// Copies rows as panels of [rows][NR], one after another: for products over the rows.
template <typename T>
RGM_INLINE void pack_rows(T* panels, const T* x, int64_t row, int64_t rows, int64_t columns) {
  for (int64_t j = 0; j < columns; j += NR<T>) {
    const int64_t width = columns - j < NR<T> ? columns - j : NR<T>;
    pack_panel<T>(panels + j * rows, x + j, row, 1, rows, width);
  }
}

// Transposes rows into panels of [columns][NR]: for products over the columns.
template <typename T>
RGM_INLINE void pack_transposed(T* panels, const T* x, int64_t row, int64_t rows, int64_t columns) {
  for (int64_t j = 0; j < rows; j += NR<T>) {
    const int64_t width = rows - j < NR<T> ? rows - j : NR<T>;
    pack_panel<T>(panels + j * columns, x + j * row, 1, row, columns, width);
  }
}

// Keys that a query sees.
RGM_INLINE int64_t visible(const AttentionArgs& args, int64_t query) {
  if (!args.causal) return args.keys;
  const int64_t last = query + args.keys - args.queries + 1;
  return last < 0 ? 0 : (last < args.keys ? last : args.keys);
}

RGM_INLINE int64_t clamp(int64_t x, int64_t high) { return x < 0 ? 0 : (x < high ? x : high); }

// One block of queries against one block of keys. Half of the blocks on the diagonal is masked: the three products below
// leave out what would be multiplied by zero or never read.
struct Pair {
  const AttentionArgs& args;
  int64_t q0, queries, k0, keys;

  // Keys of this block that row t sees.
  RGM_INLINE int64_t seen(int64_t t) const { return clamp(visible(args, q0 + t) - k0, keys); }

  // First row that sees key i of this block.
  RGM_INLINE int64_t first(int64_t i) const {
    return args.causal ? clamp(k0 + i - (args.keys - args.queries) - q0, queries) : 0;
  }
};

// The numbers of one sample's positions; without segments all positions see each other.
struct Segments {
  const int64_t* numbers;

  Segments(const AttentionArgs& args, int64_t b) : numbers(args.segments == nullptr ? nullptr : args.segments + b * args.keys) {}

  // Smallest and largest number of a block, padding aside.
  struct Range { int64_t low, high; };
  Range range(int64_t first, int64_t n) const {
    Range found{INT64_MAX, INT64_MIN};
    for (int64_t i = first; i < first + n; i++) {
      if (numbers[i] == 0) continue;
      found.low = numbers[i] < found.low ? numbers[i] : found.low;
      found.high = numbers[i] > found.high ? numbers[i] : found.high;
    }
    return found;
  }

  // Whether surely no query of the pair sees a key of it: documents that lie one after another meet in few blocks.
  bool apart(const Pair& pair) const {
    if (numbers == nullptr) return false;
    const Range queries = range(pair.q0, pair.queries), keys = range(pair.k0, pair.keys);
    return queries.low > keys.high || keys.low > queries.high;
  }

  // Of the first n scores of a row, those of other segments become −∞; returns whether any is left.
  template <typename T>
  RGM_INLINE bool hide(T* scores, int64_t query, int64_t k0, int64_t n) const {
    if (numbers == nullptr) return true;
    const int64_t own = numbers[query];
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++) {
      const bool seen = own != 0 && numbers[k0 + i] == own;
      left += seen;
      scores[i] = seen ? scores[i] : -infinity<T>();
    }
    return left > 0;
  }

  // Weights of what a row does not see become 0.
  template <typename T>
  RGM_INLINE void drop(T* p, T* ds, int64_t query, int64_t k0, int64_t n) const {
    if (numbers == nullptr) return;
    const int64_t own = numbers[query];
    for (int64_t i = 0; i < n; i++) {
      if (own == 0 || numbers[k0 + i] != own) p[i] = ds[i] = 0;
    }
  }
};

constexpr int64_t GROUP = 2 * MR;  // rows that share a bound

// scores[queries, keys] = x[queries, depth]·panels, whose columns are keys.
template <typename T>
RGM_INLINE void multiply_scores(const Pair& pair, int64_t depth, const T* x, int64_t x_row, const T* panels, T* scores) {
  for (int64_t j = 0; j < pair.keys; j += NR<T>) {
    const int64_t t = pair.first(j);
    multiply_panel<T>(pair.queries - t, depth, x + t * x_row, x_row, 1, panels + j * depth, scores + t * BLOCK + j, BLOCK, false);
  }
}

// result[queries, columns] (+)= weights[queries, keys]·panels, whose rows are keys.
template <typename T>
RGM_INLINE void multiply_keys(const Pair& pair, int64_t columns, const T* weights, const T* panels, T* result, int64_t row, bool add) {
  for (int64_t t = 0; t < pair.queries; t += GROUP) {
    const int64_t rows = pair.queries - t < GROUP ? pair.queries - t : GROUP;
    const int64_t depth = pair.seen(t + rows - 1);
    for (int64_t j = 0; j < columns; j += NR<T>) {
      multiply_panel<T>(rows, depth, weights + t * BLOCK, BLOCK, 1, panels + j * pair.keys, result + t * row + j, row, add);
    }
  }
}

// result[keys, columns] += weightsᵀ[keys, queries]·panels, whose rows are queries.
template <typename T>
RGM_INLINE void multiply_queries(const Pair& pair, int64_t columns, const T* weights, const T* panels, T* result, int64_t row) {
  for (int64_t i = 0; i < pair.keys; i += GROUP) {
    const int64_t rows = pair.keys - i < GROUP ? pair.keys - i : GROUP, t = pair.first(i);
    for (int64_t j = 0; j < columns; j += NR<T>) {
      const T* panel = panels + j * pair.queries + t * NR<T>;
      multiply_panel<T>(rows, pair.queries - t, weights + t * BLOCK + i, 1, BLOCK, panel, result + i * row + j, row, true);
    }
  }
}

// Columns up to here are computed with whole vectors.
RGM_INLINE int64_t whole_vectors(int64_t n) { return (n + 15) / 16 * 16; }

// One row of scores becomes weights relative to the running maximum; returns the factor that older sums shrink by.
template <typename T>
RGM_INLINE T soften(T* s, int64_t n, int64_t keys, T scale, T& maximum, T& sum) {
  const int64_t whole = whole_vectors(n);
  for (int64_t i = 0; i < whole; i++) s[i] *= scale;
  for (int64_t i = n; i < whole; i++) s[i] = -infinity<T>();
  T largest = maximum;
#pragma omp simd reduction(max : largest)
  for (int64_t i = 0; i < whole; i++) largest = s[i] > largest ? s[i] : largest;
  T added = 0;
#pragma omp simd reduction(+ : added)
  for (int64_t i = 0; i < whole; i++) {
    s[i] = exponential(s[i] - largest);
    added += s[i];
  }
  for (int64_t i = whole; i < keys; i++) s[i] = 0;
  const T shrink = maximum == -infinity<T>() ? T(0) : exponential(maximum - largest);
  sum = sum * shrink + added;
  maximum = largest;
  return shrink;
}

template <typename T>
void attend(const AttentionArgs& args, int64_t b, int64_t h, int64_t q0) {
  const int64_t D = args.head_size;
  constexpr int64_t MAX_D = MAX_HEAD_SIZE;
  alignas(64) T scores[BLOCK * BLOCK];
  alignas(64) T key_panels[BLOCK * MAX_D];
  alignas(64) T value_panels[BLOCK * MAX_D];
  alignas(64) T result[BLOCK * MAX_D];
  T maximum[BLOCK], sum[BLOCK];
  const int64_t queries = args.queries - q0 < BLOCK ? args.queries - q0 : BLOCK;
  const int64_t padded_D = padded<T>(D);
  const auto q = head<T>(args.q, args.q_stride, b, h), k = head<T>(args.k, args.k_stride, b, h);
  const auto v = head<T>(args.v, args.v_stride, b, h);
  for (int64_t t = 0; t < queries; t++) {
    maximum[t] = -infinity<T>();
    sum[t] = 0;
    for (int64_t d = 0; d < padded_D; d++) result[t * padded_D + d] = 0;
  }
  const Segments segments(args, b);
  const T scale = static_cast<T>(args.scale);
  const int64_t limit = visible(args, q0 + queries - 1);
  for (int64_t k0 = 0; k0 < limit; k0 += BLOCK) {
    const int64_t keys = limit - k0 < BLOCK ? limit - k0 : BLOCK;
    const Pair pair{args, q0, queries, k0, keys};
    if (segments.apart(pair)) continue;
    pack_transposed<T>(key_panels, k.data + k0 * k.row, k.row, keys, D);
    pack_rows<T>(value_panels, v.data + k0 * v.row, v.row, keys, D);
    multiply_scores<T>(pair, D, q.data + q0 * q.row, q.row, key_panels, scores);
    for (int64_t t = 0; t < queries; t++) {
      T* s = scores + t * BLOCK;
      const int64_t n = pair.seen(t);
      if (n == 0 || !segments.hide<T>(s, q0 + t, k0, n)) {
        for (int64_t i = 0; i < keys; i++) s[i] = 0;
        continue;
      }
      const T shrink = soften<T>(s, n, keys, scale, maximum[t], sum[t]);
      T* row = result + t * padded_D;
      if (k0 > 0) {
#pragma omp simd
        for (int64_t d = 0; d < padded_D; d++) row[d] *= shrink;
      }
    }
    multiply_keys<T>(pair, D, scores, value_panels, result, padded_D, true);
  }
  for (int64_t t = 0; t < queries; t++) {
    const int64_t position = (b * args.queries + q0 + t) * args.heads + h;
    T* to = static_cast<T*>(args.out) + position * D;
    const T factor = sum[t] > 0 ? T(1) / sum[t] : T(0);
#pragma omp simd
    for (int64_t d = 0; d < D; d++) to[d] = result[t * padded_D + d] * factor;
    static_cast<T*>(args.lse_out)[position] = sum[t] > 0 ? maximum[t] + std::log(sum[t]) : -infinity<T>();
  }
}

}  // namespace

// The range counts (sample, head, block of queries).
void attention(const AttentionArgs& args, int64_t begin, int64_t end) {
  const int64_t blocks = (args.queries + BLOCK - 1) / BLOCK;
  for (int64_t i = begin; i < end; i++) {
    const int64_t block = i % blocks, h = i / blocks % args.heads, b = i / blocks / args.heads;
    if (args.dtype == DType::F64) attend<double>(args, b, h, block * BLOCK);
    else attend<float>(args, b, h, block * BLOCK);
  }
}

namespace {

// Everything that the gradient keeps of one block of keys, and of one block of queries. Panels of *_rows are for products
// over positions, those of *_columns for products over the head size.
template <typename T> struct Buffers {
  static constexpr int64_t SIZE = BLOCK * MAX_HEAD_SIZE;
  alignas(64) T key_columns[SIZE], value_columns[SIZE], key_rows[SIZE];
  alignas(64) T query_rows[SIZE], output_rows[SIZE];
  alignas(64) T dk[SIZE], dv[SIZE], dq[SIZE];
  alignas(64) T p[BLOCK * BLOCK], ds[BLOCK * BLOCK];
};

// p = exp(scale·q·kᵀ − lse) and ds = scale·p·(do·vᵀ − delta) for one pair of blocks; delta = Σ do·o.
template <typename T>
void score_gradients(const Pair& pair, const Segments& segments, Buffers<T>& s, int64_t b, int64_t h) {
  const AttentionArgs& args = pair.args;
  const int64_t D = args.head_size, position_row = args.heads * D;
  const auto q = head<T>(args.q, args.q_stride, b, h);
  const int64_t first = (b * args.queries + pair.q0) * args.heads + h;
  const T* d_o = static_cast<const T*>(args.d_o) + first * D;
  const T* o = static_cast<const T*>(args.o) + first * D;
  const T* lse = static_cast<const T*>(args.lse_in) + first;
  multiply_scores<T>(pair, D, q.data + pair.q0 * q.row, q.row, s.key_columns, s.p);
  multiply_scores<T>(pair, D, d_o, position_row, s.value_columns, s.ds);
  const T scale = static_cast<T>(args.scale);
  for (int64_t t = 0; t < pair.queries; t++) {
    const T *to_row = d_o + t * position_row, *o_row = o + t * position_row;
    T delta = 0;
#pragma omp simd reduction(+ : delta)
    for (int64_t d = 0; d < D; d++) delta += to_row[d] * o_row[d];
    T* p = s.p + t * BLOCK;
    T* ds = s.ds + t * BLOCK;
    const T row_lse = lse[t * args.heads];
    const int64_t n = pair.seen(t), whole = whole_vectors(n);
#pragma omp simd
    for (int64_t i = 0; i < whole; i++) {
      p[i] = exponential(p[i] * scale - row_lse);
      ds[i] = p[i] * (ds[i] - delta) * scale;
    }
    segments.drop<T>(p, ds, pair.q0 + t, pair.k0, n);
    for (int64_t i = n; i < BLOCK; i++) p[i] = ds[i] = 0;
  }
}

template <typename T>
RGM_INLINE void write_rows(void* to, const T* from, int64_t from_row, int64_t first, int64_t rows, int64_t heads, int64_t D) {
  for (int64_t t = 0; t < rows; t++) {
    T* row = static_cast<T*>(to) + (first + t * heads) * D;
    for (int64_t d = 0; d < D; d++) row[d] = from[t * from_row + d];
  }
}

// dq rows are summed over blocks of keys in the result itself.
template <typename T>
RGM_INLINE void add_rows(void* to, const T* from, int64_t from_row, int64_t first, int64_t rows, int64_t heads, int64_t D, bool add) {
  for (int64_t t = 0; t < rows; t++) {
    T* row = static_cast<T*>(to) + (first + t * heads) * D;
    for (int64_t d = 0; d < D; d++) row[d] = add ? row[d] + from[t * from_row + d] : from[t * from_row + d];
  }
}

template <typename T>
RGM_INLINE void zero_rows(void* to, int64_t first, int64_t rows, int64_t heads, int64_t D) {
  for (int64_t t = 0; t < rows; t++) {
    T* row = static_cast<T*>(to) + (first + t * heads) * D;
    for (int64_t d = 0; d < D; d++) row[d] = 0;
  }
}

template <typename T>
void attend_grad(const AttentionArgs& args, int64_t b, int64_t h) {
  Buffers<T> s;
  const int64_t D = args.head_size, padded_D = padded<T>(D), position_row = args.heads * D;
  const auto q = head<T>(args.q, args.q_stride, b, h), k = head<T>(args.k, args.k_stride, b, h);
  const auto v = head<T>(args.v, args.v_stride, b, h);
  const Segments segments(args, b);
  for (int64_t k0 = 0; k0 < args.keys; k0 += BLOCK) {
    const int64_t keys = args.keys - k0 < BLOCK ? args.keys - k0 : BLOCK;
    pack_transposed<T>(s.key_columns, k.data + k0 * k.row, k.row, keys, D);
    pack_transposed<T>(s.value_columns, v.data + k0 * v.row, v.row, keys, D);
    pack_rows<T>(s.key_rows, k.data + k0 * k.row, k.row, keys, D);
    for (int64_t i = 0; i < keys * padded_D; i++) s.dk[i] = s.dv[i] = 0;
    for (int64_t q0 = 0; q0 < args.queries; q0 += BLOCK) {
      const int64_t queries = args.queries - q0 < BLOCK ? args.queries - q0 : BLOCK;
      const int64_t first = (b * args.queries + q0) * args.heads + h;
      if (visible(args, q0 + queries - 1) <= k0 && k0 > 0) continue;
      const Pair pair{args, q0, queries, k0, keys};
      if (segments.apart(pair)) {
        if (k0 == 0) zero_rows<T>(args.dq, first, queries, args.heads, D);
        continue;
      }
      score_gradients<T>(pair, segments, s, b, h);
      pack_rows<T>(s.query_rows, q.data + q0 * q.row, q.row, queries, D);
      pack_rows<T>(s.output_rows, static_cast<const T*>(args.d_o) + first * D, position_row, queries, D);
      multiply_queries<T>(pair, D, s.p, s.output_rows, s.dv, padded_D);
      multiply_queries<T>(pair, D, s.ds, s.query_rows, s.dk, padded_D);
      multiply_keys<T>(pair, D, s.ds, s.key_rows, s.dq, padded_D, false);
      add_rows<T>(args.dq, s.dq, padded_D, first, queries, args.heads, D, k0 > 0);
    }
    const int64_t first = (b * args.keys + k0) * args.heads + h;
    write_rows<T>(args.dk, s.dk, padded_D, first, keys, args.heads, D);
    write_rows<T>(args.dv, s.dv, padded_D, first, keys, args.heads, D);
  }
}

}  // namespace

// The range counts (sample, head): the keys' gradients are sums over all queries, and stay on one thread.
void attention_grad(const AttentionArgs& args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    if (args.dtype == DType::F64) attend_grad<double>(args, i / args.heads, i % args.heads);
    else attend_grad<float>(args, i / args.heads, i % args.heads);
  }
}

}  // namespace RGM_SET
}  // namespace rgm
