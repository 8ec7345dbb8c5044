// Dropout and normal initialisation, from counters: what an element gets depends on who it is, not on where it runs.

#include "philox.h"

namespace rgm {
namespace RGM_SET {

namespace {

constexpr int64_t LANES = 16;  // groups of four elements generated side by side

// Random words of LANES consecutive groups in the order of their elements. One array per word of the counter, so that
// every round is a few vector instructions.
RGM_INLINE void generate(uint32_t* words, Words first, uint32_t k0, uint32_t k1) {
  alignas(64) uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
  for (int64_t lane = 0; lane < LANES; lane++) {
    c0[lane] = first.w[0] + static_cast<uint32_t>(lane);
    c1[lane] = first.w[1], c2[lane] = first.w[2], c3[lane] = first.w[3];
  }
  for (int round = 0; round < 10; round++) {
#pragma omp simd
    for (int64_t lane = 0; lane < LANES; lane++) {
      const uint64_t p0 = uint64_t{0xD2511F53} * c0[lane], p1 = uint64_t{0xCD9E8D57} * c2[lane];
      const uint32_t low0 = 0xD2511F53u * c0[lane], low1 = 0xCD9E8D57u * c2[lane];
      c0[lane] = static_cast<uint32_t>(p1 >> 32) ^ c1[lane] ^ k0;
      c2[lane] = static_cast<uint32_t>(p0 >> 32) ^ c3[lane] ^ k1;
      c1[lane] = low1;
      c3[lane] = low0;
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
#pragma omp simd
  for (int64_t lane = 0; lane < LANES; lane++) {
    words[4 * lane] = c0[lane];
    words[4 * lane + 1] = c1[lane];
    words[4 * lane + 2] = c2[lane];
    words[4 * lane + 3] = c3[lane];
  }
}

// Elements [first, last) of one sample; `first` is a multiple of 4·LANES.
template <typename S>
RGM_INLINE void drop(const DropoutArgs& args, int64_t sample_row, int64_t first, int64_t last) {
  using C = Compute<S>;
  const S* x = static_cast<const S*>(args.x) + sample_row * args.elements_per_sample;
  S* y = static_cast<S*>(args.y) + sample_row * args.elements_per_sample;
  const auto k0 = static_cast<uint32_t>(args.key), k1 = static_cast<uint32_t>(static_cast<uint64_t>(args.key) >> 32);
  const auto sample = static_cast<uint64_t>(args.samples[sample_row]);
  // uniform = (word >> 8)·2^-24 ≥ rate, in integers.
  const auto threshold = static_cast<uint32_t>(std::ceil(args.rate * 16777216.0));
  const C kept = static_cast<C>(1.0 / (1.0 - args.rate));
  for (int64_t e = first; e < last; e += 4 * LANES) {
    alignas(64) uint32_t words[4 * LANES];
    generate(words, counter(static_cast<uint64_t>(e) / 4, sample, args.step, args.site), k0, k1);
    const int64_t n = last - e < 4 * LANES ? last - e : 4 * LANES;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const C factor = (words[i] >> 8) >= threshold ? kept : C(0);
      store(y[e + i], load(x[e + i]) * factor);
    }
  }
}

}  // namespace

// The range counts blocks of 1,024 elements, all samples after another; a block never spans two samples.
void dropout(const DropoutArgs& args, int64_t begin, int64_t end) {
  constexpr int64_t BLOCK = 1024;
  const int64_t blocks = (args.elements_per_sample + BLOCK - 1) / BLOCK;
  with_type(args.dtype, [&](auto* type) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t first = i % blocks * BLOCK;
      const int64_t left = args.elements_per_sample - first;
      drop<RGM_TYPE_OF(type)>(args, i / blocks, first, first + (left < BLOCK ? left : BLOCK));
    }
  });
}

// Box–Muller in f64: words 0 and 1 of a group give its elements 0 and 1, words 2 and 3 the elements 2 and 3.
// The range counts groups of four elements.
void init_normal(const InitNormalArgs& args, int64_t begin, int64_t end) {
  const auto k0 = static_cast<uint32_t>(args.key), k1 = static_cast<uint32_t>(static_cast<uint64_t>(args.key) >> 32);
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    S* y = static_cast<S*>(args.y);
    for (int64_t group = begin; group < end; group++) {
      const Words words = philox(counter(static_cast<uint64_t>(group), 0, 0, args.site), k0, k1);
      for (int64_t pair = 0; pair < 2; pair++) {
        const double u1 = (words.w[2 * pair] + 1.0) * 0x1p-32;  // in (0, 1], so that its logarithm is finite
        const double u2 = words.w[2 * pair + 1] * 0x1p-32;
        const double radius = std::sqrt(-2.0 * std::log(u1));
        const double angle = 6.283185307179586 * u2;
        const double values[2] = {radius * std::cos(angle), radius * std::sin(angle)};
        for (int64_t i = 0; i < 2; i++) {
          const int64_t element = 4 * group + 2 * pair + i;
          if (element < args.elements) store(y[element], args.mean + args.std * values[i]);
        }
      }
    }
  });
}

// One call of the generator.
void philox_words(const PhiloxArgs& args, int64_t, int64_t) {
  const Words c = {{args.counter[0], args.counter[1], args.counter[2], args.counter[3]}};
  const Words result = philox(c, args.key[0], args.key[1]);
  for (int i = 0; i < 4; i++) args.words[i] = result.w[i];
}

}  // namespace RGM_SET
}  // namespace rgm
