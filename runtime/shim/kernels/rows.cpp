// Look-ups, sums over rows, and heads: turned by their positions, repeated, and summed by groups.

#include "common.h"

namespace rgm {
namespace RGM_SET {

// y[i] = weight[ids[i]]; the range counts ids, which the caller has checked.
void gather(const GatherArgs& args, int64_t begin, int64_t end) {
  const char* weight = static_cast<const char*>(args.weight);
  char* y = static_cast<char*>(args.y);
  for (int64_t i = begin; i < end; i++) {
    std::memcpy(y + i * args.row_bytes, weight + args.ids[i] * args.row_bytes, args.row_bytes);
  }
}

// acc[ids[r]] += dy[r] for all rows in order; the range counts columns, so that no two threads meet.
void scatter_add(const ScatterAddArgs& args, int64_t begin, int64_t end) {
  with_types(args.dtype, args.acc_dtype, [&](auto* type, auto* acc_type) {
    const auto* dy = static_cast<const RGM_TYPE_OF(type)*>(args.dy);
    auto* acc = static_cast<RGM_TYPE_OF(acc_type)*>(args.acc);
    for (int64_t r = 0; r < args.rows; r++) {
      const auto* from = dy + r * args.columns;
      auto* to = acc + args.ids[r] * args.columns;
#pragma omp simd
      for (int64_t c = begin; c < end; c++) store(to[c], load(to[c]) + load(from[c]));
    }
  });
}

// y[c] (+)= Σ_r x[r, c]; the range counts columns. Rows are summed in blocks, blocks in f64, so that the error does
// not grow with the number of rows.
void sum_rows(const SumRowsArgs& args, int64_t begin, int64_t end) {
  constexpr int64_t WIDTH = 64, BLOCK = 128;
  with_types(args.dtype, args.acc_dtype, [&](auto* type, auto* acc_type) {
    using S = RGM_TYPE_OF(type);
    using C = Compute<S>;
    const S* x = static_cast<const S*>(args.x);
    auto* y = static_cast<RGM_TYPE_OF(acc_type)*>(args.y);
    for (int64_t c0 = begin; c0 < end; c0 += WIDTH) {
      const int64_t width = end - c0 < WIDTH ? end - c0 : WIDTH;
      double total[WIDTH] = {};
      for (int64_t r0 = 0; r0 < args.rows; r0 += BLOCK) {
        const int64_t last = r0 + BLOCK < args.rows ? r0 + BLOCK : args.rows;
        C sum[WIDTH] = {};
        for (int64_t r = r0; r < last; r++) {
          const S* row = x + r * args.columns + c0;
#pragma omp simd
          for (int64_t c = 0; c < width; c++) sum[c] += load(row[c]);
        }
        for (int64_t c = 0; c < width; c++) total[c] += static_cast<double>(sum[c]);
      }
      for (int64_t c = 0; c < width; c++) {
        const double before = args.accumulate ? static_cast<double>(load(y[c0 + c])) : 0.0;
        store(y[c0 + c], before + total[c]);
      }
    }
  });
}

// Dimensions i and i + D/2 of every head are turned by the angle of the row's position; the range counts rows of heads.
void rotary(const RotaryArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    using C = Compute<S>;
    const int64_t half = args.head_size / 2, width = args.heads * args.head_size;
    const C direction = args.inverse ? C(-1) : C(1);
    for (int64_t row = begin; row < end; row++) {
      const C* cosines = static_cast<const C*>(args.table) + row % args.length * args.head_size;
      const C* sines = cosines + half;
      for (int64_t head = 0; head < args.heads; head++) {
        const S* x = static_cast<const S*>(args.x) + row * width + head * args.head_size;
        S* y = static_cast<S*>(args.y) + row * width + head * args.head_size;
#pragma omp simd
        for (int64_t i = 0; i < half; i++) {
          const C a = load(x[i]), b = load(x[i + half]), sine = sines[i] * direction;
          store(y[i], a * cosines[i] - b * sine);
          store(y[i + half], b * cosines[i] + a * sine);
        }
      }
    }
  });
}

// Head h of y is head h / times of x; the range counts heads of x.
void repeat_heads(const HeadsArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    const size_t bytes = static_cast<size_t>(args.head_size) * sizeof(S);
    for (int64_t head = begin; head < end; head++) {
      const S* x = static_cast<const S*>(args.x) + head * args.head_size;
      S* y = static_cast<S*>(args.y) + head * args.times * args.head_size;
      for (int64_t copy = 0; copy < args.times; copy++) std::memcpy(y + copy * args.head_size, x, bytes);
    }
  });
}

// Head g of y is the sum of heads g·times … of x; the range counts heads of y.
void sum_heads(const HeadsArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    using C = Compute<S>;
    for (int64_t head = begin; head < end; head++) {
      const S* x = static_cast<const S*>(args.x) + head * args.times * args.head_size;
      S* y = static_cast<S*>(args.y) + head * args.head_size;
      for (int64_t i = 0; i < args.head_size; i++) {
        C sum = 0;
        for (int64_t copy = 0; copy < args.times; copy++) sum += load(x[copy * args.head_size + i]);
        store(y[i], sum);
      }
    }
  });
}

}  // namespace RGM_SET
}  // namespace rgm
