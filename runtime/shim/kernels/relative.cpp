// Scores of relative positions in disentangled attention, and their gradients.

#include "common.h"

namespace rgm {
namespace RGM_SET {

namespace {

// Row of the table for query t and key s.
RGM_INLINE int64_t row_of(const RelativeArgs& args, int64_t t, int64_t s) {
  return args.rows[t - s + args.length - 1];
}

}  // namespace

// y[b, h, t, s] = content + c2p[h, b, t, r] + p2c[h, b, s, r]; the range counts rows (b, h, t).
void relative_scores(const RelativeArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    for (int64_t row = begin; row < end; row++) {
      const int64_t t = row % args.length, head = row / args.length % args.heads, sample = row / args.length / args.heads;
      const int64_t block = (head * args.samples + sample) * args.length;
      const S* content = static_cast<const S*>(args.content) + row * args.length;
      const S* c2p = static_cast<const S*>(args.c2p) + (block + t) * args.table;
      const S* p2c = static_cast<const S*>(args.p2c) + block * args.table;
      S* y = static_cast<S*>(args.y) + row * args.length;
      for (int64_t s = 0; s < args.length; s++) {
        const int64_t r = row_of(args, t, s);
        store(y[s], load(content[s]) + load(c2p[r]) + load(p2c[s * args.table + r]));
      }
    }
  });
}

// dc2p[h, b, t, r] = Σ_s dy[b, h, t, s] and dp2c[h, b, s, r] = Σ_t dy[b, h, t, s] over the pairs whose row is r; the range counts
// (h, b, position). Pairs of one row follow each other, because rows do not decrease, so sums stay in registers.
void relative_scores_grad(const RelativeArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    using C = Compute<S>;
    for (int64_t i = begin; i < end; i++) {
      const int64_t position = i % args.length, sample = i / args.length % args.samples, head = i / args.length / args.samples;
      const S* dy = static_cast<const S*>(args.content) + (sample * args.heads + head) * args.length * args.length;
      S* dc2p = static_cast<S*>(args.dc2p) + i * args.table;
      S* dp2c = static_cast<S*>(args.dp2c) + i * args.table;
      for (int64_t r = 0; r < args.table; r++) store(dc2p[r], C(0)), store(dp2c[r], C(0));
      C as_query = 0, as_key = 0;
      for (int64_t other = 0; other < args.length; other++) {
        const int64_t query_row = row_of(args, position, other), key_row = row_of(args, other, position);
        as_query += load(dy[position * args.length + other]);
        as_key += load(dy[other * args.length + position]);
        const bool last = other + 1 == args.length;
        if (last || row_of(args, position, other + 1) != query_row) store(dc2p[query_row], as_query), as_query = 0;
        if (last || row_of(args, other + 1, position) != key_row) store(dp2c[key_row], as_key), as_key = 0;
      }
    }
  });
}

}  // namespace RGM_SET
}  // namespace rgm
