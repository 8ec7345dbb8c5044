// Caches of keys and values.

#include "shim.h"

using namespace rgm;

namespace {

// Positions [B, T] of rows in a cache of this length.
const int64_t* positions_in(const at::Tensor& positions, int64_t B, int64_t T, int64_t length) {
  TORCH_CHECK(positions.numel() == B * T, "positions of shape ", positions.sizes(), " for ", B, " samples of ", T, " tokens");
  const int64_t* p = in_i64(positions);
  for (int64_t i = 0; i < B * T; i++) {
    TORCH_CHECK(p[i] >= 0 && p[i] < length, "position ", p[i], " in a cache of ", length);
  }
  return p;
}

void check_heads(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 && (x.stride(3) == 1 || x.size(3) == 1), "heads of shape ", x.sizes(), ", strides ", x.strides());
}

}  // namespace

// cache[b, positions[b, t]] = x[b, t], heads [B, T, G, D] of any strides.
RGM_API Message rgm_cache_write(TensorPtr cache, TensorPtr x, TensorPtr positions) {
  return guarded([&] {
    const at::Tensor &to = tensor(cache), &from = tensor(x);
    check_same_dtype(to, from), check_heads(from);
    TORCH_CHECK(to.dim() == 4 && to.size(0) == from.size(0) && to.size(2) == from.size(2) && to.size(3) == from.size(3),
                "cache of shape ", to.sizes(), ", rows of shape ", from.sizes());
    const int64_t B = from.size(0), T = from.size(1), size = from.element_size();
    const CacheWriteArgs args{
        from.const_data_ptr(), out(to), positions_in(tensor(positions), B, T, to.size(1)), T, to.size(1), from.size(2),
        from.size(3) * size, {from.stride(0) * size, from.stride(1) * size, from.stride(2) * size}};
    over(B * T, from.size(2) * from.size(3), kernels().cache_write, args);
  });
}

// Attention of q [B, T, H, D] over rows 0 … positions[b, t] of keys and values [B, S, G, D].
RGM_API Message rgm_cached_attention(
    TensorPtr o, TensorPtr q, TensorPtr keys, TensorPtr values, TensorPtr positions, double scale) {
  return guarded([&] {
    const at::Tensor &x = tensor(q), &k = tensor(keys);
    check_heads(x), check_same_dtype(x, k), check_same_dtype(x, tensor(values)), check_same_dtype(x, tensor(o));
    check_elements(x, tensor(o)), check_elements(k, tensor(values));
    TORCH_CHECK(k.dim() == 4 && k.size(0) == x.size(0) && k.size(3) == x.size(3) && k.size(2) > 0 && x.size(2) % k.size(2) == 0,
                "queries of shape ", x.sizes(), ", keys of shape ", k.sizes());
    TORCH_CHECK(x.size(3) <= MAX_HEAD_SIZE, "heads of size ", x.size(3), "; at most ", MAX_HEAD_SIZE);
    const int64_t B = x.size(0), T = x.size(1), H = x.size(2), G = k.size(2);
    const CachedAttentionArgs args{
        dtype(x), x.const_data_ptr(), in(k), in(tensor(values)), out(tensor(o)),
        positions_in(tensor(positions), B, T, k.size(1)), T, k.size(1), H, G, x.size(3),
        {x.stride(0), x.stride(1), x.stride(2)}, scale};
    const int64_t blocks = (T * (H / G) + ATTENTION_COLUMNS - 1) / ATTENTION_COLUMNS;
    over(B * G * blocks, ATTENTION_COLUMNS * k.size(1) * x.size(3), kernels().cached_attention, args);
  });
}
