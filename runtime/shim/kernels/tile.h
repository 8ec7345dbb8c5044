// The inner product of a few rows with a packed panel of columns, in registers: everything that multiplies matrices is
// made of it.
//
// A panel is `depth` rows of NR contiguous values (NR columns, padded with zeros). Every element of a result is one
// chain of multiply-adds over the depth in order, whatever block it falls into: how the work is divided never
// changes a bit.
#pragma once

#include "common.h"

namespace rgm {
namespace RGM_SET {
namespace {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
constexpr int MR = 12;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
constexpr int MR = 6;
#else
constexpr int VECTOR_BYTES = 16;
constexpr int MR = 6;
#endif

template <typename T> struct VectorOf;
template <> struct VectorOf<float> {
  typedef float Type __attribute__((vector_size(VECTOR_BYTES)));
  typedef float Loose __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
};
template <> struct VectorOf<double> {
  typedef double Type __attribute__((vector_size(VECTOR_BYTES)));
  typedef double Loose __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
};

// Columns of a panel: two vectors.
template <typename T> constexpr int64_t NR = 2 * VECTOR_BYTES / sizeof(T);

// tile[r, 0..NR) (+)= Σ_k a[r, k]·panel[k, 0..NR) for ROWS rows.
template <typename T, int ROWS>
RGM_INLINE void multiply_rows(
    int64_t depth, const T* a, int64_t a_row, int64_t a_col, const T* panel, T* tile, int64_t tile_row, bool accumulate) {
  using V = typename VectorOf<T>::Type;
  using U = typename VectorOf<T>::Loose;
  constexpr int64_t W = NR<T> / 2;
  V sum[ROWS][2];
  for (int r = 0; r < ROWS; r++) {
    sum[r][0] = accumulate ? *reinterpret_cast<const U*>(tile + r * tile_row) : V{};
    sum[r][1] = accumulate ? *reinterpret_cast<const U*>(tile + r * tile_row + W) : V{};
  }
  for (int64_t k = 0; k < depth; k++) {
    const V b0 = *reinterpret_cast<const U*>(panel + k * NR<T>);
    const V b1 = *reinterpret_cast<const U*>(panel + k * NR<T> + W);
    const T* column = a + k * a_col;
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++) {
      const T value = column[r * a_row];
      sum[r][0] += value * b0;
      sum[r][1] += value * b1;
    }
  }
  for (int r = 0; r < ROWS; r++) {
    *reinterpret_cast<U*>(tile + r * tile_row) = sum[r][0];
    *reinterpret_cast<U*>(tile + r * tile_row + W) = sum[r][1];
  }
}

// The same for any number of rows.
template <typename T>
inline void multiply_panel(
    int64_t rows, int64_t depth, const T* a, int64_t a_row, int64_t a_col, const T* panel, T* tile, int64_t tile_row,
    bool accumulate) {
  int64_t r = 0;
  for (; r + MR <= rows; r += MR) {
    multiply_rows<T, MR>(depth, a + r * a_row, a_row, a_col, panel, tile + r * tile_row, tile_row, accumulate);
  }
#define RGM_REST(N)                                                                                              \
  case N: multiply_rows<T, N>(depth, a + r * a_row, a_row, a_col, panel, tile + r * tile_row, tile_row, accumulate); break;
  switch (rows - r) {
    RGM_REST(1) RGM_REST(2) RGM_REST(3) RGM_REST(4) RGM_REST(5)
#if defined(__AVX512F__)
    RGM_REST(6) RGM_REST(7) RGM_REST(8) RGM_REST(9) RGM_REST(10) RGM_REST(11)
#endif
    default: break;
  }
#undef RGM_REST
}

typedef float Eight __attribute__((vector_size(32)));
typedef float LooseEight __attribute__((vector_size(32), aligned(4), may_alias));

// to[j][i] = from[i, j] for an 8×8 f32 block, in registers.
RGM_INLINE void transposed(Eight to[8], const float* from, int64_t from_row) {
  Eight a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) a[i] = *reinterpret_cast<const LooseEight*>(from + i * from_row);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    a[i + 1] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    a[i + 2] = __builtin_shufflevector(b[i + 1], b[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    a[i + 3] = __builtin_shufflevector(b[i + 1], b[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    to[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    to[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// The same into memory.
RGM_INLINE void transpose_block(float* to, int64_t to_row, const float* from, int64_t from_row) {
  Eight columns[8];
  transposed(columns, from, from_row);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) *reinterpret_cast<LooseEight*>(to + i * to_row) = columns[i];
}

template <typename T, typename S>
RGM_INLINE void transpose_block(T* to, int64_t to_row, const S* from, int64_t from_row) {
  for (int64_t i = 0; i < 8; i++) {
    for (int64_t j = 0; j < 8; j++) to[j * to_row + i] = load(from[i * from_row + j]);
  }
}

// Packs columns that are contiguous in memory, in blocks of 8×8.
template <typename T, typename S>
inline void pack_contiguous_columns(T* panel, const S* b, int64_t b_col, int64_t depth, int64_t columns) {
  const int64_t whole = depth / 8 * 8;
  int64_t j = 0;
  for (; j + 8 <= columns; j += 8) {
    for (int64_t k = 0; k < whole; k += 8) transpose_block(panel + k * NR<T> + j, NR<T>, b + k + j * b_col, b_col);
    for (int64_t i = j; i < j + 8; i++) {
      for (int64_t k = whole; k < depth; k++) panel[k * NR<T> + i] = load(b[k + i * b_col]);
    }
  }
  for (; j < columns; j++) {
    for (int64_t k = 0; k < depth; k++) panel[k * NR<T> + j] = load(b[k + j * b_col]);
  }
}

// Packs b[0..depth, 0..columns) into a panel, converting to the type of computation and padding with zeros.
template <typename T, typename S>
inline void pack_panel(T* panel, const S* b, int64_t b_row, int64_t b_col, int64_t depth, int64_t columns) {
  if (b_col == 1 && columns == NR<T>) {
    for (int64_t k = 0; k < depth; k++) {
#pragma omp simd
      for (int64_t j = 0; j < NR<T>; j++) panel[k * NR<T> + j] = load(b[k * b_row + j]);
    }
    return;
  }
  if (b_row == 1) {
    pack_contiguous_columns(panel, b, b_col, depth, columns);
  } else {
    for (int64_t k = 0; k < depth; k++) {
      for (int64_t j = 0; j < columns; j++) panel[k * NR<T> + j] = load(b[k * b_row + j * b_col]);
    }
  }
  for (int64_t k = 0; columns < NR<T> && k < depth; k++) {
    for (int64_t j = columns; j < NR<T>; j++) panel[k * NR<T> + j] = 0;
  }
}

}  // namespace
}  // namespace RGM_SET
}  // namespace rgm
