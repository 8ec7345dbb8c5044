// Sums over rows, and what follows them: first every block sums a stripe of rows, then the stripes are added in their order.

// Hands the block's rows to `use`, in order, each as `load` gives it; several loads are under way before the first is used.
template <int AT_ONCE, typename Load, typename Use>
__device__ __forceinline__ void each_row(i64 rows, Load load, Use use) {
  const i64 step = gridDim.y;
  i64 row = blockIdx.y;
  for (; row + (AT_ONCE - 1) * step < rows; row += AT_ONCE * step) {
    decltype(load(row)) loaded[AT_ONCE];
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) loaded[i] = load(row + i * step);
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) use(row + i * step, loaded[i]);
  }
  for (; row < rows; row += step) use(row, load(row));
}

template <typename T, int N>
__device__ __forceinline__ void add(Compute<T> (&sums)[N], const Pack<T, N>& pack) {
  Compute<T> values[N];
  unpack(pack, values);
#pragma unroll
  for (int k = 0; k < N; k++) sums[k] += values[k];
}

// partial[block, column] = Σ over the block's rows of x. A thread takes one pack of columns.
template <typename T, int N>
__device__ __forceinline__ void stripes(const T* x, Compute<T>* partial, i64 rows, i64 columns) {
  using C = Compute<T>;
  const i64 column = (static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (column >= columns) return;
  C sums[N] = {};
  each_row<8>(rows, [&](i64 row) { return *reinterpret_cast<const Pack<T, N>*>(x + row * columns + column); },
              [&](i64, const Pack<T, N>& v) { add<T, N>(sums, v); });
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

// Up to three sums over the same stripes, in one launch; blockIdx.y says which.
struct Finish {
  void* to[3];
  const void* partial[3];
};

// y (+)= Σ over stripes. A warp takes 32 columns; the block's 32 warps take stripes in turn.
template <typename Y, typename C>
__device__ __forceinline__ void finish(const Finish& which, i64 stripes, i64 columns, int accumulate) {
  const int i = blockIdx.y;
  Y* y = static_cast<Y*>(i == 0 ? which.to[0] : i == 1 ? which.to[1] : which.to[2]);
  const C* partial = static_cast<const C*>(i == 0 ? which.partial[0] : i == 1 ? which.partial[1] : which.partial[2]);
  __shared__ C sums[32][33];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const i64 column = static_cast<i64>(blockIdx.x) * 32 + lane;
  C total = 0;
  if (column < columns) {
#pragma unroll 8
    for (i64 stripe = warp; stripe < stripes; stripe += 32) total += partial[stripe * columns + column];
  }
  sums[warp][lane] = total;
  __syncthreads();
  if (warp == 0 && column < columns) {
    C sum = 0;
#pragma unroll
    for (int w = 0; w < 32; w++) sum += sums[w][lane];
    if (accumulate) sum += load(y[column]);
    store(y[column], sum);
  }
}

#define FINISH(name, Y, C)                                                                                            \
  extern "C" __global__ void finish_sum_##name(Finish which, i64 stripes, i64 columns, int accumulate) {               \
    finish<Y, C>(which, stripes, columns, accumulate);                                                                 \
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
  // Unrolled: parameters that are indexed by numbers unknown to the compiler go to memory first.
  const T* from = nullptr;
  i64 inside = column, step = 0;
#pragma unroll
  for (int part = 0; part < 8; part++) {
    if (part < count && from == nullptr) {
      step = parts.columns[part];
      if (inside < step) from = static_cast<const T*>(parts.data[part]) + inside;
      else inside -= step;
    }
  }
  C sums[N] = {};
  each_row<4>(rows, [&](i64 row) { return *reinterpret_cast<const Pack<T, N>*>(from + row * step); },
              [&](i64 row, const Pack<T, N>& v) {
                *reinterpret_cast<Pack<T, N>*>(whole + row * columns + column) = v;
                add<T, N>(sums, v);
              });
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
