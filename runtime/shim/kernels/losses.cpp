// Softmax over the last dimension, cross-entropy, and their gradients. The range always counts rows.

#include "common.h"

namespace rgm {
namespace RGM_SET {

namespace {

template <typename S>
RGM_INLINE Compute<S> row_maximum(const S* x, int64_t n) {
  auto maximum = -infinity<Compute<S>>();
#pragma omp simd reduction(max : maximum)
  for (int64_t i = 0; i < n; i++) {
    const auto value = load(x[i]);
    maximum = value > maximum ? value : maximum;
  }
  return maximum;
}

template <typename S>
RGM_INLINE void softmax_row(const SoftmaxArgs& args, int64_t row) {
  using C = Compute<S>;
  const S* x = static_cast<const S*>(args.x) + row * args.keys;
  S* p = static_cast<S*>(args.p) + row * args.keys;
  // The last query sees all keys.
  const int64_t allowed = args.keys - args.queries + row % args.queries + 1;
  const int64_t n = args.causal && allowed < args.keys ? (allowed < 0 ? 0 : allowed) : args.keys;
  const C scale = static_cast<C>(args.scale);
  C maximum = -infinity<C>();
#pragma omp simd reduction(max : maximum)
  for (int64_t i = 0; i < n; i++) {
    const C value = load(x[i]) * scale;
    maximum = value > maximum ? value : maximum;
  }
  C sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += exponential(load(x[i]) * scale - maximum);
  const C factor = C(1) / sum;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) store(p[i], exponential(load(x[i]) * scale - maximum) * factor);
  for (int64_t i = n; i < args.keys; i++) store(p[i], C(0));
}

// The same over the keys of the row's own segment.
template <typename S>
RGM_INLINE void segment_softmax_row(const SoftmaxArgs& args, int64_t row) {
  using C = Compute<S>;
  const S* x = static_cast<const S*>(args.x) + row * args.keys;
  S* p = static_cast<S*>(args.p) + row * args.keys;
  const int64_t query = row % args.queries;
  const int64_t* segments = args.segments + row / (args.queries * args.heads) * args.queries;
  const int64_t own = segments[query], n = own == 0 ? 0 : (args.causal ? query + 1 : args.keys);
  const C scale = static_cast<C>(args.scale), hidden = -infinity<C>();
  C maximum = hidden;
#pragma omp simd reduction(max : maximum)
  for (int64_t i = 0; i < n; i++) {
    const C value = segments[i] == own ? load(x[i]) * scale : hidden;
    maximum = value > maximum ? value : maximum;
  }
  C sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += segments[i] == own ? exponential(load(x[i]) * scale - maximum) : C(0);
  const C factor = sum > 0 ? C(1) / sum : C(0);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    store(p[i], segments[i] == own ? exponential(load(x[i]) * scale - maximum) * factor : C(0));
  }
  for (int64_t i = n; i < args.keys; i++) store(p[i], C(0));
}

template <typename S>
RGM_INLINE void softmax_grad_row(const SoftmaxGradArgs& args, int64_t row) {
  using C = Compute<S>;
  const S* dp = static_cast<const S*>(args.dp) + row * args.keys;
  const S* p = static_cast<const S*>(args.p) + row * args.keys;
  S* dx = static_cast<S*>(args.dx) + row * args.keys;
  C dot = 0;
#pragma omp simd reduction(+ : dot)
  for (int64_t i = 0; i < args.keys; i++) dot += load(dp[i]) * load(p[i]);
  const C scale = static_cast<C>(args.scale);
#pragma omp simd
  for (int64_t i = 0; i < args.keys; i++) store(dx[i], load(p[i]) * (load(dp[i]) - dot) * scale);
}

template <typename S>
RGM_INLINE void log_sum_exp_row(const CrossEntropyArgs& args, int64_t row) {
  using C = Compute<S>;
  const S* x = static_cast<const S*>(args.logits) + row * args.classes;
  const C maximum = row_maximum(x, args.classes);
  // Beside the sum of a large vocabulary, unlikely classes vanish in f32, one by one and all together: blocks are added in f64.
  constexpr int64_t LANES = 16, BLOCK = 256;
  double total = 0;
  for (int64_t first = 0; first < args.classes; first += BLOCK) {
    const int64_t last = first + BLOCK < args.classes ? first + BLOCK : args.classes;
    C sum[LANES] = {};
    int64_t i = first;
    for (; i + LANES <= last; i += LANES) {
      for (int64_t l = 0; l < LANES; l++) sum[l] += exponential(load(x[i + l]) - maximum);
    }
    for (; i < last; i++) sum[0] += exponential(load(x[i]) - maximum);
    for (int64_t l = 0; l < LANES; l++) total += static_cast<double>(sum[l]);
  }
  static_cast<C*>(args.lse)[row] = static_cast<C>(static_cast<double>(maximum) + std::log(total));
}

template <typename S>
RGM_INLINE void cross_entropy_grad_row(const CrossEntropyArgs& args, int64_t row) {
  using C = Compute<S>;
  const S* x = static_cast<const S*>(args.logits) + row * args.classes;
  S* dx = static_cast<S*>(args.dlogits) + row * args.classes;
  const int64_t label = args.labels[row];
  if (label < 0) {
    for (int64_t i = 0; i < args.classes; i++) store(dx[i], C(0));
    return;
  }
  const C lse = static_cast<const C*>(args.lse)[row];
  const C factor = static_cast<C>(args.factor);
  // The label's own term is computed apart: dx may be x, and p − 1 must be rounded once only.
  const C at_label = (exponential(load(x[label]) - lse) - C(1)) * factor;
#pragma omp simd
  for (int64_t i = 0; i < args.classes; i++) store(dx[i], exponential(load(x[i]) - lse) * factor);
  store(dx[label], at_label);
}

}  // namespace

// p = softmax(scale·x); with a causal mask row t of `queries` sees the keys up to its own position, with segments those of its own.
void softmax(const SoftmaxArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    for (int64_t row = begin; row < end; row++) {
      if (args.segments == nullptr) softmax_row<S>(args, row);
      else segment_softmax_row<S>(args, row);
    }
  });
}

// dx = scale·p·(dp − Σ dp·p).
void softmax_grad(const SoftmaxGradArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    for (int64_t row = begin; row < end; row++) softmax_grad_row<RGM_TYPE_OF(type)>(args, row);
  });
}

// lse = log Σ exp(logits), for every row, ignored ones too.
void cross_entropy(const CrossEntropyArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    for (int64_t row = begin; row < end; row++) log_sum_exp_row<RGM_TYPE_OF(type)>(args, row);
  });
}

// dlogits = factor·(softmax(logits) − onehot(label)), zero where the label is negative.
void cross_entropy_grad(const CrossEntropyArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    for (int64_t row = begin; row < end; row++) cross_entropy_grad_row<RGM_TYPE_OF(type)>(args, row);
  });
}

}  // namespace RGM_SET
}  // namespace rgm
