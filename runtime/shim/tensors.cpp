// Making, viewing and filling tensors, and the settings of the library.

#include <ATen/Context.h>
#include <ATen/EmptyTensor.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/as_strided.h>
#include <ATen/ops/copy.h>

#include "shim.h"

namespace rgm {

double scalar_value(const at::Tensor& t) {
  TORCH_CHECK(t.numel() == 1, "expected a scalar, got shape ", t.sizes());
  switch (t.scalar_type()) {
    case at::kFloat: return *static_cast<const float*>(t.const_data_ptr());
    case at::kDouble: return *static_cast<const double*>(t.const_data_ptr());
    default: TORCH_CHECK(false, "expected f32 or f64, got ", t.scalar_type());
  }
}

}  // namespace rgm

using namespace rgm;

RGM_API void rgm_free_message(Message message) { std::free(message); }

RGM_API void rgm_set_threads(int32_t threads) { at::set_num_threads(threads); }

RGM_API int32_t rgm_threads() { return at::get_num_threads(); }

// "DEFAULT", "AVX2" or "AVX512": what libtorch uses, and with it the kernels here.
RGM_API Message rgm_instruction_set() { return strdup(at::get_cpu_capability().c_str()); }

// A new uninitialised contiguous tensor; `type` is libtorch's number of the scalar type.
RGM_API Message rgm_empty(TensorPtr* result, int32_t type, const int64_t* sizes, int32_t rank) {
  return guarded([&] {
    const auto made = at::detail::empty_cpu(at::IntArrayRef(sizes, rank), static_cast<at::ScalarType>(type));
    *result = new at::Tensor(made);
  });
}

// Another handle of the same tensor.
RGM_API Message rgm_alias(TensorPtr* result, TensorPtr t) {
  return guarded([&] { *result = new at::Tensor(tensor(t)); });
}

RGM_API Message rgm_drop(TensorPtr t) {
  return guarded([&] { delete static_cast<at::Tensor*>(t); });
}

// A view with the given shape, strides and offset relative to the tensor's own; bounds are checked by libtorch.
RGM_API Message rgm_strided(
    TensorPtr* result, TensorPtr t, const int64_t* sizes, const int64_t* strides, int32_t rank, int64_t offset) {
  return guarded([&] {
    const at::NoGradGuard no_grad;
    const at::Tensor& base = tensor(t);
    const at::IntArrayRef shape(sizes, rank), steps(strides, rank);
    *result = new at::Tensor(at::as_strided(base, shape, steps, base.storage_offset() + offset));
  });
}

// to = from, converting types and layouts.
RGM_API Message rgm_copy(TensorPtr to, TensorPtr from) {
  return guarded([&] {
    const at::NoGradGuard no_grad;
    TORCH_CHECK(tensor(to).sizes() == tensor(from).sizes(), "shapes ", tensor(to).sizes(), " and ", tensor(from).sizes());
    tensor(to).copy_(tensor(from));
  });
}
