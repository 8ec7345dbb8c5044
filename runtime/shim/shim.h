// What every file of the shim shares: how tensors cross the C boundary, how errors go back, how work is divided.
//
// Tensors are passed as pointers to at::Tensor (what tch holds). Every function returns null, or a message that the
// caller frees with rgm_free_message. No exception leaves the shim. Kernels write only into tensors that the caller
// allocated: nothing in the shim asks libtorch's allocator for memory unless its comment says so.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <cstring>
#include <exception>

#include "kernels.h"

#define RGM_API extern "C" __attribute__((visibility("default")))

namespace rgm {

using TensorPtr = void*;
using Message = char*;

inline const at::Tensor& tensor(TensorPtr pointer) {
  return *static_cast<const at::Tensor*>(pointer);
}

// Runs `body` and turns whatever it throws into a message.
template <typename Body>
Message guarded(Body&& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

inline DType dtype(const at::Tensor& t) {
  switch (t.scalar_type()) {
    case at::kFloat: return DType::F32;
    case at::kDouble: return DType::F64;
    case at::kBFloat16: return DType::BF16;
    default: TORCH_CHECK(false, "expected f32, f64 or bf16, got ", t.scalar_type());
  }
}

inline void check_same_dtype(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.scalar_type() == b.scalar_type(), "operands of types ", a.scalar_type(), " and ", b.scalar_type());
}

inline void check_elements(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.numel() == b.numel(), "operands of shapes ", a.sizes(), " and ", b.sizes());
}

// Data of a contiguous tensor, for reading.
inline const void* in(const at::Tensor& t) {
  TORCH_CHECK(t.is_contiguous(), "expected a contiguous tensor, got strides ", t.strides(), " of shape ", t.sizes());
  return t.const_data_ptr();
}

// Data of a contiguous tensor, for writing.
inline void* out(const at::Tensor& t) {
  TORCH_CHECK(t.is_contiguous(), "expected a contiguous tensor, got strides ", t.strides(), " of shape ", t.sizes());
  return t.mutable_data_ptr();
}

inline const int64_t* in_i64(const at::Tensor& t) {
  TORCH_CHECK(t.scalar_type() == at::kLong, "expected i64, got ", t.scalar_type());
  return static_cast<const int64_t*>(in(t));
}

inline const int64_t* scalar_i64(const at::Tensor& t) {
  TORCH_CHECK(t.numel() == 1, "expected a scalar, got shape ", t.sizes());
  return in_i64(t);
}

// The value of a one-element tensor of any floating type.
double scalar_value(const at::Tensor& t);

// Calls `kernel` on parts of [0, n). Work per item is given in elements touched, so that small calls stay on one thread.
template <typename Kernel, typename Args>
void over(int64_t n, int64_t work_per_item, Kernel kernel, const Args& args) {
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, work_per_item));
  at::parallel_for(0, n, grain, [&](int64_t begin, int64_t end) { kernel(args, begin, end); });
}

// The same for kernels over columns: parts are multiples of 16 columns, so that threads write different cache lines.
template <typename Kernel, typename Args>
void over_columns(int64_t columns, int64_t rows, Kernel kernel, const Args& args) {
  const int64_t blocks = (columns + 15) / 16;
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, rows * 16));
  at::parallel_for(0, blocks, grain, [&](int64_t begin, int64_t end) {
    kernel(args, begin * 16, std::min(columns, end * 16));
  });
}

}  // namespace rgm
