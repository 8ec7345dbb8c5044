// What only libtorch can do on a GPU: its caching allocator, its stream, and attention of cuDNN and flash.
//
// Nothing here is linked with CUDA. libtorch_cuda.so is opened when a plan for a GPU is to be run; until then no call below
// except rgm_cuda_open may be made.

#include <ATen/Context.h>
#include <ATen/ops/_scaled_dot_product_cudnn_attention.h>
#include <ATen/ops/_scaled_dot_product_cudnn_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_backward.h>
#include <ATen/ops/empty.h>
#include <c10/core/AllocatorConfig.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <string>

#include "shim.h"

using namespace rgm;

namespace {

const c10::Device GPU(c10::DeviceType::CUDA, 0);

// Opens a library for all others; the message of the loader if that fails.
std::string open_library(const std::string& name) {
  if (dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) return "";
  const char* why = dlerror();
  return why == nullptr ? name + " cannot be opened" : why;
}

// Where torch's wheel puts the libraries of nvidia's: two folders above its own.
std::string beside_torch() {
  Dl_info info;
  void* found = dlsym(RTLD_DEFAULT, "_ZN3c104cuda12device_countEv");
  if (found == nullptr || dladdr(found, &info) == 0 || info.dli_fname == nullptr) return "";
  std::string path = info.dli_fname;
  for (int level = 0; level < 3; level++) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return "";
    path.resize(slash);
  }
  return path + "/nvidia/cu13/lib/";
}

c10::CachingDeviceAllocator::DeviceStats statistics() {
  return c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(0);
}

// The sum over all pools.
const c10::CachingAllocator::Stat& all(const c10::CachingAllocator::StatArray& stats) { return stats[0]; }

// [B, T, H, D] as [B, H, T, D]: a view.
at::Tensor by_head(TensorPtr t) { return tensor(t).transpose(1, 2); }

void put(TensorPtr* result, at::Tensor t) { *result = new at::Tensor(std::move(t)); }

}  // namespace

// Opens libtorch's CUDA half and NVRTC, and makes all following memory expandable segments: then what is reserved stays
// close to what is used.
RGM_API Message rgm_cuda_open() {
  return guarded([] {
    const std::string why = open_library("libtorch_cuda.so");
    TORCH_CHECK(why.empty(), why);
    if (!open_library("libnvrtc.so.13").empty()) {
      const std::string missing = open_library(beside_torch() + "libnvrtc.so.13");
      TORCH_CHECK(missing.empty(), missing);
    }
    c10::CachingAllocator::setAllocatorSettings("expandable_segments:True");
  });
}

// Initialises libtorch on the first GPU and gives it a stream of its own, which graphs can be captured from.
RGM_API Message rgm_cuda_start(void** stream, bool deterministic) {
  return guarded([&] {
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    at::globalContext().setDeterministicAlgorithms(deterministic, false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
    guard.setDevice(GPU);
    const c10::Stream own = guard.getStreamFromGlobalPool(GPU, false);
    guard.exchangeStream(own);
    *stream = own.native_handle();
  });
}

// requested now, requested at the peak, reserved now, reserved at the peak, allocations so far.
RGM_API Message rgm_cuda_memory(int64_t* numbers) {
  return guarded([&] {
    const auto stats = statistics();
    numbers[0] = all(stats.requested_bytes).current;
    numbers[1] = all(stats.requested_bytes).peak;
    numbers[2] = all(stats.reserved_bytes).current;
    numbers[3] = all(stats.reserved_bytes).peak;
    numbers[4] = all(stats.allocation).allocated;
  });
}

RGM_API Message rgm_cuda_reset_peak() {
  return guarded([] { c10::getDeviceAllocator(c10::kCUDA)->resetPeakStats(0); });
}

// Gives what nobody uses back to the driver.
RGM_API Message rgm_cuda_empty_cache() {
  return guarded([] { c10::getDeviceAllocator(c10::kCUDA)->emptyCache(); });
}

// A new uninitialised contiguous tensor on the GPU.
RGM_API Message rgm_cuda_empty(TensorPtr* result, int32_t type, const int64_t* sizes, int32_t rank) {
  return guarded([&] {
    put(result, at::empty(at::IntArrayRef(sizes, rank),
                          at::TensorOptions().dtype(static_cast<at::ScalarType>(type)).device(GPU)));
  });
}

// o [B, T, H, D] and lse [B, H, T] of attention over q, k, v [B, T, H, D]. The library makes both results; besides them it takes
// what `workspace` of the operation says.
RGM_API Message rgm_cuda_attention(
    TensorPtr* o, TensorPtr* lse, TensorPtr q, TensorPtr k, TensorPtr v, bool flash, bool causal, double scale) {
  return guarded([&] {
    at::Tensor out, sums;
    if (flash) {
      auto made = at::_scaled_dot_product_flash_attention(by_head(q), by_head(k), by_head(v), 0.0, causal, false, scale);
      out = std::get<0>(made), sums = std::get<1>(made);
    } else {
      auto made = at::_scaled_dot_product_cudnn_attention(
          by_head(q), by_head(k), by_head(v), std::nullopt, true, 0.0, causal, false, scale);
      out = std::get<0>(made), sums = std::get<1>(made);
    }
    put(o, out.transpose(1, 2));
    put(lse, flash ? sums : sums.squeeze(-1));
  });
}

// dq, dk, dv [B, T, H, D].
RGM_API Message rgm_cuda_attention_grad(
    TensorPtr* dq, TensorPtr* dk, TensorPtr* dv, TensorPtr d_o, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr o, TensorPtr lse,
    bool flash, bool causal, double scale) {
  return guarded([&] {
    const int64_t queries = tensor(q).size(1), keys = tensor(k).size(1);
    // There is no dropout, so nobody reads these.
    const at::Tensor none, seed = at::empty({}, at::TensorOptions().dtype(at::kLong).device(GPU));
    std::tuple<at::Tensor, at::Tensor, at::Tensor> made;
    if (flash) {
      made = at::_scaled_dot_product_flash_attention_backward(
          by_head(d_o), by_head(q), by_head(k), by_head(v), by_head(o), tensor(lse), none, none, queries, keys, 0.0, causal, seed, seed,
          scale);
    } else {
      made = at::_scaled_dot_product_cudnn_attention_backward(
          by_head(d_o), by_head(q), by_head(k), by_head(v), by_head(o), tensor(lse).unsqueeze(-1), seed, seed, none, none, none, queries,
          keys, 0.0, causal, scale);
    }
    put(dq, std::get<0>(made).transpose(1, 2));
    put(dk, std::get<1>(made).transpose(1, 2));
    put(dv, std::get<2>(made).transpose(1, 2));
  });
}
