// Layer norm, softmax, cross-entropy, dropout and initialisation.

#include "shim.h"

using namespace rgm;

namespace {

int64_t last_dimension(const at::Tensor& t) {
  TORCH_CHECK(t.dim() > 0, "expected at least one dimension");
  return t.size(-1);
}

// Statistics are f32, f64 for f64 operands.
void check_statistics(const at::Tensor& statistics, const at::Tensor& x) {
  const auto wanted = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  TORCH_CHECK(statistics.scalar_type() == wanted, "statistics are ", statistics.scalar_type(), ", not ", wanted);
}

}  // namespace

// y = (x − mean)·rstd·gain + bias over the last dimension; bias may be null.
RGM_API Message rgm_layer_norm(
    TensorPtr y, TensorPtr mean, TensorPtr rstd, TensorPtr x, TensorPtr gain, TensorPtr bias, double eps,
    bool rms) {
  return guarded([&] {
    const int64_t columns = last_dimension(tensor(x)), rows = tensor(x).numel() / std::max<int64_t>(1, columns);
    check_same_dtype(tensor(x), tensor(y)), check_same_dtype(tensor(x), tensor(gain));
    check_elements(tensor(x), tensor(y));
    check_statistics(tensor(mean), tensor(x)), check_statistics(tensor(rstd), tensor(x));
    TORCH_CHECK(tensor(gain).numel() == columns && tensor(mean).numel() == rows && tensor(rstd).numel() == rows,
                "gain of shape ", tensor(gain).sizes(), ", statistics of shape ", tensor(mean).sizes());
    if (bias != nullptr) check_elements(tensor(gain), tensor(bias)), check_same_dtype(tensor(gain), tensor(bias));
    const LayerNormArgs args{
        dtype(tensor(x)), in(tensor(x)), in(tensor(gain)), bias == nullptr ? nullptr : in(tensor(bias)),
        out(tensor(y)), out(tensor(mean)), out(tensor(rstd)), columns, eps, rms};
    over(rows, columns * 2, kernels().layer_norm, args);
  });
}

// dx, dgain and (unless null) dbias.
RGM_API Message rgm_layer_norm_grad(
    TensorPtr dx, TensorPtr dgain, TensorPtr dbias, TensorPtr dy, TensorPtr x, TensorPtr mean, TensorPtr rstd,
    TensorPtr gain, bool rms) {
  return guarded([&] {
    const int64_t columns = last_dimension(tensor(x)), rows = tensor(x).numel() / std::max<int64_t>(1, columns);
    for (TensorPtr same : {dx, dy}) check_elements(tensor(x), tensor(same)), check_same_dtype(tensor(x), tensor(same));
    for (TensorPtr same : {dgain, gain}) check_same_dtype(tensor(x), tensor(same));
    check_statistics(tensor(mean), tensor(x)), check_statistics(tensor(rstd), tensor(x));
    TORCH_CHECK(tensor(gain).numel() == columns && tensor(dgain).numel() == columns && tensor(mean).numel() == rows,
                "gain of shape ", tensor(gain).sizes(), ", statistics of shape ", tensor(mean).sizes());
    if (dbias != nullptr) check_elements(tensor(gain), tensor(dbias)), check_same_dtype(tensor(gain), tensor(dbias));
    const LayerNormGradArgs args{
        dtype(tensor(x)), in(tensor(dy)), in(tensor(x)), in(tensor(mean)), in(tensor(rstd)), in(tensor(gain)),
        out(tensor(dx)), out(tensor(dgain)), dbias == nullptr ? nullptr : out(tensor(dbias)), rows, columns, rms};
    // First the columns: dx may be written over dy.
    over_columns(columns, rows, kernels().layer_norm_grad_gain, args);
    over(rows, columns * 3, kernels().layer_norm_grad_x, args);
  });
}

// y = silu(gate)·up.
RGM_API Message rgm_swiglu(TensorPtr y, TensorPtr gate, TensorPtr up) {
  return guarded([&] {
    for (TensorPtr same : {gate, up}) check_elements(tensor(y), tensor(same)), check_same_dtype(tensor(y), tensor(same));
    ElementArgs args{};
    args.dtype = dtype(tensor(y));
    args.a = in(tensor(gate)), args.b = in(tensor(up)), args.y = out(tensor(y));
    over(tensor(y).numel(), 4, kernels().swiglu, args);
  });
}

RGM_API Message rgm_swiglu_grad(TensorPtr dgate, TensorPtr dup, TensorPtr dy, TensorPtr gate, TensorPtr up) {
  return guarded([&] {
    const at::Tensor& t = tensor(dy);
    for (TensorPtr same : {dgate, dup, gate, up}) check_elements(t, tensor(same)), check_same_dtype(t, tensor(same));
    const SwigluGradArgs args{dtype(t), in(t), in(tensor(gate)), in(tensor(up)), out(tensor(dgate)), out(tensor(dup))};
    over(t.numel(), 6, kernels().swiglu_grad, args);
  });
}

// Cosines, then sines, of position · frequency, times factor; the positions are those given, or 0, 1, … In f32 the angle is rounded to f32, as other tools have it.
RGM_API Message rgm_rotary_table(TensorPtr table, TensorPtr positions, const double* frequencies, int64_t n, double factor) {
  return guarded([&] {
    const at::Tensor& t = tensor(table);
    TORCH_CHECK(n > 0 && t.dim() >= 2 && t.size(-1) == 2 * n, "a table of shape ", t.sizes(), " for ", n, " frequencies");
    TORCH_CHECK(t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble, "a table of ", t.scalar_type());
    void* to = out(t);
    const bool single = t.scalar_type() == at::kFloat;
    const int64_t rows = t.numel() / (2 * n);
    if (positions != nullptr) TORCH_CHECK(tensor(positions).numel() == rows, "positions of shape ", tensor(positions).sizes());
    const int64_t* given = positions == nullptr ? nullptr : in_i64(tensor(positions));
    at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const int64_t position = given == nullptr ? row : given[row];
        for (int64_t i = 0; i < n; i++) {
          const int64_t at = row * 2 * n + i;
          if (single) {
            const float angle = static_cast<float>(position) * static_cast<float>(frequencies[i]);
            static_cast<float*>(to)[at] = std::cos(angle) * static_cast<float>(factor);
            static_cast<float*>(to)[at + n] = std::sin(angle) * static_cast<float>(factor);
          } else {
            const double angle = static_cast<double>(position) * frequencies[i];
            static_cast<double*>(to)[at] = std::cos(angle) * factor;
            static_cast<double*>(to)[at + n] = std::sin(angle) * factor;
          }
        }
      }
    });
  });
}

// Heads [B, T, H, D] turned by the table [T, D] or [B, T, D].
RGM_API Message rgm_rotary(TensorPtr y, TensorPtr x, TensorPtr table, bool inverse) {
  return guarded([&] {
    const at::Tensor &t = tensor(x), &angles = tensor(table);
    check_elements(t, tensor(y)), check_same_dtype(t, tensor(y)), check_statistics(angles, t);
    TORCH_CHECK(t.dim() == 4 && angles.dim() >= 2 && t.size(3) % 2 == 0 && angles.size(-1) == t.size(3),
                "heads of shape ", t.sizes(), ", table of shape ", angles.sizes());
    const int64_t rows = angles.numel() / std::max<int64_t>(1, t.size(3));
    TORCH_CHECK(rows == t.size(1) || rows == t.size(0) * t.size(1), "heads of shape ", t.sizes(), ", table of shape ", angles.sizes());
    const RotaryArgs args{dtype(t), in(t), in(angles), out(tensor(y)), rows, t.size(2), t.size(3), inverse};
    over(t.size(0) * t.size(1), t.size(2) * t.size(3) * 2, kernels().rotary, args);
  });
}

namespace {

void heads(void (*kernel)(const HeadsArgs&, int64_t, int64_t), TensorPtr y, TensorPtr x, TensorPtr few, int64_t times) {
  check_same_dtype(tensor(x), tensor(y));
  TORCH_CHECK(tensor(few).dim() == 4 && times > 0 && tensor(x).numel() + tensor(y).numel() == (times + 1) * tensor(few).numel(),
              "heads of shape ", tensor(x).sizes(), " and ", tensor(y).sizes());
  const int64_t size = tensor(few).size(3);
  const HeadsArgs args{dtype(tensor(x)), in(tensor(x)), out(tensor(y)), times, size};
  if (size > 0) over(tensor(few).numel() / size, size * (times + 1), kernel, args);
}

}  // namespace

RGM_API Message rgm_repeat_heads(TensorPtr y, TensorPtr x, int64_t times) {
  return guarded([&] { heads(kernels().repeat_heads, y, x, x, times); });
}

RGM_API Message rgm_sum_heads(TensorPtr y, TensorPtr x, int64_t times) {
  return guarded([&] { heads(kernels().sum_heads, y, x, y, times); });
}

// p = softmax(scale·x) over the last dimension, causal over the last two.
RGM_API Message rgm_softmax(TensorPtr p, TensorPtr x, bool causal, double scale) {
  return guarded([&] {
    const at::Tensor& t = tensor(x);
    TORCH_CHECK(t.dim() > (causal ? 1 : 0), "expected more dimensions than ", t.dim());
    check_elements(t, tensor(p)), check_same_dtype(t, tensor(p));
    const int64_t keys = t.size(-1), queries = t.dim() > 1 ? t.size(-2) : 1;
    const SoftmaxArgs args{dtype(t), in(t), out(tensor(p)), queries, keys, causal, scale, nullptr, 1};
    if (keys > 0) over(t.numel() / keys, keys * 8, kernels().softmax, args);
  });
}

// The same of scores [B, H, T, T], where a row sees the columns of its own segment [B, T], and one of segment 0 none.
RGM_API Message rgm_segment_softmax(TensorPtr p, TensorPtr x, TensorPtr segments, bool causal, double scale) {
  return guarded([&] {
    const at::Tensor& t = tensor(x);
    TORCH_CHECK(t.dim() == 4 && t.size(2) == t.size(3) && tensor(segments).numel() == t.size(0) * t.size(2),
                "scores of shape ", t.sizes(), ", segments of shape ", tensor(segments).sizes());
    check_elements(t, tensor(p)), check_same_dtype(t, tensor(p));
    const int64_t keys = t.size(3);
    const SoftmaxArgs args{
        dtype(t), in(t), out(tensor(p)), keys, keys, causal, scale, in_i64(tensor(segments)), t.size(1)};
    if (keys > 0) over(t.numel() / keys, keys * 8, kernels().softmax, args);
  });
}

// dx = scale·p·(dp − Σ dp·p).
RGM_API Message rgm_softmax_grad(TensorPtr dx, TensorPtr dp, TensorPtr p, double scale) {
  return guarded([&] {
    const at::Tensor& t = tensor(p);
    for (TensorPtr same : {dx, dp}) check_elements(t, tensor(same)), check_same_dtype(t, tensor(same));
    const int64_t keys = last_dimension(t);
    const SoftmaxGradArgs args{dtype(t), in(tensor(dp)), in(t), out(tensor(dx)), keys, scale};
    if (keys > 0) over(t.numel() / keys, keys * 2, kernels().softmax_grad, args);
  });
}

namespace {

CrossEntropyArgs cross_entropy_args(TensorPtr logits, TensorPtr labels, TensorPtr lse) {
  const at::Tensor& x = tensor(logits);
  CrossEntropyArgs args{};
  args.dtype = dtype(x);
  args.classes = last_dimension(x);
  args.logits = in(x);
  args.labels = in_i64(tensor(labels));
  check_statistics(tensor(lse), x);
  args.lse = out(tensor(lse));
  const int64_t rows = x.numel() / std::max<int64_t>(1, args.classes);
  TORCH_CHECK(tensor(labels).numel() == rows && tensor(lse).numel() == rows, "one label and one result per row");
  for (int64_t i = 0; i < rows; i++) {
    const int64_t label = args.labels[i];
    TORCH_CHECK(label == -100 || (label >= 0 && label < args.classes), "label ", label, " at position ", i,
                " is neither -100 nor in 0..", args.classes);
  }
  return args;
}

// Σ (lse − logits[label]) over the rows that count, in their order, in f64.
template <typename S, typename L>
double sum_of_losses(const CrossEntropyArgs& args, int64_t rows) {
  const S* logits = static_cast<const S*>(args.logits);
  const L* lse = static_cast<const L*>(args.lse);
  double total = 0;
  for (int64_t r = 0; r < rows; r++) {
    if (args.labels[r] < 0) continue;
    total += static_cast<double>(lse[r]) - static_cast<double>(logits[r * args.classes + args.labels[r]]);
  }
  return total;
}

}  // namespace

// loss = Σ nll / divisor, and lse for the gradient.
RGM_API Message rgm_cross_entropy(TensorPtr loss, TensorPtr lse, TensorPtr logits, TensorPtr labels, TensorPtr divisor) {
  return guarded([&] {
    const CrossEntropyArgs args = cross_entropy_args(logits, labels, lse);
    check_statistics(tensor(loss), tensor(logits));
    TORCH_CHECK(tensor(loss).numel() == 1, "the loss is a scalar");
    const int64_t rows = tensor(lse).numel();
    over(rows, args.classes * 4, kernels().cross_entropy, args);
    double total = 0;
    if (args.dtype == DType::F32) total = sum_of_losses<float, float>(args, rows);
    if (args.dtype == DType::BF16) total = sum_of_losses<c10::BFloat16, float>(args, rows);
    if (args.dtype == DType::F64) total = sum_of_losses<double, double>(args, rows);
    total /= scalar_value(tensor(divisor));
    if (args.dtype == DType::F64) *static_cast<double*>(out(tensor(loss))) = total;
    else *static_cast<float*>(out(tensor(loss))) = static_cast<float>(total);
  });
}

// dlogits = dloss/divisor·(softmax − onehot); dlogits may be the logits themselves.
RGM_API Message rgm_cross_entropy_grad(
    TensorPtr dlogits, TensorPtr dloss, TensorPtr logits, TensorPtr labels, TensorPtr divisor, TensorPtr lse) {
  return guarded([&] {
    CrossEntropyArgs args = cross_entropy_args(logits, labels, lse);
    check_elements(tensor(logits), tensor(dlogits)), check_same_dtype(tensor(logits), tensor(dlogits));
    args.dlogits = out(tensor(dlogits));
    args.factor = scalar_value(tensor(dloss)) / scalar_value(tensor(divisor));
    over(tensor(lse).numel(), args.classes * 4, kernels().cross_entropy_grad, args);
  });
}

// y = x where uniform ≥ rate, scaled by 1/(1 − rate), else 0. The first dimension counts samples.
RGM_API Message rgm_dropout(
    TensorPtr y, TensorPtr x, TensorPtr samples, TensorPtr step, double rate, int64_t key, int64_t site) {
  return guarded([&] {
    const at::Tensor& t = tensor(x);
    TORCH_CHECK(t.dim() > 0 && tensor(samples).numel() == t.size(0), "one sample number per row of shape ", t.sizes());
    TORCH_CHECK(rate >= 0 && rate < 1, "a dropout rate of ", rate);
    check_elements(t, tensor(y)), check_same_dtype(t, tensor(y));
    if (t.numel() == 0) return;
    const int64_t per_sample = t.numel() / t.size(0);
    const DropoutArgs args{
        dtype(t), in(t), out(tensor(y)), in_i64(tensor(samples)), per_sample, *scalar_i64(tensor(step)), key, site, rate};
    over(t.size(0) * ((per_sample + 1023) / 1024), 2048, kernels().dropout, args);
  });
}

RGM_API Message rgm_init_normal(TensorPtr y, double mean, double std, int64_t key, int64_t site) {
  return guarded([&] {
    const int64_t elements = tensor(y).numel();
    const InitNormalArgs args{dtype(tensor(y)), out(tensor(y)), elements, key, site, mean, std};
    over((elements + 3) / 4, 64, kernels().init_normal, args);
  });
}
