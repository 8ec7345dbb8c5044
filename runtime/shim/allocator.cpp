// The counting allocator under libtorch on CPU.
//
// Counts requested bytes: how many are alive, and how many were alive at most since the last reset. Every block is
// preceded by one 64-byte line that holds its size, so that a deleter needs nothing but the pointer: context and
// data are the same address, which raw allocations insist on. Blocks are aligned to 64 bytes, as libtorch's own are.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "shim.h"

namespace {

constexpr size_t LINE = 64;

std::atomic<int64_t> current_bytes{0};
std::atomic<int64_t> peak_bytes{0};
std::atomic<int64_t> allocations{0};

void count(int64_t bytes) {
  const int64_t now = current_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  allocations.fetch_add(1, std::memory_order_relaxed);
}

void release(void* data) {
  if (data == nullptr) return;
  char* block = static_cast<char*>(data) - LINE;
  size_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  current_bytes.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  std::free(block);
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return c10::DataPtr(nullptr, cpu);
    const size_t total = LINE + (bytes + LINE - 1) / LINE * LINE;
    TORCH_CHECK(total > bytes, "cannot allocate ", bytes, " bytes");
    char* block = static_cast<char*>(std::aligned_alloc(LINE, total));
    TORCH_CHECK(block != nullptr, "cannot allocate ", bytes, " bytes: the machine is out of memory");
    std::memcpy(block, &bytes, sizeof bytes);
    count(static_cast<int64_t>(bytes));
    char* data = block + LINE;
    return c10::DataPtr(data, data, &release, cpu);
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

// Keeps freed memory in the process: a step frees and asks for the same blocks again, and every page that goes back to
// the system comes back zeroed, one fault at a time. 32 MB is the most that the C library accepts for a block of its heap.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace

// Puts the allocator under libtorch; tensors made before keep theirs. Calling it again changes nothing.
RGM_API void rgm_install_allocator() {
  static CountingAllocator* allocator = [] {
    auto* made = new CountingAllocator;
    keep_freed_memory();
    c10::SetCPUAllocator(made, /*priority=*/255);
    return made;
  }();
  (void)allocator;
}

RGM_API int64_t rgm_current_bytes() { return current_bytes.load(std::memory_order_relaxed); }

RGM_API int64_t rgm_peak_bytes() { return peak_bytes.load(std::memory_order_relaxed); }

// How many blocks were asked for since the process started.
RGM_API int64_t rgm_allocations() { return allocations.load(std::memory_order_relaxed); }

// Starts a new measurement: the peak becomes what is alive now.
RGM_API void rgm_reset_peak() { peak_bytes.store(current_bytes.load(std::memory_order_relaxed), std::memory_order_relaxed); }
