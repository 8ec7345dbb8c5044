// Making, viewing and filling tensors, and the settings of the library.

#include <ATen/Context.h>
#include <ATen/EmptyTensor.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>

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

namespace {

// Copies elements of one type between any two layouts of one shape, row by row. libtorch's own copy is not used here: it
// asks for a temporary block when it meets a transposed matrix.
template <typename S>
void copy_rows(const at::Tensor& to, const at::Tensor& from) {
  const int64_t rank = from.dim(), n = rank == 0 ? 1 : from.size(-1);
  if (from.numel() == 0) return;
  const int64_t to_step = rank == 0 ? 1 : to.stride(-1), from_step = rank == 0 ? 1 : from.stride(-1);
  S* to_data = static_cast<S*>(to.mutable_data_ptr());
  const S* from_data = static_cast<const S*>(from.const_data_ptr());
  const int64_t grain = std::max<int64_t>(1, 8192 / n);
  at::parallel_for(0, from.numel() / n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t rest = row, to_offset = 0, from_offset = 0;
      for (int64_t d = rank - 2; d >= 0; d--) {
        const int64_t i = rest % from.size(d);
        rest /= from.size(d);
        to_offset += i * to.stride(d);
        from_offset += i * from.stride(d);
      }
      S* y = to_data + to_offset;
      const S* x = from_data + from_offset;
      if (to_step == 1 && from_step == 1) std::memcpy(y, x, n * sizeof(S));
      else for (int64_t i = 0; i < n; i++) y[i * to_step] = x[i * from_step];
    }
  });
}

}  // namespace

// to = from, converting types and layouts.
RGM_API Message rgm_copy(TensorPtr to, TensorPtr from) {
  return guarded([&] {
    const at::NoGradGuard no_grad;
    const at::Tensor &y = tensor(to), &x = tensor(from);
    TORCH_CHECK(y.sizes() == x.sizes(), "shapes ", y.sizes(), " and ", x.sizes());
    if (y.scalar_type() != x.scalar_type()) {
      y.copy_(x);
      return;
    }
    switch (x.element_size()) {
      case 8: return copy_rows<int64_t>(y, x);
      case 4: return copy_rows<int32_t>(y, x);
      case 2: return copy_rows<int16_t>(y, x);
      default: return copy_rows<int8_t>(y, x);
    }
  });
}

// One call of the generator, for tests against its published vectors.
RGM_API void rgm_philox(uint32_t* words, const uint32_t* counter, const uint32_t* key) {
  kernels().philox_words({counter, key, words}, 0, 1);
}
