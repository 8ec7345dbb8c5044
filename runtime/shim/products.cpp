// Matrix products and attention.

#include "shim.h"

using namespace rgm;

namespace {

struct Matrix {
  const void* data;
  int64_t rows, columns, row, column;
};

// The tensor as a matrix of its last dimension by all the others, transposed if asked for.
Matrix flattened(const at::Tensor& t, bool transposed) {
  TORCH_CHECK(t.dim() > 0, "expected at least one dimension");
  const int64_t columns = t.size(-1), rows = columns == 0 ? 0 : t.numel() / columns;
  if (transposed) return {in(t), columns, rows, 1, columns};
  return {in(t), rows, columns, columns, 1};
}

// Rows are divided between threads; a product with few rows is divided by columns instead.
void multiply(const GemmArgs& args, int64_t m, int64_t element_size, int64_t c_element_size) {
  const int64_t work = std::max<int64_t>(1, args.k * args.n / 4);
  constexpr int64_t COLUMNS = 64;
  if (m >= 24 || args.n < 2 * COLUMNS) return over(m, work, kernels().gemm, args);
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, m * args.k * COLUMNS / 4));
  at::parallel_for(0, (args.n + COLUMNS - 1) / COLUMNS, grain, [&](int64_t begin, int64_t end) {
    GemmArgs part = args;
    const int64_t first = begin * COLUMNS;
    part.n = std::min(args.n, end * COLUMNS) - first;
    part.b = static_cast<const char*>(args.b) + first * args.b_col * element_size;
    part.c = static_cast<char*>(args.c) + first * c_element_size;
    if (args.bias != nullptr) part.bias = static_cast<const char*>(args.bias) + first * c_element_size;
    kernels().gemm(part, 0, m);
  });
}

// c (+)= a·b (+ bias)
void product(const at::Tensor& c, const at::Tensor& a, bool ta, const at::Tensor& b, bool tb, TensorPtr bias, bool accumulate) {
  check_same_dtype(a, b);
  const Matrix left = flattened(a, ta), right = flattened(b, tb);
  TORCH_CHECK(left.columns == right.rows, "inner sizes ", left.columns, " and ", right.rows);
  TORCH_CHECK(c.numel() == left.rows * right.columns, "result of shape ", c.sizes());
  const DType type = dtype(a), c_type = dtype(c);
  TORCH_CHECK(type == c_type || (type == DType::BF16 && c_type == DType::F32), "result of type ", c.scalar_type());
  if (bias != nullptr) {
    TORCH_CHECK(tensor(bias).numel() == right.columns, "bias of shape ", tensor(bias).sizes());
    check_same_dtype(tensor(bias), c);
  }
  if (c.numel() == 0) return;
  const GemmArgs args{
      type, c_type, left.data, right.data, bias == nullptr ? nullptr : in(tensor(bias)), out(c), right.columns, left.columns,
      left.row, left.column, right.row, right.column, right.columns, 1.0, accumulate};
  multiply(args, left.rows, a.element_size(), c.element_size());
}

}  // namespace

// y = x·wᵀ, or x·w if transposed (w is then [in, out]); bias may be null.
RGM_API Message rgm_linear(TensorPtr y, TensorPtr x, TensorPtr w, TensorPtr bias, bool transposed) {
  return guarded([&] {
    TORCH_CHECK(tensor(w).dim() == 2, "weight of shape ", tensor(w).sizes());
    product(tensor(y), tensor(x), false, tensor(w), !transposed, bias, false);
  });
}

// dw (+)= dyᵀ·x, or xᵀ·dy if transposed.
RGM_API Message rgm_linear_grad_weight(TensorPtr dw, TensorPtr dy, TensorPtr x, bool transposed, bool accumulate) {
  return guarded([&] {
    TORCH_CHECK(tensor(dw).dim() == 2, "weight of shape ", tensor(dw).sizes());
    if (transposed) product(tensor(dw), tensor(x), true, tensor(dy), false, nullptr, accumulate);
    else product(tensor(dw), tensor(dy), true, tensor(x), false, nullptr, accumulate);
  });
}

// y = alpha·a·b for every element of the leading dimensions; ta, tb: the operand is stored transposed.
RGM_API Message rgm_batch_matmul(TensorPtr y, TensorPtr a, TensorPtr b, bool ta, bool tb, double alpha) {
  return guarded([&] {
    const at::Tensor &left = tensor(a), &right = tensor(b), &c = tensor(y);
    check_same_dtype(left, right), check_same_dtype(left, c);
    TORCH_CHECK(left.dim() >= 2 && left.dim() == right.dim(), "shapes ", left.sizes(), " and ", right.sizes());
    const int64_t m = left.size(ta ? -1 : -2), k = left.size(ta ? -2 : -1), n = right.size(tb ? -2 : -1);
    TORCH_CHECK(right.size(tb ? -1 : -2) == k, "inner sizes ", k, " and ", right.size(tb ? -1 : -2));
    TORCH_CHECK(left.sizes().slice(0, left.dim() - 2) == right.sizes().slice(0, left.dim() - 2),
                "leading dimensions of ", left.sizes(), " and ", right.sizes());
    const int64_t batch = c.numel() / std::max<int64_t>(1, m * n);
    TORCH_CHECK(c.numel() == batch * m * n && left.numel() == batch * m * k, "result of shape ", c.sizes());
    if (c.numel() == 0) return;
    const char *a0 = static_cast<const char*>(in(left)), *b0 = static_cast<const char*>(in(right));
    char* c0 = static_cast<char*>(out(c));
    const int64_t size = left.element_size();
    const GemmArgs shape{
        dtype(left), dtype(c), nullptr, nullptr, nullptr, nullptr, n, k,
        ta ? 1 : k, ta ? m : 1, tb ? 1 : n, tb ? k : 1, n, alpha, false};
    const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, m * n * k / 4));
    at::parallel_for(0, batch, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        GemmArgs args = shape;
        args.a = a0 + i * m * k * size, args.b = b0 + i * k * n * size, args.c = c0 + i * m * n * size;
        kernels().gemm(args, 0, m);
      }
    });
  });
}

namespace {

// Shapes and strides of one attention problem; everything but q, k and v is contiguous. Segments may be null.
AttentionArgs attention_args(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, TensorPtr segments, bool causal, double scale) {
  TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && v.sizes() == k.sizes(), "shapes ", q.sizes(), ", ", k.sizes(), ", ", v.sizes());
  TORCH_CHECK(q.size(0) == k.size(0) && q.size(2) == k.size(2) && q.size(3) == k.size(3), "shapes ", q.sizes(), " and ", k.sizes());
  check_same_dtype(q, k), check_same_dtype(q, v);
  AttentionArgs args{};
  args.dtype = dtype(q);
  TORCH_CHECK(args.dtype != DType::BF16, "fused attention on a CPU is f32 or f64; bf16 is composed of smaller operations");
  args.queries = q.size(1), args.keys = k.size(1), args.heads = q.size(2), args.head_size = q.size(3);
  TORCH_CHECK(args.head_size <= MAX_HEAD_SIZE, "heads of size ", args.head_size, "; at most ", MAX_HEAD_SIZE);
  args.q = q.const_data_ptr(), args.k = k.const_data_ptr(), args.v = v.const_data_ptr();
  for (const at::Tensor* t : {&q, &k, &v}) TORCH_CHECK(t->stride(3) == 1 || t->size(3) == 1, "heads must be contiguous");
  for (int i = 0; i < 3; i++) args.q_stride[i] = q.stride(i), args.k_stride[i] = k.stride(i), args.v_stride[i] = v.stride(i);
  args.causal = causal, args.scale = scale;
  if (segments != nullptr) {
    TORCH_CHECK(args.queries == args.keys && tensor(segments).numel() == q.size(0) * args.queries, "segments of shape ",
                tensor(segments).sizes(), " for shapes ", q.sizes(), " and ", k.sizes());
    args.segments = in_i64(tensor(segments));
  }
  return args;
}

}  // namespace

// o and lse = log Σ exp(scale·q·k) of attention over [B, T, H, D].
RGM_API Message rgm_attention(
    TensorPtr o, TensorPtr lse, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr segments, bool causal, double scale) {
  return guarded([&] {
    AttentionArgs args = attention_args(tensor(q), tensor(k), tensor(v), segments, causal, scale);
    check_same_dtype(tensor(q), tensor(o)), check_same_dtype(tensor(q), tensor(lse));
    check_elements(tensor(q), tensor(o));
    const int64_t B = tensor(q).size(0);
    TORCH_CHECK(tensor(lse).numel() == B * args.queries * args.heads, "lse of shape ", tensor(lse).sizes());
    args.out = out(tensor(o)), args.lse_out = out(tensor(lse));
    const int64_t blocks = (args.queries + ATTENTION_BLOCK - 1) / ATTENTION_BLOCK;
    over(B * args.heads * blocks, ATTENTION_BLOCK * args.keys * args.head_size, kernels().attention, args);
  });
}

RGM_API Message rgm_attention_grad(
    TensorPtr dq, TensorPtr dk, TensorPtr dv, TensorPtr d_o, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr o, TensorPtr lse,
    TensorPtr segments, bool causal, double scale) {
  return guarded([&] {
    AttentionArgs args = attention_args(tensor(q), tensor(k), tensor(v), segments, causal, scale);
    for (TensorPtr same : {dq, d_o, o}) check_elements(tensor(q), tensor(same)), check_same_dtype(tensor(q), tensor(same));
    for (TensorPtr same : {dk, dv}) check_elements(tensor(k), tensor(same)), check_same_dtype(tensor(q), tensor(same));
    check_same_dtype(tensor(q), tensor(lse));
    const int64_t B = tensor(q).size(0);
    TORCH_CHECK(tensor(lse).numel() == B * args.queries * args.heads, "lse of shape ", tensor(lse).sizes());
    args.o = in(tensor(o)), args.d_o = in(tensor(d_o)), args.lse_in = in(tensor(lse));
    args.dq = out(tensor(dq)), args.dk = out(tensor(dk)), args.dv = out(tensor(dv));
    over(B * args.heads, args.queries * args.keys * args.head_size, kernels().attention_grad, args);
  });
}
