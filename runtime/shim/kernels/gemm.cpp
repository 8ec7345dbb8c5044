// Matrix products of any strides, with alpha, bias and accumulation, on the stack alone.
//
// Rows of the range are taken in blocks; for every panel of columns, B is packed once per block and depth, and the
// rows of A stream past it. A bf16 A is converted to f32 a few rows at a time. Few rows do not repay the packing: where B's columns are
// contiguous, as weights' are, they are multiplied by blocks that are transposed in registers.

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

constexpr int64_t FEW = 2;           // rows that are not worth a panel
constexpr int64_t FEW_COLUMNS = 32;  // columns at once

// tile[r, 0..FEW_COLUMNS) = Σ_k a[r, k]·b[k, …) in the order of k, as everywhere: the same bits as with a panel.
template <int ROWS>
RGM_INLINE void multiply_few(const GemmArgs& args, const float* a, const float* b, float* tile) {
  using V = Eight;
  using U = LooseEight;
  constexpr int GROUPS = FEW_COLUMNS / 8;
  constexpr int64_t STEP = 16;  // a cache line of every column
  const int64_t whole = args.k / STEP * STEP;
  V sum[ROWS][GROUPS] = {};
  for (int64_t k0 = 0; k0 < whole; k0 += STEP) {
#pragma GCC unroll 4
    for (int g = 0; g < GROUPS; g++) {
      for (int64_t k = k0; k < k0 + STEP; k += 8) {
        V columns[8];
        transposed(columns, b + k + 8 * g * args.b_col, args.b_col);
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
          for (int r = 0; r < ROWS; r++) sum[r][g] += a[r * args.a_row + (k + i) * args.a_col] * columns[i];
        }
      }
    }
  }
  for (int64_t k = whole; k < args.k; k++) {
    for (int g = 0; g < GROUPS; g++) {
      V column;
      for (int c = 0; c < 8; c++) column[c] = b[k + (8 * g + c) * args.b_col];
      for (int r = 0; r < ROWS; r++) sum[r][g] += a[r * args.a_row + k * args.a_col] * column;
    }
  }
  for (int r = 0; r < ROWS; r++) {
    for (int g = 0; g < GROUPS; g++) *reinterpret_cast<U*>(tile + r * NR<float> + 8 * g) = sum[r][g];
  }
}

// The columns that are multiplied without a panel, if that is the better way: all but the last few.
template <typename D>
int64_t product_of_few(const GemmArgs& args, int64_t row, int64_t rows) {
  if (rows > FEW || args.b_row != 1 || NR<float> < FEW_COLUMNS) return 0;
  alignas(64) float tile[FEW * NR<float>];
  const float* a = static_cast<const float*>(args.a) + row * args.a_row;
  int64_t j = 0;
  for (; j + FEW_COLUMNS <= args.n; j += FEW_COLUMNS) {
    const float* b = static_cast<const float*>(args.b) + j * args.b_col;
    if (rows == 1) multiply_few<1>(args, a, b, tile);
    else multiply_few<2>(args, a, b, tile);
    finish<float, D>(args, tile, row, rows, j, FEW_COLUMNS);
  }
  return j;
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
    int64_t j = 0;
    if constexpr (std::is_same_v<S, float>) j = product_of_few<D>(args, row, rows);
    for (; j < args.n; j += NR<T>) {
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
