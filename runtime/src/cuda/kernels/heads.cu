// Heads [B, T, H, D]: turned by their positions, repeated for groups of queries, and summed over them. A thread takes a pack of 16 bytes
// of a head where its size allows that; the launcher says so with `wide`.

// Cosines, then sines, of position · frequency, times factor; in f32 the angle is rounded to f32, as other tools have it.
extern "C" __global__ void rotary_table_f32(
    float* table, const i64* positions, i64 length, int half, const double* frequencies, double factor) {
  const i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= length * half) return;
  const i64 at = i / half * 2 * half + i % half;
  const i64 position = positions == nullptr ? i / half : positions[i / half];
  const float angle = static_cast<float>(position) * static_cast<float>(frequencies[i % half]);
  table[at] = cosf(angle) * static_cast<float>(factor);
  table[at + half] = sinf(angle) * static_cast<float>(factor);
}

extern "C" __global__ void rotary_table_f64(
    double* table, const i64* positions, i64 length, int half, const double* frequencies, double factor) {
  const i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= length * half) return;
  const i64 at = i / half * 2 * half + i % half;
  const i64 position = positions == nullptr ? i / half : positions[i / half];
  const double angle = static_cast<double>(position) * frequencies[i % half];
  table[at] = cos(angle) * factor;
  table[at + half] = sin(angle) * factor;
}

// N dimensions of the first half of a head and the N that are turned with them. y may lie over x.
template <typename T, int N>
__device__ __forceinline__ void turn(T* y, const T* x, const Compute<T>* table, i64 n, i64 length, int heads, int half, Compute<T> way) {
  using C = Compute<T>;
  using P = Pack<T, N>;
  const int packs = half / N;
  const i64 step = static_cast<i64>(gridDim.x) * blockDim.x;
  for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < n / N; i += step) {
    const i64 head = i / packs;
    const int first = static_cast<int>(i % packs) * N;
    const C* cosines = table + head / heads % length * (2 * half) + first;
    const i64 offset = head * 2 * half + first;
    C a[N], b[N], c[N], s[N];
    unpack(*reinterpret_cast<const P*>(x + offset), a), unpack(*reinterpret_cast<const P*>(x + offset + half), b);
#pragma unroll
    for (int k = 0; k < N; k++) c[k] = cosines[k], s[k] = cosines[k + half] * way;
    C low[N], high[N];
#pragma unroll
    for (int k = 0; k < N; k++) low[k] = a[k] * c[k] - b[k] * s[k], high[k] = b[k] * c[k] + a[k] * s[k];
    P result;
    pack(result, low);
    *reinterpret_cast<P*>(y + offset) = result;
    pack(result, high);
    *reinterpret_cast<P*>(y + offset + half) = result;
  }
}

// y's head h is x's head h / times; n elements of y.
template <typename T, int N>
__device__ __forceinline__ void repeat(T* y, const T* x, i64 n, int times, int size) {
  using P = Pack<T, N>;
  const int packs = size / N;
  const i64 step = static_cast<i64>(gridDim.x) * blockDim.x;
  for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < n / N; i += step) {
    reinterpret_cast<P*>(y)[i] = reinterpret_cast<const P*>(x)[i / packs / times * packs + i % packs];
  }
}

// y's head g is the sum of x's heads g·times …; n elements of y.
template <typename T, int N>
__device__ __forceinline__ void sum(T* y, const T* x, i64 n, int times, int size) {
  using C = Compute<T>;
  using P = Pack<T, N>;
  const int packs = size / N;
  const i64 step = static_cast<i64>(gridDim.x) * blockDim.x;
  for (i64 i = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x; i < n / N; i += step) {
    const P* from = reinterpret_cast<const P*>(x) + i / packs * times * packs + i % packs;
    C total[N] = {};
    for (int copy = 0; copy < times; copy++) {
      C values[N];
      unpack(from[copy * packs], values);
#pragma unroll
      for (int k = 0; k < N; k++) total[k] += values[k];
    }
    P result;
    pack(result, total);
    reinterpret_cast<P*>(y)[i] = result;
  }
}

#define HEADS(name, T)                                                                                                \
  extern "C" __global__ void rotary_##name(                                                                            \
      T* y, const T* x, const Compute<T>* table, i64 n, i64 length, int heads, int half, double way, int wide) {       \
    if (wide) turn<T, LANES<T>>(y, x, table, n, length, heads, half, static_cast<Compute<T>>(way));                    \
    else turn<T, 1>(y, x, table, n, length, heads, half, static_cast<Compute<T>>(way));                                \
  }                                                                                                                    \
  extern "C" __global__ void repeat_heads_##name(T* y, const T* x, i64 n, int times, int size, int wide) {             \
    if (wide) repeat<T, LANES<T>>(y, x, n, times, size);                                                               \
    else repeat<T, 1>(y, x, n, times, size);                                                                           \
  }                                                                                                                    \
  extern "C" __global__ void sum_heads_##name(T* y, const T* x, i64 n, int times, int size, int wide) {                \
    if (wide) sum<T, LANES<T>>(y, x, n, times, size);                                                                  \
    else sum<T, 1>(y, x, n, times, size);                                                                              \
  }
RGM_FOR_FLOATS(HEADS)
