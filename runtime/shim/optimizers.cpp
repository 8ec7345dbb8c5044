// The norm of all gradients, AdamW and SGD, each over a list of tensors.

#include <cmath>

#include "shim.h"

using namespace rgm;

namespace {

// At most this many partial sums of one tensor, kept on the stack.
constexpr int64_t PARTIALS = 1024;

double squared_norm(const at::Tensor& g) {
  double partial[PARTIALS];
  const int64_t elements = g.numel();
  // The length of a chunk depends on the tensor alone, so that the order of the sum never changes.
  const int64_t chunk = std::max<int64_t>(16384, (elements + PARTIALS - 1) / PARTIALS);
  const int64_t chunks = (elements + chunk - 1) / chunk;
  const NormArgs args{dtype(g), in(g), elements, chunk, partial};
  over(chunks, chunk, kernels().squared_norm, args);
  double total = 0;
  for (int64_t i = 0; i < chunks; i++) total += partial[i];
  return total;
}

// What clip_grad_norm_ multiplies gradients with.
double clip_scale(double clip, const at::Tensor& norm) {
  return clip > 0 ? std::min(1.0, clip / (scalar_value(norm) + 1e-6)) : 1.0;
}

void check_group(const at::Tensor& param, const at::Tensor& grad, TensorPtr copy) {
  check_elements(param, grad);
  const DType p = dtype(param), g = dtype(grad);
  TORCH_CHECK(p == g || (p == DType::F32 && g == DType::BF16), "gradient ", grad.scalar_type(), " of a parameter ", param.scalar_type());
  if (copy == nullptr) return;
  check_elements(param, tensor(copy));
  TORCH_CHECK(tensor(copy).scalar_type() == at::kBFloat16, "a copy of type ", tensor(copy).scalar_type());
}

}  // namespace

// norm = √Σ‖g‖²
RGM_API Message rgm_global_norm(TensorPtr norm, const TensorPtr* gradients, int64_t n) {
  return guarded([&] {
    double total = 0;
    for (int64_t i = 0; i < n; i++) total += squared_norm(tensor(gradients[i]));
    TORCH_CHECK(tensor(norm).scalar_type() == at::kFloat && tensor(norm).numel() == 1, "the norm is an f32 scalar");
    *static_cast<float*>(out(tensor(norm))) = static_cast<float>(std::sqrt(total));
  });
}

// torch.optim.AdamW; `step` counts from 0. `copies` may be null.
RGM_API Message rgm_adamw(
    TensorPtr lr, TensorPtr step, TensorPtr norm, int64_t n, const TensorPtr* params, const TensorPtr* grads, const TensorPtr* m,
    const TensorPtr* v, const TensorPtr* copies, double beta1, double beta2, double eps, double weight_decay, double clip) {
  return guarded([&] {
    AdamArgs args{};
    args.lr = scalar_value(tensor(lr));
    args.beta1 = beta1, args.beta2 = beta2, args.eps = eps, args.weight_decay = weight_decay;
    const double t = static_cast<double>(*scalar_i64(tensor(step))) + 1.0;
    args.correction1 = 1.0 - std::pow(beta1, t);
    args.correction2_sqrt = std::sqrt(1.0 - std::pow(beta2, t));
    args.grad_scale = clip_scale(clip, tensor(norm));
    for (int64_t i = 0; i < n; i++) {
      const at::Tensor& param = tensor(params[i]);
      check_group(param, tensor(grads[i]), copies == nullptr ? nullptr : copies[i]);
      for (TensorPtr moment : {m[i], v[i]}) check_elements(param, tensor(moment)), check_same_dtype(param, tensor(moment));
      args.dtype = dtype(param), args.grad_dtype = dtype(tensor(grads[i]));
      args.param = out(param), args.grad = in(tensor(grads[i]));
      args.m = out(tensor(m[i])), args.v = out(tensor(v[i]));
      args.copy = copies == nullptr ? nullptr : out(tensor(copies[i]));
      over(param.numel(), 4, kernels().adamw, args);
    }
  });
}

// torch.optim.SGD; `buffers` (momentum) and `copies` may be null.
RGM_API Message rgm_sgd(
    TensorPtr lr, TensorPtr norm, int64_t n, const TensorPtr* params, const TensorPtr* grads, const TensorPtr* buffers,
    const TensorPtr* copies, double momentum, double weight_decay, double clip) {
  return guarded([&] {
    SgdArgs args{};
    args.lr = scalar_value(tensor(lr));
    args.momentum = momentum, args.weight_decay = weight_decay;
    args.grad_scale = clip_scale(clip, tensor(norm));
    for (int64_t i = 0; i < n; i++) {
      const at::Tensor& param = tensor(params[i]);
      check_group(param, tensor(grads[i]), copies == nullptr ? nullptr : copies[i]);
      args.dtype = dtype(param), args.grad_dtype = dtype(tensor(grads[i]));
      args.param = out(param), args.grad = in(tensor(grads[i]));
      args.momentum_buffer = nullptr;
      if (buffers != nullptr) {
        check_elements(param, tensor(buffers[i])), check_same_dtype(param, tensor(buffers[i]));
        args.momentum_buffer = out(tensor(buffers[i]));
      }
      args.copy = copies == nullptr ? nullptr : out(tensor(copies[i]));
      over(param.numel(), 4, kernels().sgd, args);
    }
  });
}
