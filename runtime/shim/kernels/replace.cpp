// Tokens drawn from softmax(logits), from counters.

#include "philox.h"

namespace rgm {
namespace RGM_SET {

namespace {

// The class at which the running sum of exp(x − maximum) passes `u` of the whole.
template <typename S>
RGM_INLINE int64_t draw(const S* x, int64_t classes, double u) {
  using C = Compute<S>;
  C maximum = -infinity<C>();
  for (int64_t i = 0; i < classes; i++) maximum = load(x[i]) > maximum ? load(x[i]) : maximum;
  double total = 0;
  for (int64_t i = 0; i < classes; i++) total += static_cast<double>(exponential(load(x[i]) - maximum));
  const double wanted = u * total;
  double sum = 0;
  int64_t last = 0;
  for (int64_t i = 0; i < classes; i++) {
    const auto share = static_cast<double>(exponential(load(x[i]) - maximum));
    if (share > 0) last = i;
    sum += share;
    if (sum > wanted) return i;
  }
  return last;  // rounding may leave the sum below u of itself
}

}  // namespace

// The range counts positions of all samples.
void replace_tokens(const ReplaceArgs& args, int64_t begin, int64_t end) {
  const auto k0 = static_cast<uint32_t>(args.key), k1 = static_cast<uint32_t>(static_cast<uint64_t>(args.key) >> 32);
  with_type(args.dtype, [&](auto* type) {
    using S = RGM_TYPE_OF(type);
    for (int64_t i = begin; i < end; i++) {
      const int64_t sample = args.samples[i / args.length], position = i % args.length;
      args.replaced[i] = args.tokens[i];
      args.targets[i] = sample < 0 ? -100 : 0;
      if (sample < 0 || args.labels[i] < 0) continue;
      // A group of four words for each position.
      const Words words = philox(counter(position, sample, args.step, args.site), k0, k1);
      const uint64_t bits = (static_cast<uint64_t>(words.w[1]) << 32 | words.w[0]) >> 11;
      const S* logits = static_cast<const S*>(args.logits) + i * args.classes;
      args.replaced[i] = draw(logits, args.classes, static_cast<double>(bits) * 0x1p-53);
      args.targets[i] = args.replaced[i] != args.labels[i];
    }
  });
}

}  // namespace RGM_SET
}  // namespace rgm
