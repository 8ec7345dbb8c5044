// Matrix products of any strides, with alpha, bias and accumulation, on the stack alone.
//
// Rows of the range are taken in blocks; for every panel of columns, B is packed once per block and depth, and the
// rows of A stream past it. A bf16 A is converted to f32 a few rows at a time.

#include "tile.h"

namespace rgm {
namespace RGM_SET {

namespace {

constexpr int64_t DEPTH = 256;       // of a packed panel: 32 KB
constexpr int64_t BLOCK_ROWS = 768;  // rows that share a packed panel: 98 KB of results

template <typename T, typename D>
RGM_INLINE void finish(const GemmArgs& args, const T* tile, int64_t row, int64_t rows, int64_t j0, int64_t columns) {
  const T alpha = static_cast<T>(args.alpha);
  const D* bias = static_cast<const D*>(args.bias);
  for (int64_t r = 0; r < rows; r++) {
    const T* from = tile + r * NR<T>;
    D* to = static_cast<D*>(args.c) + (row + r) * args.c_row + j0;
    if (args.accumulate) {
#pragma omp simd
      for (int64_t j = 0; j < columns; j++) store(to[j], static_cast<T>(load(to[j])) + alpha * from[j]);
    } else if (bias != nullptr) {
#pragma omp simd
      for (int64_t j = 0; j < columns; j++) store(to[j], alpha * from[j] + static_cast<T>(load(bias[j0 + j])));
    } else {
#pragma omp simd
      for (int64_t j = 0; j < columns; j++) store(to[j], alpha * from[j]);
    }
  }
}

// Rows of A as the type of computation: themselves, or a converted copy.
template <typename T>
RGM_INLINE void stream_rows(
    const GemmArgs& args, const T* a, int64_t rows, int64_t depth, const T* panel, T* tile, bool accumulate) {
  multiply_panel<T>(rows, depth, a, args.a_row, args.a_col, panel, tile, NR<T>, accumulate);
}

RGM_INLINE void stream_rows(
    const GemmArgs& args, const BF16* a, int64_t rows, int64_t depth, const float* panel, float* tile, bool accumulate) {
  alignas(64) float converted[MR * DEPTH];
  for (int64_t r0 = 0; r0 < rows; r0 += MR) {
    const int64_t n = rows - r0 < MR ? rows - r0 : MR;
    for (int64_t r = 0; r < n; r++) {
      const BF16* from = a + (r0 + r) * args.a_row;
      for (int64_t k = 0; k < depth; k++) converted[r * DEPTH + k] = load(from[k * args.a_col]);
    }
    multiply_panel<float>(n, depth, converted, DEPTH, 1, panel, tile + r0 * NR<float>, NR<float>, accumulate);
  }
}

template <typename S, typename D>
void product(const GemmArgs& args, int64_t begin, int64_t end) {
  using T = Compute<S>;
  alignas(64) T panel[DEPTH * NR<T>];
  alignas(64) T tile[BLOCK_ROWS * NR<T>];
  const S* a = static_cast<const S*>(args.a);
  const S* b = static_cast<const S*>(args.b);
  for (int64_t row = begin; row < end; row += BLOCK_ROWS) {
    const int64_t rows = end - row < BLOCK_ROWS ? end - row : BLOCK_ROWS;
    for (int64_t j = 0; j < args.n; j += NR<T>) {
      const int64_t columns = args.n - j < NR<T> ? args.n - j : NR<T>;
      for (int64_t k = 0; k < args.k; k += DEPTH) {
        const int64_t depth = args.k - k < DEPTH ? args.k - k : DEPTH;
        pack_panel<T>(panel, b + k * args.b_row + j * args.b_col, args.b_row, args.b_col, depth, columns);
        stream_rows(args, a + row * args.a_row + k * args.a_col, rows, depth, panel, tile, k > 0);
      }
      finish<T, D>(args, tile, row, rows, j, columns);
    }
  }
}

}  // namespace

// The range counts rows of C.
void gemm(const GemmArgs& args, int64_t begin, int64_t end) {
  with_types(args.dtype, args.c_dtype, [&](auto* type, auto* c_type) {
    product<RGM_TYPE_OF(type), RGM_TYPE_OF(c_type)>(args, begin, end);
  });
}

}  // namespace RGM_SET
}  // namespace rgm
