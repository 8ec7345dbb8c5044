// Picks the kernels of the instruction set that libtorch uses, so that one setting (ATEN_CPU_CAPABILITY) governs both.

#include <ATen/Context.h>
#include <ATen/Version.h>

#include <string>

#include "shim.h"

namespace rgm {

namespace {

#define RGM_ENTRY(name, Args) &RGM_TABLE::name,
#define RGM_TABLE baseline
const Kernels BASELINE = {RGM_KERNELS(RGM_ENTRY)};
#undef RGM_TABLE
#ifdef RGM_X86
#define RGM_TABLE avx2
const Kernels AVX2 = {RGM_KERNELS(RGM_ENTRY)};
#undef RGM_TABLE
#define RGM_TABLE avx512
const Kernels AVX512 = {RGM_KERNELS(RGM_ENTRY)};
#undef RGM_TABLE
#endif
#undef RGM_ENTRY

const Kernels& select() {
#ifdef RGM_X86
  const std::string set = at::get_cpu_capability();
  if (set == "AVX512") return AVX512;
  if (set == "AVX2") return AVX2;
#endif
  return BASELINE;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& selected = select();
  return selected;
}

}  // namespace rgm
