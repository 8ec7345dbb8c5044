// Layer norm, its sum with a residual before it, and their gradients. One block of threads a row; a thread keeps its part of the row
// in registers, so that a row is read once.

// Rows up to 1,024 threads × 4 packs of 16 bytes; the launcher chooses PER so that threads × PER packs cover the row.
template <typename T, int PER, bool RESIDUAL>
__device__ __forceinline__ void forward(
    const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps) {
  using C = Compute<T>;
  constexpr int N = LANES<T>;
  __shared__ C scratch[32];
  const i64 row = static_cast<i64>(blockIdx.x) * columns;
  C values[PER][N];
  C total = 0;
#pragma unroll
  for (int p = 0; p < PER; p++) {
    const int first = (p * blockDim.x + threadIdx.x) * N;
    if (first < columns) {
      const Pack<T, N> x = *reinterpret_cast<const Pack<T, N>*>(a + row + first);
      Pack<T, N> r;
      if (RESIDUAL) r = *reinterpret_cast<const Pack<T, N>*>(b + row + first);
#pragma unroll
      for (int k = 0; k < N; k++) {
        C value = load(x.at[k]);
        if (RESIDUAL) {
          // The norm sees what is stored: the sum as it is rounded.
          store(r.at[k], value + load(r.at[k]));
          value = load(r.at[k]);
        }
        values[p][k] = value;
        total += value;
      }
      if (RESIDUAL) *reinterpret_cast<Pack<T, N>*>(sum + row + first) = r;
    }
  }
  const C average = block_sum(total, scratch) / columns;
  C squares = 0;
#pragma unroll
  for (int p = 0; p < PER; p++) {
    if ((p * blockDim.x + threadIdx.x) * N < columns) {
#pragma unroll
      for (int k = 0; k < N; k++) squares += (values[p][k] - average) * (values[p][k] - average);
    }
  }
  const C inverse = C(1) / root(block_sum(squares, scratch) / columns + static_cast<C>(eps));
  if (threadIdx.x == 0) mean[blockIdx.x] = average, rstd[blockIdx.x] = inverse;
#pragma unroll
  for (int p = 0; p < PER; p++) {
    const int first = (p * blockDim.x + threadIdx.x) * N;
    if (first < columns) {
      const Pack<T, N> g = *reinterpret_cast<const Pack<T, N>*>(gain + first);
      Pack<T, N> o = {}, r;
      if (bias != nullptr) o = *reinterpret_cast<const Pack<T, N>*>(bias + first);
#pragma unroll
      for (int k = 0; k < N; k++) {
        const C shift = bias != nullptr ? load(o.at[k]) : C(0);
        store(r.at[k], (values[p][k] - average) * inverse * load(g.at[k]) + shift);
      }
      *reinterpret_cast<Pack<T, N>*>(y + row + first) = r;
    }
  }
}

// Any row, any address: element by element, reading the row three times.
template <typename T, bool RESIDUAL>
__device__ __forceinline__ void forward_any(
    const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 row = static_cast<i64>(blockIdx.x) * columns;
  const T* x = RESIDUAL ? sum : a;
  C total = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    if (RESIDUAL) store(sum[row + i], load(a[row + i]) + load(b[row + i]));
    total += load(x[row + i]);
  }
  const C average = block_sum(total, scratch) / columns;
  C squares = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    const C d = load(x[row + i]) - average;
    squares += d * d;
  }
  const C inverse = C(1) / root(block_sum(squares, scratch) / columns + static_cast<C>(eps));
  if (threadIdx.x == 0) mean[blockIdx.x] = average, rstd[blockIdx.x] = inverse;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    const C shift = bias != nullptr ? load(bias[i]) : C(0);
    store(y[row + i], (load(x[row + i]) - average) * inverse * load(gain[i]) + shift);
  }
}

#define FORWARD(name, T)                                                                                              \
  extern "C" __global__ void layer_norm_any_##name(                                                                    \
      const T* x, const T* gain, const T* bias, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps) {   \
    forward_any<T, false>(x, nullptr, gain, bias, nullptr, y, mean, rstd, columns, eps);                               \
  }                                                                                                                    \
  extern "C" __global__ void residual_layer_norm_any_##name(                                                           \
      const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd,          \
      int columns, double eps) {                                                                                       \
    forward_any<T, true>(a, b, gain, bias, sum, y, mean, rstd, columns, eps);                                          \
  }
RGM_FOR_FLOATS(FORWARD)

#define FORWARD_PER(name, T, PER)                                                                                     \
  extern "C" __global__ void layer_norm_##PER##_##name(                                                                \
      const T* x, const T* gain, const T* bias, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps) {   \
    forward<T, PER, false>(x, nullptr, gain, bias, nullptr, y, mean, rstd, columns, eps);                              \
  }                                                                                                                    \
  extern "C" __global__ void residual_layer_norm_##PER##_##name(                                                       \
      const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd,          \
      int columns, double eps) {                                                                                       \
    forward<T, PER, true>(a, b, gain, bias, sum, y, mean, rstd, columns, eps);                                         \
  }
#define FORWARDS(name, T) FORWARD_PER(name, T, 1) FORWARD_PER(name, T, 2) FORWARD_PER(name, T, 4)
RGM_FOR_HALF_AND_SINGLE(FORWARDS)

// dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) (+ residual), g = dy·gain. A block goes through rows blockIdx, blockIdx + gridDim, …;
// its threads keep sums of dy·x̂ and dy for their columns, written to partial[block] at the end.
template <typename T, int PER>
__device__ __forceinline__ void backward(
    const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual, T* dx,
    Compute<T>* partial_gain, Compute<T>* partial_bias, int rows, int columns) {
  using C = Compute<T>;
  constexpr int N = LANES<T>;
  __shared__ C scratch[2][32];
  C sum_gain[PER][N] = {}, sum_bias[PER][N] = {};
  C weights[PER][N];
#pragma unroll
  for (int p = 0; p < PER; p++) {
    const int first = (p * blockDim.x + threadIdx.x) * N;
    if (first < columns) {
      const Pack<T, N> g = *reinterpret_cast<const Pack<T, N>*>(gain + first);
#pragma unroll
      for (int k = 0; k < N; k++) weights[p][k] = load(g.at[k]);
    }
  }
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const i64 offset = static_cast<i64>(row) * columns;
    const C average = mean[row], inverse = rstd[row];
    C hat[PER][N], scaled[PER][N];
    C first_sum = 0, second_sum = 0;
    Pack<T, N> extra[PER];
#pragma unroll
    for (int p = 0; p < PER; p++) {
      const int first = (p * blockDim.x + threadIdx.x) * N;
      if (first < columns) {
        const Pack<T, N> d = *reinterpret_cast<const Pack<T, N>*>(dy + offset + first);
        const Pack<T, N> v = *reinterpret_cast<const Pack<T, N>*>(x + offset + first);
        if (residual != nullptr) extra[p] = *reinterpret_cast<const Pack<T, N>*>(residual + offset + first);
#pragma unroll
        for (int k = 0; k < N; k++) {
          const C gradient = load(d.at[k]);
          hat[p][k] = (load(v.at[k]) - average) * inverse;
          scaled[p][k] = gradient * weights[p][k];
          sum_gain[p][k] += gradient * hat[p][k];
          sum_bias[p][k] += gradient;
          first_sum += scaled[p][k];
          second_sum += scaled[p][k] * hat[p][k];
        }
      }
    }
    // Both sums at once: one pair of barriers a row.
    first_sum = warp_sum(first_sum), second_sum = warp_sum(second_sum);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = (blockDim.x + 31) / 32;
    __syncthreads();
    if (lane == 0) scratch[0][warp] = first_sum, scratch[1][warp] = second_sum;
    __syncthreads();
    first_sum = warp_sum(lane < warps ? scratch[0][lane] : C(0)) / columns;
    second_sum = warp_sum(lane < warps ? scratch[1][lane] : C(0)) / columns;
#pragma unroll
    for (int p = 0; p < PER; p++) {
      const int first = (p * blockDim.x + threadIdx.x) * N;
      if (first < columns) {
        Pack<T, N> r;
#pragma unroll
        for (int k = 0; k < N; k++) {
          C value = inverse * (scaled[p][k] - first_sum - hat[p][k] * second_sum);
          if (residual != nullptr) value += load(extra[p].at[k]);
          store(r.at[k], value);
        }
        *reinterpret_cast<Pack<T, N>*>(dx + offset + first) = r;
      }
    }
  }
#pragma unroll
  for (int p = 0; p < PER; p++) {
    const int first = (p * blockDim.x + threadIdx.x) * N;
    if (first < columns) {
      const i64 offset = static_cast<i64>(blockIdx.x) * columns + first;
#pragma unroll
      for (int k = 0; k < N; k++) {
        partial_gain[offset + k] = sum_gain[p][k];
        if (partial_bias != nullptr) partial_bias[offset + k] = sum_bias[p][k];
      }
    }
  }
}

// Any row, any address. Sums over rows are kept in the partials themselves.
template <typename T>
__device__ __forceinline__ void backward_any(
    const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual, T* dx,
    Compute<T>* partial_gain, Compute<T>* partial_bias, int rows, int columns) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 own = static_cast<i64>(blockIdx.x) * columns;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    partial_gain[own + i] = 0;
    if (partial_bias != nullptr) partial_bias[own + i] = 0;
  }
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const i64 offset = static_cast<i64>(row) * columns;
    const C average = mean[row], inverse = rstd[row];
    C first_sum = 0, second_sum = 0;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
      const C gradient = load(dy[offset + i]), hat = (load(x[offset + i]) - average) * inverse;
      const C scaled = gradient * load(gain[i]);
      partial_gain[own + i] += gradient * hat;
      if (partial_bias != nullptr) partial_bias[own + i] += gradient;
      first_sum += scaled, second_sum += scaled * hat;
    }
    first_sum = block_sum(first_sum, scratch) / columns;
    second_sum = block_sum(second_sum, scratch) / columns;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
      const C hat = (load(x[offset + i]) - average) * inverse;
      C value = inverse * (load(dy[offset + i]) * load(gain[i]) - first_sum - hat * second_sum);
      if (residual != nullptr) value += load(residual[offset + i]);
      store(dx[offset + i], value);
    }
  }
}

#define BACKWARD(name, T)                                                                                             \
  extern "C" __global__ void layer_norm_grad_any_##name(                                                               \
      const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual,       \
      T* dx, Compute<T>* partial_gain, Compute<T>* partial_bias, int rows, int columns) {                              \
    backward_any<T>(dy, x, mean, rstd, gain, residual, dx, partial_gain, partial_bias, rows, columns);                 \
  }
RGM_FOR_FLOATS(BACKWARD)

#define BACKWARD_PER(name, T, PER)                                                                                    \
  extern "C" __global__ void layer_norm_grad_##PER##_##name(                                                           \
      const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual,       \
      T* dx, Compute<T>* partial_gain, Compute<T>* partial_bias, int rows, int columns) {                              \
    backward<T, PER>(dy, x, mean, rstd, gain, residual, dx, partial_gain, partial_bias, rows, columns);                \
  }
#define BACKWARDS(name, T) BACKWARD_PER(name, T, 1) BACKWARD_PER(name, T, 2) BACKWARD_PER(name, T, 4)
RGM_FOR_HALF_AND_SINGLE(BACKWARDS)
