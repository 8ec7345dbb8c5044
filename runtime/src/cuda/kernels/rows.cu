// Looking up rows, and adding gradients to the rows that were looked up. An id outside the table sets `bad` to its place + 1.

#define ROWS(name, T)                                                                                                 \
  extern "C" __global__ void embedding_##name(T* y, const T* table, const i64* ids, i64 columns, i64 rows, u64* bad) { \
    const i64 id = ids[blockIdx.x];                                                                                    \
    if (id < 0 || id >= rows) {                                                                                        \
      if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(blockIdx.x) + 1);                                          \
      return;                                                                                                          \
    }                                                                                                                  \
    for (i64 i = threadIdx.x; i < columns; i += blockDim.x) y[blockIdx.x * columns + i] = table[id * columns + i];     \
  }                                                                                                                    \
  extern "C" __global__ void select_row_##name(T* y, const T* x, const i64* index, i64 rows, i64 columns, u64* bad) {  \
    const i64 at = index[blockIdx.x];                                                                                  \
    if (at < 0 || at >= rows) {                                                                                        \
      if (threadIdx.x == 0) atomicMax(bad, static_cast<u64>(blockIdx.x) + 1);                                          \
      return;                                                                                                          \
    }                                                                                                                  \
    for (i64 i = threadIdx.x; i < columns; i += blockDim.x)                                                            \
      y[blockIdx.x * columns + i] = x[(blockIdx.x * rows + at) * columns + i];                                         \
  }
RGM_FOR_FLOATS(ROWS)

// acc[ids[i]] += dy[i], in any order.
#define SCATTER(name, A, T)                                                                                           \
  extern "C" __global__ void scatter_atomic_##name(A* acc, const T* dy, const i64* ids, i64 rows, i64 columns) {       \
    const i64 id = ids[blockIdx.x];                                                                                    \
    /* The forward pass has noted it. */                                                                               \
    if (id < 0 || id >= rows) return;                                                                                  \
    for (i64 i = threadIdx.x; i < columns; i += blockDim.x)                                                            \
      atomicAdd(acc + id * columns + i, static_cast<A>(load(dy[blockIdx.x * columns + i])));                           \
  }

// The same in the order of the ids: the first place of an id adds all its rows.
#define SCATTER_ORDERED(name, A, T)                                                                                   \
  extern "C" __global__ void scatter_ordered_##name(A* acc, const T* dy, const i64* ids, i64 rows, i64 columns, i64 n) { \
    const i64 place = blockIdx.x, id = ids[place];                                                                     \
    if (id < 0 || id >= rows) return;                                                                                  \
    __shared__ int earlier;                                                                                            \
    if (threadIdx.x == 0) earlier = 0;                                                                                 \
    __syncthreads();                                                                                                   \
    for (i64 i = threadIdx.x; i < place && !earlier; i += blockDim.x) {                                                \
      if (ids[i] == id) earlier = 1;                                                                                   \
    }                                                                                                                  \
    __syncthreads();                                                                                                   \
    if (earlier) return;                                                                                               \
    __shared__ i64 found[256];                                                                                         \
    __shared__ int count;                                                                                              \
    for (i64 begin = place; begin < n; begin += 256) {                                                                 \
      if (threadIdx.x == 0) count = 0;                                                                                 \
      __syncthreads();                                                                                                 \
      const i64 here = begin + threadIdx.x;                                                                            \
      const bool match = threadIdx.x < 256 && here < n && ids[here] == id;                                             \
      /* Ranks keep the order: warps one after another. */                                                             \
      for (int warp = 0; warp < 8; warp++) {                                                                           \
        if (static_cast<int>(threadIdx.x) / 32 == warp) {                                                              \
          const u32 mask = __ballot_sync(ALL, match);                                                                  \
          const int base = count;                                                                                      \
          __syncwarp();                                                                                                \
          if (match) found[base + __popc(mask & ((1u << (threadIdx.x % 32)) - 1))] = here;                             \
          if (threadIdx.x % 32 == 0) count = base + __popc(mask);                                                      \
        }                                                                                                              \
        __syncthreads();                                                                                               \
      }                                                                                                                \
      for (i64 i = threadIdx.x; i < columns; i += blockDim.x) {                                                        \
        Compute<A> total = load(acc[id * columns + i]);                                                                \
        for (int f = 0; f < count; f++) total += static_cast<Compute<A>>(load(dy[found[f] * columns + i]));            \
        store(acc[id * columns + i], total);                                                                                 \
      }                                                                                                                \
      __syncthreads();                                                                                                 \
    }                                                                                                                  \
  }
#define SCATTERS(name, A, T) SCATTER(name, A, T) SCATTER_ORDERED(name, A, T)
SCATTERS(f32_f32, float, float)
SCATTERS(f32_bf16, float, bf16)
SCATTERS(f64_f64, double, double)
// There are no atomic additions of bf16 that round once.
SCATTER_ORDERED(bf16_bf16, bf16, bf16)
