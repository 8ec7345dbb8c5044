// The kernels: serial loops over a range of rows, columns or elements, without libtorch.
//
// Every kernel is compiled once per instruction set, each time in a namespace of its own; `kernels()` is the table for
// the set that libtorch itself uses on this machine. The caller divides the work between threads; no kernel's result
// depends on how. Kernels use the stack only.
#pragma once

#include <cstdint>

namespace rgm {

enum class DType : int32_t { F32, F64, BF16 };

struct GatherArgs { const void* weight; const int64_t* ids; void* y; int64_t row_bytes; };
struct ScatterAddArgs { DType dtype, acc_dtype; void* acc; const void* dy; const int64_t* ids; int64_t rows, columns; };
struct ElementArgs { DType dtype, dtype_b; const void* a; const void* b; void* y; int64_t tail; double factor; };
struct SumRowsArgs { DType dtype, acc_dtype; const void* x; void* y; int64_t rows, columns; bool accumulate; };
struct LayerNormArgs {
  DType dtype;
  const void *x, *gain, *bias;
  void *y, *mean, *rstd;
  int64_t columns;
  double eps;
  bool rms;
};
struct LayerNormGradArgs {
  DType dtype;
  const void *dy, *x, *mean, *rstd, *gain;
  void *dx, *dgain, *dbias;
  int64_t rows, columns;
  bool rms;
};
struct SwigluGradArgs { DType dtype; const void *dy, *gate, *up; void *dgate, *dup; };
struct RotaryArgs {
  DType dtype;
  const void *x, *table;
  void* y;
  int64_t length, heads, head_size;
  bool inverse;
};
struct HeadsArgs { DType dtype; const void* x; void* y; int64_t times, head_size; };
// Segments [B, queries] may be null; then `heads` is not read.
struct SoftmaxArgs {
  DType dtype;
  const void* x;
  void* p;
  int64_t queries, keys;
  bool causal;
  double scale;
  const int64_t* segments;
  int64_t heads;
};
struct SoftmaxGradArgs { DType dtype; const void *dp, *p; void* dx; int64_t keys; double scale; };
struct CrossEntropyArgs {
  DType dtype;
  const void* logits;
  const int64_t* labels;
  void* lse;
  void* dlogits;
  int64_t classes;
  double factor;
};
struct DropoutArgs {
  DType dtype;
  const void* x;
  void* y;
  const int64_t* samples;
  int64_t elements_per_sample;
  int64_t step, key, site;
  double rate;
};
struct RelativeArgs {
  DType dtype;
  const void *content, *c2p, *p2c;
  void *y, *dc2p, *dp2c;
  const int64_t* rows;
  int64_t samples, heads, length, table;
};
struct ReplaceArgs {
  DType dtype;
  const void* logits;
  const int64_t *tokens, *labels, *samples;
  int64_t *replaced, *targets;
  int64_t length, classes, step, key, site;
};
struct InitNormalArgs { DType dtype; void* y; int64_t elements, key, site; double mean, std; };
struct PhiloxArgs { const uint32_t *counter, *key; uint32_t* words; };
struct NormArgs { DType dtype; const void* x; int64_t elements, chunk; double* partial; };
struct AdamArgs {
  DType dtype, grad_dtype;
  void *param, *m, *v, *copy;
  const void* grad;
  double lr, beta1, beta2, eps, weight_decay, correction1, correction2_sqrt, grad_scale;
};
struct SgdArgs {
  DType dtype, grad_dtype;
  void *param, *momentum_buffer, *copy;
  const void* grad;
  double lr, momentum, weight_decay, grad_scale;
};
// C[m, n] (+)= alpha · A[m, k] · B[k, n] (+ bias). A and B have any strides; rows of C are contiguous.
struct GemmArgs {
  DType dtype, c_dtype;
  const void *a, *b, *bias;
  void* c;
  int64_t n, k, a_row, a_col, b_row, b_col, c_row;
  double alpha;
  bool accumulate;
};
// One attention problem. Strides are those of [B, T, H, D] with D contiguous; o and do are contiguous. Segments [B, T] may be
// null; with them a position sees those of its own number, and one of number 0 sees nothing.
struct AttentionArgs {
  DType dtype;
  const void *q, *k, *v, *o, *d_o;
  const void* lse_in;
  void *out, *lse_out, *dq, *dk, *dv;
  int64_t queries, keys, heads, head_size;
  int64_t q_stride[3], k_stride[3], v_stride[3];
  bool causal;
  double scale;
  const int64_t* segments;
};

// Rows of heads at their positions in a cache [B, length, heads, D]; strides of x [B, T, heads, D] in bytes, heads contiguous.
struct CacheWriteArgs {
  const void* x;
  void* cache;
  const int64_t* positions;
  int64_t tokens, length, heads, head_bytes;
  int64_t x_stride[3];
};
// Attention over caches [B, length, groups, D]; strides of q [B, T, H, D] in elements, heads contiguous.
struct CachedAttentionArgs {
  DType dtype;
  const void *q, *k, *v;
  void* out;
  const int64_t* positions;
  int64_t tokens, length, heads, groups, head_size;
  int64_t q_stride[3];
  double scale;
};

// Every kernel with the type of its arguments.
#define RGM_KERNELS(KERNEL)                   \
  KERNEL(gather, GatherArgs)                  \
  KERNEL(scatter_add, ScatterAddArgs)         \
  KERNEL(add, ElementArgs)                    \
  KERNEL(multiply, ElementArgs)               \
  KERNEL(scale, ElementArgs)                  \
  KERNEL(accumulate, ElementArgs)             \
  KERNEL(fill, ElementArgs)                   \
  KERNEL(gelu, ElementArgs)                   \
  KERNEL(gelu_grad, ElementArgs)              \
  KERNEL(gelu_erf, ElementArgs)               \
  KERNEL(gelu_erf_grad, ElementArgs)          \
  KERNEL(swiglu, ElementArgs)                 \
  KERNEL(swiglu_grad, SwigluGradArgs)         \
  KERNEL(rotary, RotaryArgs)                  \
  KERNEL(repeat_heads, HeadsArgs)             \
  KERNEL(sum_heads, HeadsArgs)                \
  KERNEL(sum_rows, SumRowsArgs)               \
  KERNEL(layer_norm, LayerNormArgs)           \
  KERNEL(layer_norm_grad_x, LayerNormGradArgs) \
  KERNEL(layer_norm_grad_gain, LayerNormGradArgs) \
  KERNEL(softmax, SoftmaxArgs)                \
  KERNEL(softmax_grad, SoftmaxGradArgs)       \
  KERNEL(cross_entropy, CrossEntropyArgs)     \
  KERNEL(cross_entropy_grad, CrossEntropyArgs) \
  KERNEL(dropout, DropoutArgs)                \
  KERNEL(relative_scores, RelativeArgs)       \
  KERNEL(relative_scores_grad, RelativeArgs)  \
  KERNEL(replace_tokens, ReplaceArgs)         \
  KERNEL(init_normal, InitNormalArgs)         \
  KERNEL(philox_words, PhiloxArgs)            \
  KERNEL(squared_norm, NormArgs)              \
  KERNEL(adamw, AdamArgs)                     \
  KERNEL(sgd, SgdArgs)                        \
  KERNEL(gemm, GemmArgs)                      \
  KERNEL(attention, AttentionArgs)            \
  KERNEL(attention_grad, AttentionArgs)       \
  KERNEL(cache_write, CacheWriteArgs)         \
  KERNEL(cached_attention, CachedAttentionArgs)

struct Kernels {
#define RGM_MEMBER(name, Args) void (*name)(const Args&, int64_t begin, int64_t end);
  RGM_KERNELS(RGM_MEMBER)
#undef RGM_MEMBER
};

#define RGM_DECLARE(name, Args) void name(const Args&, int64_t begin, int64_t end);
namespace baseline {
RGM_KERNELS(RGM_DECLARE)
}
namespace avx2 {
RGM_KERNELS(RGM_DECLARE)
}
namespace avx512 {
RGM_KERNELS(RGM_DECLARE)
}
#undef RGM_DECLARE

const Kernels& kernels();

// Items of attention's range: (batch, head, block of this many queries); attention_grad's: (batch, head).
constexpr int64_t ATTENTION_BLOCK = 64;
constexpr int64_t MAX_HEAD_SIZE = 256;
// cached_attention's: (batch, group, block of this many queries of the group).
constexpr int64_t ATTENTION_COLUMNS = 32;

}  // namespace rgm
