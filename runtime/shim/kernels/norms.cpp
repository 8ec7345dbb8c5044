// Layer norm and its gradient; with `rms` the mean is taken for zero. mean and rstd are f32 (f64 for f64 operands).

#include "common.h"

namespace rgm {
namespace RGM_SET {

namespace {

template <typename S> using Stat = Compute<S>;

template <typename S>
RGM_INLINE void normalise_row(const LayerNormArgs& args, int64_t row) {
  using C = Compute<S>;
  const int64_t n = args.columns;
  const S* x = static_cast<const S*>(args.x) + row * n;
  const S* gain = static_cast<const S*>(args.gain);
  const S* bias = static_cast<const S*>(args.bias);
  S* y = static_cast<S*>(args.y) + row * n;
  C sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += load(x[i]);
  const C mean = args.rms ? C(0) : sum / C(n);
  C squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < n; i++) squares += (load(x[i]) - mean) * (load(x[i]) - mean);
  const C rstd = C(1) / std::sqrt(squares / C(n) + C(args.eps));
  static_cast<Stat<S>*>(args.mean)[row] = mean;
  static_cast<Stat<S>*>(args.rstd)[row] = rstd;
  if (bias != nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) store(y[i], (load(x[i]) - mean) * rstd * load(gain[i]) + load(bias[i]));
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) store(y[i], (load(x[i]) - mean) * rstd * load(gain[i]));
  }
}

// With x̂ = (x − mean)·rstd and g = dy·gain: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)).
template <typename S>
RGM_INLINE void gradient_row(const LayerNormGradArgs& args, int64_t row) {
  using C = Compute<S>;
  const int64_t n = args.columns;
  const S* dy = static_cast<const S*>(args.dy) + row * n;
  const S* x = static_cast<const S*>(args.x) + row * n;
  const S* gain = static_cast<const S*>(args.gain);
  S* dx = static_cast<S*>(args.dx) + row * n;
  const C mean = static_cast<const Stat<S>*>(args.mean)[row];
  const C rstd = static_cast<const Stat<S>*>(args.rstd)[row];
  C sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
  for (int64_t i = 0; i < n; i++) {
    const C g = load(dy[i]) * load(gain[i]);
    sum += g;
    dot += g * ((load(x[i]) - mean) * rstd);
  }
  const C mean_g = args.rms ? C(0) : sum / C(n), mean_dot = dot / C(n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    const C normal = (load(x[i]) - mean) * rstd;
    store(dx[i], rstd * (load(dy[i]) * load(gain[i]) - mean_g - normal * mean_dot));
  }
}

}  // namespace

void layer_norm(const LayerNormArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    for (int64_t row = begin; row < end; row++) normalise_row<RGM_TYPE_OF(type)>(args, row);
  });
}

void layer_norm_grad_x(const LayerNormGradArgs& args, int64_t begin, int64_t end) {
  with_type(args.dtype, [&](auto* type) {
    for (int64_t row = begin; row < end; row++) gradient_row<RGM_TYPE_OF(type)>(args, row);
  });
}

// dgain[c] = Σ_r dy·x̂ and dbias[c] = Σ_r dy; the range counts columns. Summed in blocks of rows, as in sum_rows.
void layer_norm_grad_gain(const LayerNormGradArgs& args, int64_t begin, int64_t end) {
  constexpr int64_t WIDTH = 64, BLOCK = 128;
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    using C = Compute<S>;
    const Stat<S>* mean = static_cast<const Stat<S>*>(args.mean);
    const Stat<S>* rstd = static_cast<const Stat<S>*>(args.rstd);
    S* dgain = static_cast<S*>(args.dgain);
    S* dbias = static_cast<S*>(args.dbias);
    for (int64_t c0 = begin; c0 < end; c0 += WIDTH) {
      const int64_t width = end - c0 < WIDTH ? end - c0 : WIDTH;
      double total_gain[WIDTH] = {}, total_bias[WIDTH] = {};
      for (int64_t r0 = 0; r0 < args.rows; r0 += BLOCK) {
        const int64_t last = r0 + BLOCK < args.rows ? r0 + BLOCK : args.rows;
        C sum_gain[WIDTH] = {}, sum_bias[WIDTH] = {};
        for (int64_t r = r0; r < last; r++) {
          const S* x = static_cast<const S*>(args.x) + r * args.columns + c0;
          const S* dy = static_cast<const S*>(args.dy) + r * args.columns + c0;
          const C m = mean[r], s = rstd[r];
#pragma omp simd
          for (int64_t c = 0; c < width; c++) {
            sum_gain[c] += load(dy[c]) * ((load(x[c]) - m) * s);
            sum_bias[c] += load(dy[c]);
          }
        }
        for (int64_t c = 0; c < width; c++) {
          total_gain[c] += static_cast<double>(sum_gain[c]);
          total_bias[c] += static_cast<double>(sum_bias[c]);
        }
      }
      for (int64_t c = 0; c < width; c++) store(dgain[c0 + c], total_gain[c]);
      if (dbias != nullptr) {
        for (int64_t c = 0; c < width; c++) store(dbias[c0 + c], total_bias[c]);
      }
    }
  });
}

}  // namespace RGM_SET
}  // namespace rgm
