// The counting allocator under libtorch on CPU.
//
// Counts requested bytes: how many are alive, and how many were alive at most since the last reset. Every block is
// preceded by one 64-byte line that holds its size, so that a deleter needs nothing but the pointer: context and
// data are the same address, which raw allocations insist on. Blocks are aligned to 64 bytes, as libtorch's own are.

//
// On Linux large blocks are pages of their own. A step frees and asks for the same sizes again and again, so freed
// pages are kept, but never so many that live and kept ones together exceed what was once alive: resident memory follows
// the plan's peak, whatever sizes a program mixes.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
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

#ifdef __linux__

// Blocks of this size and more are pages of their own; the C library's heap would scatter them with gaps between.
constexpr size_t LARGE = 128 << 10;

const size_t PAGE = static_cast<size_t>(sysconf(_SC_PAGESIZE));

class Pages {
 public:
  // `bytes` is a multiple of the page size. Null if there is no memory.
  char* take(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    char* block = reuse(bytes);
    if (block == nullptr) block = map(bytes);
    if (block == nullptr && !kept_.empty()) {
      drop(kept_bytes_);
      block = map(bytes);
    }
    if (block == nullptr) return nullptr;
    live_bytes_ += bytes;
    most_bytes_ = std::max(most_bytes_, live_bytes_);
    if (live_bytes_ + kept_bytes_ > most_bytes_) drop(live_bytes_ + kept_bytes_ - most_bytes_);
    return block;
  }

  void give(char* block, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    live_bytes_ -= bytes;
    keep(block, bytes);
  }

  // Gives everything back to the system and forgets how much was once alive.
  void clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    drop(kept_bytes_);
    most_bytes_ = live_bytes_;
  }

 private:
  static char* map(size_t bytes) {
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? nullptr : static_cast<char*>(block);
  }

  // A kept block of this size, the head of a larger one, or a smaller one with fresh pages behind it.
  char* reuse(size_t bytes) {
    if (kept_.empty()) return nullptr;
    auto found = kept_.lower_bound(bytes);
    if (found == kept_.end()) --found;
    const auto [size, block] = *found;
    kept_.erase(found);
    kept_bytes_ -= size;
    if (size >= bytes) {
      if (size > bytes) keep(block + bytes, size - bytes);
      return block;
    }
    void* grown = mremap(block, size, bytes, MREMAP_MAYMOVE);
    if (grown != MAP_FAILED) return static_cast<char*>(grown);
    keep(block, size);
    return nullptr;
  }

  void keep(char* block, size_t bytes) {
    kept_.emplace(bytes, block);
    kept_bytes_ += bytes;
  }

  // Smallest first: what was cut off is asked for again least often.
  void drop(size_t bytes) {
    while (bytes > 0 && !kept_.empty()) {
      const auto [size, block] = *kept_.begin();
      const size_t part = std::min(size, bytes);
      kept_.erase(kept_.begin());
      kept_bytes_ -= size;
      munmap(block + (size - part), part);
      if (size > part) keep(block, size - part);
      bytes -= part;
    }
  }

  std::mutex mutex_;
  std::multimap<size_t, char*> kept_;
  size_t kept_bytes_ = 0;
  size_t live_bytes_ = 0;
  size_t most_bytes_ = 0;
};

Pages& pages() {
  // Never destroyed: tensors may outlive static objects.
  static Pages* pages = new Pages;
  return *pages;
}

char* take(size_t total) {
  if (total < LARGE) return static_cast<char*>(std::aligned_alloc(LINE, total));
  return pages().take((total + PAGE - 1) / PAGE * PAGE);
}

void give(char* block, size_t total) {
  if (total < LARGE) return std::free(block);
  pages().give(block, (total + PAGE - 1) / PAGE * PAGE);
}

void give_back_to_system() { pages().clear(); }

#else

char* take(size_t total) { return static_cast<char*>(std::aligned_alloc(LINE, total)); }

void give(char* block, size_t) { std::free(block); }

void give_back_to_system() {}

#endif

// A block with its line of size.
size_t with_line(size_t bytes) { return LINE + (bytes + LINE - 1) / LINE * LINE; }

void release(void* data) {
  if (data == nullptr) return;
  char* block = static_cast<char*>(data) - LINE;
  size_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  current_bytes.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  give(block, with_line(bytes));
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return c10::DataPtr(nullptr, cpu);
    // Beyond this sums of sizes could overflow.
    TORCH_CHECK(bytes <= SIZE_MAX / 4, "cannot allocate ", bytes, " bytes");
    char* block = take(with_line(bytes));
    TORCH_CHECK(block != nullptr, "cannot allocate ", bytes, " bytes: the machine is out of memory");
    std::memcpy(block, &bytes, sizeof bytes);
    count(static_cast<int64_t>(bytes));
    char* data = block + LINE;
    return c10::DataPtr(data, data, &release, cpu);
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

// Keeps freed small blocks in the process: every page that goes back to the system comes back zeroed, one fault at a time.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace

// Puts the allocator under libtorch; tensors made before keep theirs. Called again, it only gives back what an earlier
// stage left unused, so that the memory of the next one is its own.
RGM_API void rgm_install_allocator() {
  static CountingAllocator* allocator = [] {
    auto* made = new CountingAllocator;
    keep_freed_memory();
    c10::SetCPUAllocator(made, /*priority=*/255);
    return made;
  }();
  (void)allocator;
  give_back_to_system();
}

RGM_API int64_t rgm_current_bytes() { return current_bytes.load(std::memory_order_relaxed); }

RGM_API int64_t rgm_peak_bytes() { return peak_bytes.load(std::memory_order_relaxed); }

// How many blocks were asked for since the process started.
RGM_API int64_t rgm_allocations() { return allocations.load(std::memory_order_relaxed); }

// Starts a new measurement: the peak becomes what is alive now.
RGM_API void rgm_reset_peak() { peak_bytes.store(current_bytes.load(std::memory_order_relaxed), std::memory_order_relaxed); }
