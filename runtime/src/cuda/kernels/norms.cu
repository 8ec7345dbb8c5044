// Layer norm, its sum with a residual before it, and their gradients. `centre` is 1, or 0 where no mean is taken away (RMS norm). One block of threads a row; a thread keeps its part of the row
// in registers, so that a row is read once.

// Rows up to 1,024 threads × 4 packs of 16 bytes; the launcher chooses PER so that threads × PER packs cover the row.
template <typename T, int PER, bool RESIDUAL>
__device__ __forceinline__ void forward(
    const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps, double centre) {
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
      unpack(*reinterpret_cast<const Pack<T, N>*>(a + row + first), values[p]);
      if (RESIDUAL) {
        C more[N];
        unpack(*reinterpret_cast<const Pack<T, N>*>(b + row + first), more);
#pragma unroll
        for (int k = 0; k < N; k++) values[p][k] += more[k];
        Pack<T, N> rounded;
        pack(rounded, values[p]);
        *reinterpret_cast<Pack<T, N>*>(sum + row + first) = rounded;
        // The norm sees what is stored: the sum as it is rounded.
        unpack(rounded, values[p]);
      }
#pragma unroll
      for (int k = 0; k < N; k++) total += values[p][k];
    }
  }
  const C average = block_sum(total, scratch) / columns * static_cast<C>(centre);
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
      C weights[N], shifts[N] = {};
      unpack(*reinterpret_cast<const Pack<T, N>*>(gain + first), weights);
      if (bias != nullptr) unpack(*reinterpret_cast<const Pack<T, N>*>(bias + first), shifts);
#pragma unroll
      for (int k = 0; k < N; k++) values[p][k] = (values[p][k] - average) * inverse * weights[k] + shifts[k];
      Pack<T, N> result;
      pack(result, values[p]);
      *reinterpret_cast<Pack<T, N>*>(y + row + first) = result;
    }
  }
}

// Any row, any address: element by element, reading the row three times.
template <typename T, bool RESIDUAL>
__device__ __forceinline__ void forward_any(
    const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps, double centre) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 row = static_cast<i64>(blockIdx.x) * columns;
  const T* x = RESIDUAL ? sum : a;
  C total = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    if (RESIDUAL) store(sum[row + i], load(a[row + i]) + load(b[row + i]));
    total += load(x[row + i]);
  }
  const C average = block_sum(total, scratch) / columns * static_cast<C>(centre);
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
      const T* x, const T* gain, const T* bias, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps, double centre) {   \
    forward_any<T, false>(x, nullptr, gain, bias, nullptr, y, mean, rstd, columns, eps, centre);                               \
  }                                                                                                                    \
  extern "C" __global__ void residual_layer_norm_any_##name(                                                           \
      const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd,          \
      int columns, double eps, double centre) {                                                                                       \
    forward_any<T, true>(a, b, gain, bias, sum, y, mean, rstd, columns, eps, centre);                                          \
  }
RGM_FOR_FLOATS(FORWARD)

#define FORWARD_PER(name, T, PER)                                                                                     \
  extern "C" __global__ void __launch_bounds__(256 * PER) layer_norm_##PER##_##name(                                   \
      const T* x, const T* gain, const T* bias, T* y, Compute<T>* mean, Compute<T>* rstd, int columns, double eps, double centre) {   \
    forward<T, PER, false>(x, nullptr, gain, bias, nullptr, y, mean, rstd, columns, eps, centre);                              \
  }                                                                                                                    \
  extern "C" __global__ void __launch_bounds__(256 * PER) residual_layer_norm_##PER##_##name(                          \
      const T* a, const T* b, const T* gain, const T* bias, T* sum, T* y, Compute<T>* mean, Compute<T>* rstd,          \
      int columns, double eps, double centre) {                                                                                       \
    forward<T, PER, true>(a, b, gain, bias, sum, y, mean, rstd, columns, eps, centre);                                         \
  }
#define FORWARDS(name, T) FORWARD_PER(name, T, 1) FORWARD_PER(name, T, 2) FORWARD_PER(name, T, 4)
RGM_FOR_HALF_AND_SINGLE(FORWARDS)

// Where a block leaves its sums over rows: of dy·x̂, of dy, and of dx as it is stored. Each is an array of one row a block, or null.
template <typename C>
struct Sums {
  C *gain, *bias, *out;
};

// Elements that a thread takes at once: few, because it keeps three sums for each.
constexpr int GRADIENT_LANES = 4;

// dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) (+ residual), g = dy·gain. A block goes through rows, ROWS at a time, so that the loads of
// all are under way before the first barrier; its threads keep the sums for their columns.
template <typename T, int PER, int ROWS>
__device__ __forceinline__ void backward(
    const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual, T* dx,
    const Sums<Compute<T>>& partial, int rows, int columns, double centre) {
  using C = Compute<T>;
  constexpr int N = GRADIENT_LANES;
  // Two sets, so that one barrier a turn is enough.
  __shared__ C scratch[2][ROWS][2][32];
  C sum_gain[PER][N] = {}, sum_bias[PER][N] = {}, sum_out[PER][N] = {};
  Pack<T, N> weights[PER];
#pragma unroll
  for (int p = 0; p < PER; p++) {
    const int first = (p * blockDim.x + threadIdx.x) * N;
    if (first < columns) weights[p] = *reinterpret_cast<const Pack<T, N>*>(gain + first);
  }
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = (blockDim.x + 31) / 32;
  int turn = 0;
  for (int begin = blockIdx.x * ROWS; begin < rows; begin += gridDim.x * ROWS, turn ^= 1) {
    Pack<T, N> d[ROWS][PER], v[ROWS][PER], extra[ROWS][PER];
    C average[ROWS], inverse[ROWS], first_sum[ROWS], second_sum[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const int row = begin + r;
      if (row >= rows) continue;
      average[r] = mean[row], inverse[r] = rstd[row];
#pragma unroll
      for (int p = 0; p < PER; p++) {
        const int first = (p * blockDim.x + threadIdx.x) * N;
        if (first < columns) {
          const i64 at = static_cast<i64>(row) * columns + first;
          d[r][p] = *reinterpret_cast<const Pack<T, N>*>(dy + at);
          v[r][p] = *reinterpret_cast<const Pack<T, N>*>(x + at);
          if (residual != nullptr) extra[r][p] = *reinterpret_cast<const Pack<T, N>*>(residual + at);
        }
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (begin + r >= rows) continue;
      first_sum[r] = 0, second_sum[r] = 0;
#pragma unroll
      for (int p = 0; p < PER; p++) {
        if ((p * blockDim.x + threadIdx.x) * N < columns) {
          C gradient[N], hat[N], weight[N];
          unpack(d[r][p], gradient), unpack(v[r][p], hat), unpack(weights[p], weight);
#pragma unroll
          for (int k = 0; k < N; k++) {
            hat[k] = (hat[k] - average[r]) * inverse[r];
            const C scaled = gradient[k] * weight[k];
            sum_gain[p][k] += gradient[k] * hat[k];
            sum_bias[p][k] += gradient[k];
            first_sum[r] += scaled;
            second_sum[r] += scaled * hat[k];
          }
        }
      }
      first_sum[r] = warp_sum(first_sum[r]), second_sum[r] = warp_sum(second_sum[r]);
      if (lane == 0) scratch[turn][r][0][warp] = first_sum[r], scratch[turn][r][1][warp] = second_sum[r];
    }
    __syncthreads();
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const int row = begin + r;
      if (row >= rows) continue;
      const C one = warp_sum(lane < warps ? scratch[turn][r][0][lane] : C(0)) / columns * static_cast<C>(centre);
      const C two = warp_sum(lane < warps ? scratch[turn][r][1][lane] : C(0)) / columns;
#pragma unroll
      for (int p = 0; p < PER; p++) {
        const int first = (p * blockDim.x + threadIdx.x) * N;
        if (first < columns) {
          C gradient[N], hat[N], weight[N], values[N] = {};
          unpack(d[r][p], gradient), unpack(v[r][p], hat), unpack(weights[p], weight);
          if (residual != nullptr) unpack(extra[r][p], values);
#pragma unroll
          for (int k = 0; k < N; k++) {
            hat[k] = (hat[k] - average[r]) * inverse[r];
            values[k] += inverse[r] * (gradient[k] * weight[k] - one - hat[k] * two);
          }
          Pack<T, N> result;
          pack(result, values);
          *reinterpret_cast<Pack<T, N>*>(dx + static_cast<i64>(row) * columns + first) = result;
          unpack(result, values);
#pragma unroll
          for (int k = 0; k < N; k++) sum_out[p][k] += values[k];
        }
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
        partial.gain[offset + k] = sum_gain[p][k];
        if (partial.bias != nullptr) partial.bias[offset + k] = sum_bias[p][k];
        if (partial.out != nullptr) partial.out[offset + k] = sum_out[p][k];
      }
    }
  }
}

// The same for rows of 32 · PER packs: a warp a row, so that nothing but two sums of a row passes between threads, and that by
// shuffles. The warps of a block add up their sums over rows at the end.
template <typename T, int PER, bool RESIDUAL>
__device__ __forceinline__ void backward_by_warps(
    const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual, T* dx,
    const Sums<Compute<T>>& partial, int rows, double centre) {
  using C = Compute<T>;
  using P = Pack<T, LANES<T>>;
  constexpr int N = LANES<T>, WARPS = 4, COLUMNS = PER * 32 * N;
  __shared__ C scratch[WARPS][COLUMNS];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  C sum_gain[PER][N] = {}, sum_bias[PER][N] = {}, sum_out[PER][N] = {};
  P weights[PER];
#pragma unroll
  for (int p = 0; p < PER; p++) weights[p] = reinterpret_cast<const P*>(gain)[p * 32 + lane];
  for (int row = blockIdx.x * WARPS + warp; row < rows; row += gridDim.x * WARPS) {
    const i64 packs = static_cast<i64>(row) * (PER * 32) + lane;
    const P *from_d = reinterpret_cast<const P*>(dy) + packs, *from_x = reinterpret_cast<const P*>(x) + packs;
    const P* from_r = reinterpret_cast<const P*>(residual) + packs;
    P d[PER], v[PER], extra[PER];
    const C inverse = rstd[row], shift = -mean[row] * inverse;
#pragma unroll
    for (int p = 0; p < PER; p++) {
      d[p] = from_d[p * 32], v[p] = from_x[p * 32];
      if (RESIDUAL) extra[p] = from_r[p * 32];
    }
    C first_sum = 0, second_sum = 0;
#pragma unroll
    for (int p = 0; p < PER; p++) {
      C gradient[N], hat[N], weight[N];
      unpack(d[p], gradient), unpack(v[p], hat), unpack(weights[p], weight);
#pragma unroll
      for (int k = 0; k < N; k++) {
        hat[k] = hat[k] * inverse + shift;
        const C scaled = gradient[k] * weight[k];
        sum_gain[p][k] += gradient[k] * hat[k];
        sum_bias[p][k] += gradient[k];
        first_sum += scaled;
        second_sum += scaled * hat[k];
      }
    }
    const C rate = inverse * (C(-1) / COLUMNS);
    const C one = warp_sum(first_sum) * rate * static_cast<C>(centre), two = warp_sum(second_sum) * rate;
#pragma unroll
    for (int p = 0; p < PER; p++) {
      C gradient[N], hat[N], weight[N], values[N] = {};
      unpack(d[p], gradient), unpack(v[p], hat), unpack(weights[p], weight);
      if (RESIDUAL) unpack(extra[p], values);
#pragma unroll
      for (int k = 0; k < N; k++) {
        hat[k] = hat[k] * inverse + shift;
        values[k] += gradient[k] * weight[k] * inverse + (hat[k] * two + one);
      }
      P result;
      pack(result, values);
      reinterpret_cast<P*>(dx)[packs + p * 32] = result;
      unpack(result, values);
#pragma unroll
      for (int k = 0; k < N; k++) sum_out[p][k] += values[k];
    }
  }
  C(*const all[3])[N] = {sum_gain, sum_bias, sum_out};
  C* const to[3] = {partial.gain, partial.bias, partial.out};
#pragma unroll
  for (int which = 0; which < 3; which++) {
    if (to[which] == nullptr) continue;
    __syncthreads();
#pragma unroll
    for (int p = 0; p < PER; p++) {
#pragma unroll
      for (int k = 0; k < N; k++) scratch[warp][(p * 32 + lane) * N + k] = all[which][p][k];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < COLUMNS; i += 32 * WARPS) {
      C total = scratch[0][i];
#pragma unroll
      for (int w = 1; w < WARPS; w++) total += scratch[w][i];
      to[which][static_cast<i64>(blockIdx.x) * COLUMNS + i] = total;
    }
  }
}

// Any row, any address. Sums over rows are kept in the partials themselves.
template <typename T>
__device__ __forceinline__ void backward_any(
    const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual, T* dx,
    const Sums<Compute<T>>& partial, int rows, int columns, double centre) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 own = static_cast<i64>(blockIdx.x) * columns;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    partial.gain[own + i] = 0;
    if (partial.bias != nullptr) partial.bias[own + i] = 0;
    if (partial.out != nullptr) partial.out[own + i] = 0;
  }
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const i64 offset = static_cast<i64>(row) * columns;
    const C average = mean[row], inverse = rstd[row];
    C first_sum = 0, second_sum = 0;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
      const C gradient = load(dy[offset + i]), hat = (load(x[offset + i]) - average) * inverse;
      const C scaled = gradient * load(gain[i]);
      partial.gain[own + i] += gradient * hat;
      if (partial.bias != nullptr) partial.bias[own + i] += gradient;
      first_sum += scaled, second_sum += scaled * hat;
    }
    first_sum = block_sum(first_sum, scratch) / columns * static_cast<C>(centre);
    second_sum = block_sum(second_sum, scratch) / columns;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
      const C hat = (load(x[offset + i]) - average) * inverse;
      C value = inverse * (load(dy[offset + i]) * load(gain[i]) - first_sum - hat * second_sum);
      if (residual != nullptr) value += load(residual[offset + i]);
      store(dx[offset + i], value);
      if (partial.out != nullptr) partial.out[own + i] += load(dx[offset + i]);
    }
  }
}

#define BACKWARD(name, T)                                                                                             \
  extern "C" __global__ void layer_norm_grad_any_##name(                                                               \
      const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual,       \
      T* dx, Sums<Compute<T>> partial, int rows, int columns, double centre) {                                                        \
    backward_any<T>(dy, x, mean, rstd, gain, residual, dx, partial, rows, columns, centre);                                    \
  }
RGM_FOR_FLOATS(BACKWARD)

// All blocks of a launch run at once: 1,024 threads a multiprocessor, which leaves each of them 64 registers.
#define BACKWARD_PER(name, T, PER, ROWS)                                                                              \
  extern "C" __global__ void __launch_bounds__(1024, 1) layer_norm_grad_##PER##_##name(                         \
      const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual,       \
      T* dx, Sums<Compute<T>> partial, int rows, int columns, double centre) {                                                        \
    backward<T, PER, ROWS>(dy, x, mean, rstd, gain, residual, dx, partial, rows, columns, centre);                             \
  }
#define BACKWARDS(name, T) BACKWARD_PER(name, T, 1, 2) BACKWARD_PER(name, T, 2, 1) BACKWARD_PER(name, T, 4, 1)
RGM_FOR_HALF_AND_SINGLE(BACKWARDS)

// Of four warps each, as many blocks a multiprocessor as registers allow: 168 registers a thread, or 255.
#define BACKWARD_BY_WARPS(name, T, COLUMNS, BLOCKS)                                                                   \
  extern "C" __global__ void __launch_bounds__(128, BLOCKS) layer_norm_grad_of_##COLUMNS##_##name(                     \
      const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, const T* gain, const T* residual,       \
      T* dx, Sums<Compute<T>> partial, int rows, int, double centre) {                                                                \
    constexpr int PER = COLUMNS / (32 * LANES<T>);                                                                     \
    if (residual != nullptr) backward_by_warps<T, PER, true>(dy, x, mean, rstd, gain, residual, dx, partial, rows, centre);    \
    else backward_by_warps<T, PER, false>(dy, x, mean, rstd, gain, residual, dx, partial, rows, centre);                       \
  }
#define BACKWARDS_BY_WARPS(name, T)                                                                                   \
  BACKWARD_BY_WARPS(name, T, 256, 3) BACKWARD_BY_WARPS(name, T, 512, 3) BACKWARD_BY_WARPS(name, T, 768, 3)             \
  BACKWARD_BY_WARPS(name, T, 1024, 2)
RGM_FOR_HALF_AND_SINGLE(BACKWARDS_BY_WARPS)
