// The norm of all gradients, AdamW and SGD: all tensors of a list in one launch. The list is cut into chunks of equal length; a table on
// the device says which tensor each chunk belongs to.

constexpr int CHUNK = 16384;

// One tensor: its parts, and the number of its first chunk.
struct Entry {
  void* param;
  void* grad;
  void* first;
  void* second;
  void* copy;
  i64 elements;
  i64 first_chunk;
};

// The tensor of a chunk, by bisection.
__device__ __forceinline__ const Entry& entry_of(const Entry* table, int n, i64 chunk) {
  int low = 0, high = n - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (table[middle].first_chunk <= chunk) low = middle;
    else high = middle - 1;
  }
  return table[low];
}

// partial[chunk] = Σ g², in f64. Chunks begin at multiples of 16 bytes.
template <typename T>
__device__ __forceinline__ double squares(const T* g, i64 begin, i64 end) {
  constexpr int N = LANES<T>;
  double total = 0;
#pragma unroll 4
  for (i64 i = begin + threadIdx.x * N; i + N <= end; i += blockDim.x * N) {
    const Pack<T, N> v = *reinterpret_cast<const Pack<T, N>*>(g + i);
    Compute<T> part = 0;
#pragma unroll
    for (int k = 0; k < N; k++) part += load(v.at[k]) * load(v.at[k]);
    total += part;
  }
  const i64 rest = begin + (end - begin) / N * N + threadIdx.x;
  if (rest < end) total += load(g[rest]) * load(g[rest]);
  return total;
}

#define SQUARES(name, T)                                                                                              \
  extern "C" __global__ void squares_##name(const Entry* table, int n, double* partial) {                              \
    __shared__ double scratch[32];                                                                                     \
    const Entry& entry = entry_of(table, n, blockIdx.x);                                                               \
    const i64 begin = (blockIdx.x - entry.first_chunk) * CHUNK;                                                        \
    const i64 end = begin + CHUNK < entry.elements ? begin + CHUNK : entry.elements;                                   \
    const double total = block_sum(squares(static_cast<const T*>(entry.grad), begin, end), scratch);                   \
    if (threadIdx.x == 0) partial[blockIdx.x] = total;                                                                 \
  }
RGM_FOR_FLOATS(SQUARES)

extern "C" __global__ void norm_of_squares(float* norm, const double* partial, i64 chunks) {
  __shared__ double scratch[32];
  double total = 0;
  for (i64 i = threadIdx.x; i < chunks; i += blockDim.x) total += partial[i];
  total = block_sum(total, scratch);
  if (threadIdx.x == 0) *norm = static_cast<float>(sqrt(total));
}

struct Adam {
  double beta1, beta2, eps, weight_decay, clip;
  int zero;
};

__device__ __forceinline__ double clip_scale(double clip, const float* norm) {
  if (clip <= 0) return 1.0;
  const double scale = clip / (static_cast<double>(*norm) + 1e-6);
  return scale < 1.0 ? scale : 1.0;
}

// As runtime/shim/kernels/optimizers.cpp. Numbers that are the same for all elements are computed in f64, once a block.
template <typename P, typename G>
__device__ __forceinline__ void adamw(
    const Entry* table, int n, const float* lr_in, const i64* step_in, const float* norm, const Adam& s) {
  using C = Compute<P>;
  __shared__ C common[5];
  if (threadIdx.x == 0) {
    const double t = static_cast<double>(*step_in) + 1.0, lr = *lr_in;
    common[0] = static_cast<C>(1.0 - lr * s.weight_decay);
    common[1] = static_cast<C>(lr / (1.0 - pow(s.beta1, t)));
    common[2] = static_cast<C>(sqrt(1.0 - pow(s.beta2, t)));
    common[3] = static_cast<C>(clip_scale(s.clip, norm));
  }
  __syncthreads();
  const C decay = common[0], step = common[1], root2 = common[2], scale = common[3];
  const C beta1 = static_cast<C>(s.beta1), rest1 = static_cast<C>(1.0 - s.beta1);
  const C beta2 = static_cast<C>(s.beta2), rest2 = static_cast<C>(1.0 - s.beta2), eps = static_cast<C>(s.eps);
  const Entry& entry = entry_of(table, n, blockIdx.x);
  const i64 begin = (blockIdx.x - entry.first_chunk) * CHUNK;
  const i64 end = begin + CHUNK < entry.elements ? begin + CHUNK : entry.elements;
  P *param = static_cast<P*>(entry.param), *first = static_cast<P*>(entry.first), *second = static_cast<P*>(entry.second);
  G* grad = static_cast<G*>(entry.grad);
  bf16* copy = static_cast<bf16*>(entry.copy);
  for (i64 i = begin + threadIdx.x; i < end; i += blockDim.x) {
    const C g = static_cast<C>(load(grad[i])) * scale;
    const C m = beta1 * first[i] + rest1 * g;
    const C v = beta2 * second[i] + rest2 * g * g;
    const C updated = param[i] * decay - step * m / (root(v) / root2 + eps);
    first[i] = m, second[i] = v, param[i] = updated;
    if (copy != nullptr) store(copy[i], updated);
    if (s.zero) store(grad[i], C(0));
  }
}

#define ADAMW(name, P, G)                                                                                             \
  extern "C" __global__ void adamw_##name(                                                                             \
      const Entry* table, int n, const float* lr, const i64* step, const float* norm, Adam settings) {                 \
    adamw<P, G>(table, n, lr, step, norm, settings);                                                                   \
  }
ADAMW(f32_f32, float, float)
ADAMW(f32_bf16, float, bf16)
ADAMW(f64_f64, double, double)

struct Sgd {
  double momentum, weight_decay, clip;
};

#define SGD(name, P, G)                                                                                               \
  extern "C" __global__ void sgd_##name(const Entry* table, int n, const float* lr_in, const float* norm, Sgd s) {     \
    using C = Compute<P>;                                                                                              \
    const C lr = static_cast<C>(*lr_in), decay = static_cast<C>(s.weight_decay), momentum = static_cast<C>(s.momentum); \
    const C scale = static_cast<C>(clip_scale(s.clip, norm));                                                          \
    const Entry& entry = entry_of(table, n, blockIdx.x);                                                               \
    const i64 begin = (blockIdx.x - entry.first_chunk) * CHUNK;                                                        \
    const i64 end = begin + CHUNK < entry.elements ? begin + CHUNK : entry.elements;                                   \
    P *param = static_cast<P*>(entry.param), *buffer = static_cast<P*>(entry.first);                                   \
    const G* grad = static_cast<const G*>(entry.grad);                                                                 \
    bf16* copy = static_cast<bf16*>(entry.copy);                                                                       \
    for (i64 i = begin + threadIdx.x; i < end; i += blockDim.x) {                                                      \
      C g = static_cast<C>(load(grad[i])) * scale + decay * param[i];                                                  \
      if (buffer != nullptr) g = momentum * buffer[i] + g, buffer[i] = g;                                              \
      const C updated = param[i] - lr * g;                                                                             \
      param[i] = updated;                                                                                              \
      if (copy != nullptr) store(copy[i], updated);                                                                    \
    }                                                                                                                  \
  }
SGD(f32_f32, float, float)
SGD(f32_bf16, float, bf16)
SGD(f64_f64, double, double)
