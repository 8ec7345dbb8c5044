// Softmax, cross-entropy and their gradients: a block a row.

// A row's maximum and Σ exp(x − maximum), joined over the block.
template <typename C>
struct Mass {
  C maximum, sum;
};

template <typename C>
__device__ __forceinline__ Mass<C> join(Mass<C> a, Mass<C> b) {
  const C maximum = a.maximum > b.maximum ? a.maximum : b.maximum;
  // Both empty: −∞ − −∞ is no number.
  if (maximum == -INFINITY) return a;
  return {maximum, a.sum * exponential(a.maximum - maximum) + b.sum * exponential(b.maximum - maximum)};
}

template <typename C>
__device__ __forceinline__ Mass<C> block_join(Mass<C> mass, Mass<C>* scratch) {
  for (int offset = 16; offset > 0; offset /= 2) {
    mass = join(mass, {__shfl_xor_sync(ALL, mass.maximum, offset), __shfl_xor_sync(ALL, mass.sum, offset)});
  }
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
  __syncthreads();
  if (lane == 0) scratch[warp] = mass;
  __syncthreads();
  mass = lane < warps ? scratch[lane] : Mass<C>{-INFINITY, 0};
  for (int offset = 16; offset > 0; offset /= 2) {
    mass = join(mass, {__shfl_xor_sync(ALL, mass.maximum, offset), __shfl_xor_sync(ALL, mass.sum, offset)});
  }
  return mass;
}

template <typename T, int N>
__device__ __forceinline__ Mass<Compute<T>> row_mass(const T* x, i64 n, Compute<T> scale) {
  using C = Compute<T>;
  Mass<C> mass = {-INFINITY, 0};
  const i64 packs = n / N;
  for (i64 i = threadIdx.x; i < packs; i += blockDim.x) {
    C values[N];
    unpack(*reinterpret_cast<const Pack<T, N>*>(x + i * N), values);
    C top = -INFINITY;
#pragma unroll
    for (int k = 0; k < N; k++) {
      values[k] *= scale;
      top = values[k] > top ? values[k] : top;
    }
    if (top > mass.maximum) {
      mass.sum *= exponential(mass.maximum - top);
      mass.maximum = top;
    }
#pragma unroll
    for (int k = 0; k < N; k++) mass.sum += exponential(values[k] - mass.maximum);
  }
  for (i64 i = packs * N + threadIdx.x; i < n; i += blockDim.x) mass = join(mass, {load(x[i]) * scale, C(1)});
  return mass;
}

// loss of a row into row_loss, and the gradient over the logits. A label outside the vocabulary sets `bad` to its place + 1.
template <typename T, int N, bool GRADIENT>
__device__ __forceinline__ void cross_entropy(
    T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>* lse_out, i64 classes, u64* bad) {
  using C = Compute<T>;
  __shared__ Mass<C> scratch[32];
  T* x = logits + static_cast<i64>(blockIdx.x) * classes;
  const i64 label = labels[blockIdx.x];
  const bool counts = label != -100;
  if (counts && (label < 0 || label >= classes)) {
    if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(blockIdx.x) + 1), row_loss[blockIdx.x] = 0;
    return;
  }
  if (!counts && GRADIENT) {
    for (i64 i = threadIdx.x; i < classes; i += blockDim.x) store(x[i], C(0));
    if (threadIdx.x == 0) row_loss[blockIdx.x] = 0;
    return;
  }
  const Mass<C> mass = block_join(row_mass<T, N>(x, classes, C(1)), scratch);
  const C lse = mass.maximum + log(mass.sum);
  // Before anything is written over it.
  const C at_label = counts ? load(x[label]) : C(0);
  if (threadIdx.x == 0) {
    row_loss[blockIdx.x] = counts ? lse - at_label : C(0);
    if (lse_out != nullptr) lse_out[blockIdx.x] = lse;
  }
  if (!GRADIENT) return;
  __syncthreads();
  const C factor = C(1) / static_cast<C>(*divisor);
  const i64 packs = classes / N;
  for (i64 i = threadIdx.x; i < packs; i += blockDim.x) {
    Pack<T, N>* place = reinterpret_cast<Pack<T, N>*>(x + i * N);
    Pack<T, N> v = *place;
#pragma unroll
    for (int k = 0; k < N; k++) {
      const C p = exponential(load(v.at[k]) - lse);
      store(v.at[k], (i * N + k == label ? p - C(1) : p) * factor);
    }
    *place = v;
  }
  for (i64 i = packs * N + threadIdx.x; i < classes; i += blockDim.x) {
    const C p = exponential(load(x[i]) - lse);
    store(x[i], (i == label ? p - C(1) : p) * factor);
  }
}

// The same with its gradient, for rows of 16-byte packs that fit into shared memory: each is read from and written to the GPU's memory
// once. The copy engine brings the whole row at once, while the multiprocessor's other blocks compute.
template <typename T>
__device__ __forceinline__ void cross_entropy_resident(
    T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, i64 classes, u64* bad) {
  using C = Compute<T>;
  constexpr int N = LANES<T>;
  extern __shared__ uint4 row[];
  __shared__ Mass<C> scratch[32];
  Pack<T, N>* own = reinterpret_cast<Pack<T, N>*>(row);
  Pack<T, N>* x = reinterpret_cast<Pack<T, N>*>(logits + static_cast<i64>(blockIdx.x) * classes);
  const int packs = static_cast<int>(classes) / N;
  const i64 label = labels[blockIdx.x];
  const bool counts = label != -100;
  if (counts && (label < 0 || label >= classes)) {
    if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(blockIdx.x) + 1), row_loss[blockIdx.x] = 0;
    return;
  }
  if (!counts) {
    for (int i = threadIdx.x; i < packs; i += blockDim.x) x[i] = Pack<T, N>{};
    if (threadIdx.x == 0) row_loss[blockIdx.x] = 0;
    return;
  }
  for (int i = threadIdx.x; i < packs; i += blockDim.x) {
    const u32 to = static_cast<u32>(__cvta_generic_to_shared(own + i));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(x + i) : "memory");
  }
  asm volatile("cp.async.wait_all;" ::: "memory");
  // A thread's packs are those that it copied itself, so that no barrier stands between copying and the first pass.
  const Mass<C> mass = block_join(row_mass<T, N>(reinterpret_cast<const T*>(row), classes, C(1)), scratch);
  const C lse = mass.maximum + log(mass.sum);
  // After the barriers of the join every thread sees the whole row.
  if (threadIdx.x == 0) row_loss[blockIdx.x] = lse - load(reinterpret_cast<const T*>(row)[label]);
  const C factor = C(1) / static_cast<C>(*divisor);
  for (int i = threadIdx.x; i < packs; i += blockDim.x) {
    C values[N];
    unpack(own[i], values);
    // Where the label is in this pack, if it is.
    const i64 at = label - static_cast<i64>(i) * N;
#pragma unroll
    for (int k = 0; k < N; k++) {
      const C p = exponential(values[k] - lse);
      values[k] = (k == at ? p - C(1) : p) * factor;
    }
    pack(own[i], values);
    x[i] = own[i];
  }
}

// dlogits = dloss/divisor·(softmax − onehot), from a log-sum-exp that is known.
template <typename T>
__device__ __forceinline__ void cross_entropy_gradient(
    T* dlogits, const T* logits, const i64* labels, const Compute<T>* dloss, const float* divisor, const Compute<T>* lse, i64 classes) {
  using C = Compute<T>;
  const i64 offset = static_cast<i64>(blockIdx.x) * classes, label = labels[blockIdx.x];
  const C factor = label < 0 ? C(0) : *dloss / static_cast<C>(*divisor), sum = lse[blockIdx.x];
  for (i64 i = threadIdx.x; i < classes; i += blockDim.x) {
    const C p = exponential(load(logits[offset + i]) - sum);
    store(dlogits[offset + i], label < 0 ? C(0) : (i == label ? p - C(1) : p) * factor);
  }
}

#define CROSS_ENTROPY(name, T)                                                                                        \
  extern "C" __global__ void cross_entropy_##name(                                                                     \
      T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>* lse, i64 classes, u64* bad) { \
    cross_entropy<T, LANES<T>, false>(logits, labels, divisor, row_loss, lse, classes, bad);                           \
  }                                                                                                                    \
  extern "C" __global__ void cross_entropy_any_##name(                                                                 \
      T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>* lse, i64 classes, u64* bad) { \
    cross_entropy<T, 1, false>(logits, labels, divisor, row_loss, lse, classes, bad);                                  \
  }                                                                                                                    \
  extern "C" __global__ void cross_entropy_fused_##name(                                                               \
      T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>* lse, i64 classes, u64* bad) { \
    cross_entropy<T, LANES<T>, true>(logits, labels, divisor, row_loss, lse, classes, bad);                            \
  }                                                                                                                    \
  extern "C" __global__ void cross_entropy_fused_any_##name(                                                           \
      T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>* lse, i64 classes, u64* bad) { \
    cross_entropy<T, 1, true>(logits, labels, divisor, row_loss, lse, classes, bad);                                   \
  }                                                                                                                    \
  extern "C" __global__ void cross_entropy_grad_##name(                                                                \
      T* dlogits, const T* logits, const i64* labels, const Compute<T>* dloss, const float* divisor,                   \
      const Compute<T>* lse, i64 classes) {                                                                            \
    cross_entropy_gradient(dlogits, logits, labels, dloss, divisor, lse, classes);                                     \
  }
RGM_FOR_FLOATS(CROSS_ENTROPY)

#define CROSS_ENTROPY_RESIDENT(name, T)                                                                               \
  extern "C" __global__ void __launch_bounds__(512, 2) cross_entropy_fused_resident_##name(                            \
      T* logits, const i64* labels, const float* divisor, Compute<T>* row_loss, Compute<T>*, i64 classes, u64* bad) {  \
    cross_entropy_resident<T>(logits, labels, divisor, row_loss, classes, bad);                                        \
  }
RGM_FOR_FLOATS(CROSS_ENTROPY_RESIDENT)

// loss = Σ rows / divisor, in f64 and in a fixed order; one block.
#define LOSS_SUM(name, C)                                                                                             \
  extern "C" __global__ void loss_sum_##name(C* loss, const C* rows, const float* divisor, i64 n) {                    \
    __shared__ double scratch[32];                                                                                     \
    double total = 0;                                                                                                  \
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) total += rows[i];                                                \
    total = block_sum(total, scratch);                                                                                 \
    if (threadIdx.x == 0) *loss = static_cast<C>(total / *divisor);                                                    \
  }
LOSS_SUM(f32, float)
LOSS_SUM(f64, double)

template <typename T>
__device__ __forceinline__ void softmax(T* p, const T* x, i64 queries, i64 keys, int causal, double factor) {
  using C = Compute<T>;
  __shared__ Mass<C> scratch[32];
  const i64 row = blockIdx.x, offset = row * keys;
  const i64 allowed = keys - queries + row % queries + 1;
  const i64 n = causal && allowed < keys ? (allowed < 0 ? 0 : allowed) : keys;
  const C scale = static_cast<C>(factor);
  const Mass<C> mass = block_join(row_mass<T, 1>(x + offset, n, scale), scratch);
  const C inverse = C(1) / mass.sum;
  for (i64 i = threadIdx.x; i < keys; i += blockDim.x) {
    store(p[offset + i], i < n ? exponential(load(x[offset + i]) * scale - mass.maximum) * inverse : C(0));
  }
}

// The same over the keys of the row's own segment; rows of segment 0 see nothing and are zeros.
template <typename T>
__device__ __forceinline__ void segment_softmax(
    T* p, const T* x, const i64* all_segments, i64 heads, i64 length, int causal, double factor) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 row = blockIdx.x, offset = row * length, query = row % length;
  const i64* segments = all_segments + row / (length * heads) * length;
  const i64 own = segments[query], n = own == 0 ? 0 : (causal ? query + 1 : length);
  const C scale = static_cast<C>(factor);
  C top = -INFINITY;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
    const C value = segments[i] == own ? load(x[offset + i]) * scale : C(-INFINITY);
    top = value > top ? value : top;
  }
  top = warp_max(top);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = top;
  __syncthreads();
  for (int warp = 0; warp < static_cast<int>(blockDim.x + 31) / 32; warp++) top = scratch[warp] > top ? scratch[warp] : top;
  C sum = 0;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
    sum += segments[i] == own ? exponential(load(x[offset + i]) * scale - top) : C(0);
  }
  sum = block_sum(sum, scratch);
  const C inverse = sum > 0 ? C(1) / sum : C(0);
  for (i64 i = threadIdx.x; i < length; i += blockDim.x) {
    const bool seen = i < n && segments[i] == own;
    store(p[offset + i], seen ? exponential(load(x[offset + i]) * scale - top) * inverse : C(0));
  }
}

template <typename T>
__device__ __forceinline__ void softmax_gradient(T* dx, const T* dp, const T* p, i64 keys, double factor) {
  using C = Compute<T>;
  __shared__ C scratch[32];
  const i64 offset = static_cast<i64>(blockIdx.x) * keys;
  C dot = 0;
  for (i64 i = threadIdx.x; i < keys; i += blockDim.x) dot += load(dp[offset + i]) * load(p[offset + i]);
  dot = block_sum(dot, scratch);
  const C scale = static_cast<C>(factor);
  for (i64 i = threadIdx.x; i < keys; i += blockDim.x) {
    store(dx[offset + i], load(p[offset + i]) * (load(dp[offset + i]) - dot) * scale);
  }
}

#define SOFTMAX(name, T)                                                                                              \
  extern "C" __global__ void softmax_##name(T* p, const T* x, i64 queries, i64 keys, int causal, double factor) {      \
    softmax(p, x, queries, keys, causal, factor);                                                                      \
  }                                                                                                                    \
  extern "C" __global__ void segment_softmax_##name(                                                                   \
      T* p, const T* x, const i64* segments, i64 heads, i64 length, int causal, double factor) {                       \
    segment_softmax(p, x, segments, heads, length, causal, factor);                                                    \
  }                                                                                                                    \
  extern "C" __global__ void softmax_grad_##name(T* dx, const T* dp, const T* p, i64 keys, double factor) {            \
    softmax_gradient(dx, dp, p, keys, factor);                                                                         \
  }
RGM_FOR_FLOATS(SOFTMAX)
