// Sums over rows, and what follows them: first every block sums a stripe of rows, then the stripes are added in their order.

// partial[block, column] = Σ over the block's rows of x. A thread takes one pack of columns.
template <typename T, int N>
__device__ __forceinline__ void stripes(const T* x, Compute<T>* partial, i64 rows, i64 columns) {
  using C = Compute<T>;
  const i64 column = (static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (column >= columns) return;
  C sums[N] = {};
  for (i64 row = blockIdx.y; row < rows; row += gridDim.y) {
    const Pack<T, N> v = *reinterpret_cast<const Pack<T, N>*>(x + row * columns + column);
#pragma unroll
    for (int k = 0; k < N; k++) sums[k] += load(v.at[k]);
  }
#pragma unroll
  for (int k = 0; k < N; k++) partial[blockIdx.y * columns + column + k] = sums[k];
}

#define STRIPES(name, T)                                                                                              \
  extern "C" __global__ void sum_rows_##name(const T* x, Compute<T>* partial, i64 rows, i64 columns) {                 \
    stripes<T, LANES<T>>(x, partial, rows, columns);                                                                   \
  }                                                                                                                    \
  extern "C" __global__ void sum_rows_any_##name(const T* x, Compute<T>* partial, i64 rows, i64 columns) {             \
    stripes<T, 1>(x, partial, rows, columns);                                                                          \
  }
RGM_FOR_FLOATS(STRIPES)

// y (+)= Σ over stripes. A warp takes 32 columns; its block's warps take stripes in turn.
template <typename Y, typename C>
__device__ __forceinline__ void finish(Y* y, const C* partial, i64 stripes, i64 columns, int accumulate) {
  __shared__ C sums[32][33];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  const i64 column = static_cast<i64>(blockIdx.x) * 32 + lane;
  C total = 0;
  if (column < columns) {
    for (i64 stripe = warp; stripe < stripes; stripe += warps) total += partial[stripe * columns + column];
  }
  sums[warp][lane] = total;
  __syncthreads();
  if (warp == 0 && column < columns) {
    C sum = 0;
    for (int w = 0; w < warps; w++) sum += sums[w][lane];
    if (accumulate) sum += load(y[column]);
    store(y[column], sum);
  }
}

#define FINISH(name, Y, C)                                                                                            \
  extern "C" __global__ void finish_sum_##name(Y* y, const C* partial, i64 stripes, i64 columns, int accumulate) {     \
    finish(y, partial, stripes, columns, accumulate);                                                                  \
  }
FINISH(f32, float, float)
FINISH(bf16, bf16, float)
FINISH(f64, double, double)

// Up to eight parts side by side become one tensor, and stripes of the sums of its columns; a thread takes one pack of columns of
// the whole.
struct Parts {
  const void* data[8];
  i64 columns[8];
};

template <typename T, int N>
__device__ __forceinline__ void pack_parts(const Parts& parts, int count, T* whole, Compute<T>* partial, i64 rows, i64 columns) {
  using C = Compute<T>;
  const i64 column = (static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (column >= columns) return;
  int part = 0;
  i64 inside = column;
  while (part < count - 1 && inside >= parts.columns[part]) inside -= parts.columns[part++];
  const T* from = static_cast<const T*>(parts.data[part]) + inside;
  const i64 step = parts.columns[part];
  C sums[N] = {};
  for (i64 row = blockIdx.y; row < rows; row += gridDim.y) {
    const Pack<T, N> v = *reinterpret_cast<const Pack<T, N>*>(from + row * step);
    *reinterpret_cast<Pack<T, N>*>(whole + row * columns + column) = v;
#pragma unroll
    for (int k = 0; k < N; k++) sums[k] += load(v.at[k]);
  }
#pragma unroll
  for (int k = 0; k < N; k++) partial[blockIdx.y * columns + column + k] = sums[k];
}

#define PACK_PARTS(name, T)                                                                                           \
  extern "C" __global__ void pack_parts_##name(                                                                        \
      Parts parts, int count, T* whole, Compute<T>* partial, i64 rows, i64 columns) {                                  \
    pack_parts<T, LANES<T>>(parts, count, whole, partial, rows, columns);                                              \
  }                                                                                                                    \
  extern "C" __global__ void pack_parts_any_##name(                                                                    \
      Parts parts, int count, T* whole, Compute<T>* partial, i64 rows, i64 columns) {                                  \
    pack_parts<T, 1>(parts, count, whole, partial, rows, columns);                                                     \
  }
RGM_FOR_HALF_AND_SINGLE(PACK_PARTS)
