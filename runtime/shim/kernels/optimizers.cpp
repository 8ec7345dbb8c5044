// One fused pass over a parameter, its gradient and its moments. Ranges count elements, or chunks for the norm.

#include "common.h"

namespace rgm {
namespace RGM_SET {

// partial[i] = Σ x² of chunk i, in f64. Lanes keep their own sums, so that the order is fixed and still vectorises.
void squared_norm(const NormArgs& args, int64_t begin, int64_t end) {
  constexpr int64_t LANES = 16;
  with_type(args.dtype, [&](auto* type) {
    const auto* x = static_cast<const RGM_TYPE_OF(type)*>(args.x);
    for (int64_t chunk = begin; chunk < end; chunk++) {
      const int64_t first = chunk * args.chunk;
      const int64_t last = first + args.chunk < args.elements ? first + args.chunk : args.elements;
      double sums[LANES] = {};
      int64_t i = first;
      for (; i + LANES <= last; i += LANES) {
#pragma omp simd
        for (int64_t lane = 0; lane < LANES; lane++) {
          const double value = load(x[i + lane]);
          sums[lane] += value * value;
        }
      }
      for (int64_t lane = 0; i < last; i++, lane++) {
        const double value = load(x[i]);
        sums[lane] += value * value;
      }
      double total = 0;
      for (double sum : sums) total += sum;
      args.partial[chunk] = total;
    }
  });
}

namespace {

template <typename P, typename G, bool COPY>
RGM_INLINE void adamw_range(const AdamArgs& args, int64_t begin, int64_t end) {
  using C = Compute<P>;
  P* param = static_cast<P*>(args.param);
  P* m = static_cast<P*>(args.m);
  P* v = static_cast<P*>(args.v);
  BF16* copy = static_cast<BF16*>(args.copy);
  const G* grad = static_cast<const G*>(args.grad);
  const C decay = static_cast<C>(1.0 - args.lr * args.weight_decay);
  const C beta1 = static_cast<C>(args.beta1), rest1 = static_cast<C>(1.0 - args.beta1);
  const C beta2 = static_cast<C>(args.beta2), rest2 = static_cast<C>(1.0 - args.beta2);
  const C step = static_cast<C>(args.lr / args.correction1);
  const C correction2_sqrt = static_cast<C>(args.correction2_sqrt), eps = static_cast<C>(args.eps);
  const C grad_scale = static_cast<C>(args.grad_scale);
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const C g = static_cast<C>(load(grad[i])) * grad_scale;
    const C new_m = beta1 * load(m[i]) + rest1 * g;
    const C new_v = beta2 * load(v[i]) + rest2 * g * g;
    const C denominator = std::sqrt(new_v) / correction2_sqrt + eps;
    const C updated = load(param[i]) * decay - step * new_m / denominator;
    store(m[i], new_m);
    store(v[i], new_v);
    store(param[i], updated);
    if (COPY) store(copy[i], updated);
  }
}

template <typename P, typename G, bool COPY>
RGM_INLINE void sgd_range(const SgdArgs& args, int64_t begin, int64_t end) {
  using C = Compute<P>;
  P* param = static_cast<P*>(args.param);
  P* buffer = static_cast<P*>(args.momentum_buffer);
  BF16* copy = static_cast<BF16*>(args.copy);
  const G* grad = static_cast<const G*>(args.grad);
  const C lr = static_cast<C>(args.lr), decay = static_cast<C>(args.weight_decay);
  const C momentum = static_cast<C>(args.momentum), grad_scale = static_cast<C>(args.grad_scale);
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    C g = static_cast<C>(load(grad[i])) * grad_scale + decay * load(param[i]);
    if (buffer != nullptr) {
      g = momentum * load(buffer[i]) + g;
      store(buffer[i], g);
    }
    const C updated = load(param[i]) - lr * g;
    store(param[i], updated);
    if (COPY) store(copy[i], updated);
  }
}

}  // namespace

void adamw(const AdamArgs& args, int64_t begin, int64_t end) {
  with_types(args.grad_dtype, args.dtype, [&](auto* grad_type, auto* type) {
    using P = RGM_TYPE_OF(type);
    using G = RGM_TYPE_OF(grad_type);
    if (args.copy != nullptr) adamw_range<P, G, true>(args, begin, end);
    else adamw_range<P, G, false>(args, begin, end);
  });
}

// torch's first step sets the buffer to the gradient; a zero buffer gives the same.
void sgd(const SgdArgs& args, int64_t begin, int64_t end) {
  with_types(args.grad_dtype, args.dtype, [&](auto* grad_type, auto* type) {
    using P = RGM_TYPE_OF(type);
    using G = RGM_TYPE_OF(grad_type);
    if (args.copy != nullptr) sgd_range<P, G, true>(args, begin, end);
    else sgd_range<P, G, false>(args, begin, end);
  });
}

}  // namespace RGM_SET
}  // namespace rgm
