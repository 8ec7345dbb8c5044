// Operations on single elements, and copies between layouts and types. Each thread takes 16 bytes where addresses and lengths
// allow it; the launcher says so with `wide`.

template <typename T, int N, typename Body>
__device__ __forceinline__ void each(i64 n, Body body) {
  const i64 packs = n / N, step = static_cast<i64>(gridDim.x) * blockDim.x;
  const i64 first = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (i64 i = first; i < packs; i += step) body(i * N, N);
  if (N > 1) {
    for (i64 i = packs * N + first; i < n; i += step) body(i, 1);
  }
}

template <typename T, int N>
__device__ __forceinline__ Pack<T, N> take(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}

template <typename T, int N>
__device__ __forceinline__ void put(T* to, const Pack<T, N>& pack) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

// y = op(a, b); b has `tail` elements and repeats.
template <typename T, typename Op>
__device__ __forceinline__ void binary(T* y, const T* a, const T* b, i64 n, i64 tail, int wide, Op op) {
  constexpr int N = LANES<T>;
  if (wide) {
    each<T, N>(n, [&](i64 i, int count) {
      if (count == N) {
        const Pack<T, N> x = take<T, N>(a + i), z = take<T, N>(b + i % tail);
        Pack<T, N> r;
#pragma unroll
        for (int k = 0; k < N; k++) store(r.at[k], op(load(x.at[k]), load(z.at[k])));
        put<T, N>(y + i, r);
      } else {
        store(y[i], op(load(a[i]), load(b[i % tail])));
      }
    });
  } else {
    each<T, 1>(n, [&](i64 i, int) { store(y[i], op(load(a[i]), load(b[i % tail]))); });
  }
}

template <typename T, typename Op>
__device__ __forceinline__ void unary(T* y, const T* a, i64 n, int wide, Op op) {
  constexpr int N = LANES<T>;
  if (wide) {
    each<T, N>(n, [&](i64 i, int count) {
      if (count == N) {
        const Pack<T, N> x = take<T, N>(a + i);
        Pack<T, N> r;
#pragma unroll
        for (int k = 0; k < N; k++) store(r.at[k], op(load(x.at[k])));
        put<T, N>(y + i, r);
      } else {
        store(y[i], op(load(a[i])));
      }
    });
  } else {
    each<T, 1>(n, [&](i64 i, int) { store(y[i], op(load(a[i]))); });
  }
}

#define ADD(name, T)                                                                                                  \
  extern "C" __global__ void add_##name(T* y, const T* a, const T* b, i64 n, i64 tail, int wide) {                     \
    binary(y, a, b, n, tail, wide, [](Compute<T> x, Compute<T> z) { return x + z; });                                  \
  }                                                                                                                    \
  extern "C" __global__ void multiply_##name(T* y, const T* a, const T* b, i64 n, i64 tail, int wide) {                \
    binary(y, a, b, n, tail, wide, [](Compute<T> x, Compute<T> z) { return x * z; });                                  \
  }                                                                                                                    \
  extern "C" __global__ void gelu_grad_##name(T* y, const T* dy, const T* x, i64 n, i64 tail, int wide) {              \
    binary(y, dy, x, n, tail, wide, [](Compute<T> d, Compute<T> v) { return d * gelu_slope(v); });                     \
  }                                                                                                                    \
  extern "C" __global__ void gelu_erf_grad_##name(T* y, const T* dy, const T* x, i64 n, i64 tail, int wide) {          \
    binary(y, dy, x, n, tail, wide, [](Compute<T> d, Compute<T> v) {                                                   \
      return d * (normal_below(v) + v * Compute<T>(0.3989422804014327) * exponential(Compute<T>(-0.5) * v * v));       \
    });                                                                                                                \
  }                                                                                                                    \
  extern "C" __global__ void tanh_grad_##name(T* dx, const T* dy, const T* y, i64 n, i64 tail, int wide) {             \
    binary(dx, dy, y, n, tail, wide, [](Compute<T> d, Compute<T> v) { return d * (Compute<T>(1) - v * v); });          \
  }                                                                                                                    \
  extern "C" __global__ void tanh_##name(T* y, const T* a, i64 n, int wide) {                                          \
    unary(y, a, n, wide, [](Compute<T> x) { return precise_tanh(x); });                                                \
  }                                                                                                                    \
  extern "C" __global__ void gelu_erf_##name(T* y, const T* a, i64 n, int wide) {                                      \
    unary(y, a, n, wide, [](Compute<T> x) { return x * normal_below(x); });                                            \
  }                                                                                                                    \
  extern "C" __global__ void swiglu_##name(T* y, const T* gate, const T* up, i64 n, i64 tail, int wide) {              \
    binary(y, gate, up, n, tail, wide, [](Compute<T> x, Compute<T> u) { return x * logistic(x) * u; });                \
  }                                                                                                                    \
  extern "C" __global__ void gelu_##name(T* y, const T* a, i64 n, int wide) {                                          \
    unary(y, a, n, wide, [](Compute<T> x) { return gelu_value(x); });                                                  \
  }                                                                                                                    \
  extern "C" __global__ void scale_##name(T* y, const T* a, i64 n, double factor, int wide) {                          \
    const Compute<T> f = static_cast<Compute<T>>(factor);                                                              \
    unary(y, a, n, wide, [f](Compute<T> x) { return x * f; });                                                         \
  }                                                                                                                    \
  extern "C" __global__ void fill_##name(T* y, i64 n, double value) {                                                  \
    each<T, 1>(n, [&](i64 i, int) { store(y[i], static_cast<Compute<T>>(value)); });                                   \
  }
RGM_FOR_FLOATS(ADD)

// dgate = dy·up·silu'(gate) with silu' = σ + x·σ·(1 − σ), and dup = dy·silu(gate); they may lie over gate and up.
template <typename T, int N>
__device__ __forceinline__ void swiglu_gradient(T* dgate, T* dup, const T* dy, const T* gate, const T* up) {
  using C = Compute<T>;
  C d[N], x[N], u[N];
  unpack(take<T, N>(dy), d), unpack(take<T, N>(gate), x), unpack(take<T, N>(up), u);
#pragma unroll
  for (int k = 0; k < N; k++) {
    const C s = logistic(x[k]), silu = x[k] * s;
    u[k] *= d[k] * (s + silu * (C(1) - s));
    d[k] *= silu;
  }
  Pack<T, N> first, second;
  pack(first, u), pack(second, d);
  put<T, N>(dgate, first), put<T, N>(dup, second);
}

#define SWIGLU(name, T)                                                                                               \
  extern "C" __global__ void swiglu_grad_##name(                                                                       \
      T* dgate, T* dup, const T* dy, const T* gate, const T* up, i64 n, int wide) {                                    \
    if (wide) {                                                                                                        \
      each<T, LANES<T>>(n, [&](i64 i, int count) {                                                                     \
        if (count > 1) swiglu_gradient<T, LANES<T>>(dgate + i, dup + i, dy + i, gate + i, up + i);                     \
        else swiglu_gradient<T, 1>(dgate + i, dup + i, dy + i, gate + i, up + i);                                      \
      });                                                                                                              \
    } else {                                                                                                           \
      each<T, 1>(n, [&](i64 i, int) { swiglu_gradient<T, 1>(dgate + i, dup + i, dy + i, gate + i, up + i); });         \
    }                                                                                                                  \
  }
RGM_FOR_FLOATS(SWIGLU)

extern "C" __global__ void fill_i64(i64* y, i64 n, double value) {
  each<i64, 1>(n, [&](i64 i, int) { y[i] = static_cast<i64>(value); });
}

// acc += x
#define ACCUMULATE(name, A, T)                                                                                        \
  extern "C" __global__ void accumulate_##name(A* acc, const T* x, i64 n) {                                            \
    each<T, 1>(n, [&](i64 i, int) { store(acc[i], load(acc[i]) + static_cast<Compute<A>>(load(x[i]))); });             \
  }
ACCUMULATE(f32_f32, float, float)
ACCUMULATE(f64_f64, double, double)
ACCUMULATE(f32_bf16, float, bf16)
ACCUMULATE(bf16_bf16, bf16, bf16)

struct Strides {
  i64 size[6];
  i64 stride[6];
};

// y (contiguous) = x (any strides), perhaps of another type; six dimensions, the last one fastest.
#define COPY(name, Y, X)                                                                                              \
  extern "C" __global__ void copy_##name(Y* y, const X* x, i64 n, Strides from, i64 y_outer, i64 y_inner) {            \
    each<Y, 1>(n, [&](i64 i, int) {                                                                                    \
      i64 rest = i, offset = 0;                                                                                        \
      for (int d = 5; d >= 0; d--) {                                                                                   \
        offset += rest % from.size[d] * from.stride[d];                                                                \
        rest /= from.size[d];                                                                                          \
      }                                                                                                                \
      store(y[i / y_inner * y_outer + i % y_inner], static_cast<Compute<Y>>(load(x[offset])));                         \
    });                                                                                                                \
  }
COPY(f32_f32, float, float)
COPY(f64_f64, double, double)
COPY(bf16_bf16, bf16, bf16)
COPY(f32_bf16, float, bf16)
COPY(bf16_f32, bf16, float)
COPY(f64_f32, double, float)
COPY(f32_f64, float, double)
COPY(f64_bf16, double, bf16)
COPY(bf16_f64, bf16, double)

__device__ __forceinline__ i64 load(i64 x) { return x; }
template <> struct ComputeOf<i64> { typedef i64 type; };
__device__ __forceinline__ void store(i64& to, i64 value) { to = value; }
COPY(i64_i64, i64, i64)

// Keeps the stream busy for so many cycles of the clock.
extern "C" __global__ void wait(i64 cycles) {
  const i64 begin = clock64();
  while (clock64() - begin < cycles) {
  }
}
