// Elementwise operations, look-ups and sums over rows: tensors in, kernels over ranges.

#include "shim.h"

using namespace rgm;

namespace {

void check_ids(const int64_t* ids, int64_t n, int64_t rows) {
  for (int64_t i = 0; i < n; i++) {
    TORCH_CHECK(ids[i] >= 0 && ids[i] < rows, "id ", ids[i], " at position ", i, " is outside 0..", rows);
  }
}

using ElementKernel = void (*)(const ElementArgs&, int64_t, int64_t);

void elementwise(ElementKernel kernel, int64_t cost, TensorPtr y, TensorPtr a, TensorPtr b, double factor) {
  ElementArgs args{};
  args.dtype = args.dtype_b = dtype(tensor(y));
  args.y = out(tensor(y));
  args.factor = factor;
  if (a != nullptr) {
    check_same_dtype(tensor(y), tensor(a));
    check_elements(tensor(y), tensor(a));
    args.a = in(tensor(a));
  }
  if (b != nullptr) {
    check_same_dtype(tensor(y), tensor(b));
    check_elements(tensor(y), tensor(b));
    args.b = in(tensor(b));
  }
  over(tensor(y).numel(), cost, kernel, args);
}

}  // namespace

// y = a + b; b has the shape of a, or of its last dimensions.
RGM_API Message rgm_add(TensorPtr y, TensorPtr a, TensorPtr b) {
  return guarded([&] {
    const int64_t tail = tensor(b).numel(), total = tensor(a).numel();
    TORCH_CHECK(tail > 0 ? total % tail == 0 : total == 0, "shapes ", tensor(a).sizes(), " and ", tensor(b).sizes());
    check_same_dtype(tensor(a), tensor(b));
    check_same_dtype(tensor(a), tensor(y));
    check_elements(tensor(a), tensor(y));
    if (total == 0) return;
    ElementArgs args{};
    args.dtype = dtype(tensor(a));
    // Equal shapes are cut into rows of one cache line.
    const bool same = tail == total;
    if (same) {
      args.y = out(tensor(y)), args.a = in(tensor(a)), args.b = in(tensor(b));
      const int64_t bytes = tensor(a).element_size();
      constexpr int64_t CHUNK = 4096;
      at::parallel_for(0, (total + CHUNK - 1) / CHUNK, 2, [&](int64_t begin, int64_t end) {
        ElementArgs part = args;
        const int64_t first = begin * CHUNK, last = std::min(total, end * CHUNK);
        part.tail = last - first;
        part.a = static_cast<const char*>(args.a) + first * bytes;
        part.b = static_cast<const char*>(args.b) + first * bytes;
        part.y = static_cast<char*>(args.y) + first * bytes;
        kernels().add(part, 0, 1);
      });
      return;
    }
    args.y = out(tensor(y)), args.a = in(tensor(a)), args.b = in(tensor(b));
    args.tail = tail;
    over(total / tail, tail, kernels().add, args);
  });
}

RGM_API Message rgm_multiply(TensorPtr y, TensorPtr a, TensorPtr b) {
  return guarded([&] { elementwise(kernels().multiply, 1, y, a, b, 0); });
}

RGM_API Message rgm_scale(TensorPtr y, TensorPtr a, double factor) {
  return guarded([&] { elementwise(kernels().scale, 1, y, a, nullptr, factor); });
}

RGM_API Message rgm_gelu(TensorPtr y, TensorPtr x) {
  return guarded([&] { elementwise(kernels().gelu, 4, y, x, nullptr, 0); });
}

RGM_API Message rgm_gelu_grad(TensorPtr dx, TensorPtr dy, TensorPtr x) {
  return guarded([&] { elementwise(kernels().gelu_grad, 4, dx, dy, x, 0); });
}

RGM_API Message rgm_gelu_erf(TensorPtr y, TensorPtr x) {
  return guarded([&] { elementwise(kernels().gelu_erf, 8, y, x, nullptr, 0); });
}

RGM_API Message rgm_gelu_erf_grad(TensorPtr dx, TensorPtr dy, TensorPtr x) {
  return guarded([&] { elementwise(kernels().gelu_erf_grad, 12, dx, dy, x, 0); });
}

RGM_API Message rgm_tanh(TensorPtr y, TensorPtr x) {
  return guarded([&] { elementwise(kernels().tanh, 8, y, x, nullptr, 0); });
}

RGM_API Message rgm_tanh_grad(TensorPtr dx, TensorPtr dy, TensorPtr y) {
  return guarded([&] { elementwise(kernels().tanh_grad, 4, dx, dy, y, 0); });
}

// y = value, for floating types; i64 and the others are only ever set to zero or small integers.
RGM_API Message rgm_fill(TensorPtr y, double value) {
  return guarded([&] {
    const at::Tensor& t = tensor(y);
    if (t.scalar_type() == at::kLong) {
      int64_t* data = static_cast<int64_t*>(out(t));
      for (int64_t i = 0; i < t.numel(); i++) data[i] = static_cast<int64_t>(value);
    } else if (value == 0) {
      std::memset(out(t), 0, t.nbytes());
    } else {
      elementwise(kernels().fill, 1, y, nullptr, nullptr, value);
    }
  });
}

// acc += x; acc may be f32 while x is bf16.
RGM_API Message rgm_accumulate(TensorPtr acc, TensorPtr x) {
  return guarded([&] {
    check_elements(tensor(acc), tensor(x));
    ElementArgs args{};
    args.dtype = dtype(tensor(acc));
    args.dtype_b = dtype(tensor(x));
    TORCH_CHECK(
        args.dtype == args.dtype_b || (args.dtype == DType::F32 && args.dtype_b == DType::BF16),
        "cannot accumulate ", tensor(x).scalar_type(), " into ", tensor(acc).scalar_type());
    args.y = out(tensor(acc));
    args.b = in(tensor(x));
    over(tensor(acc).numel(), 1, kernels().accumulate, args);
  });
}

// y[…, :] = weight[ids[…], :]
RGM_API Message rgm_embedding(TensorPtr y, TensorPtr weight, TensorPtr ids) {
  return guarded([&] {
    const at::Tensor& w = tensor(weight);
    TORCH_CHECK(w.dim() == 2, "expected a matrix, got shape ", w.sizes());
    check_same_dtype(w, tensor(y));
    const int64_t n = tensor(ids).numel(), columns = w.size(1);
    TORCH_CHECK(tensor(y).numel() == n * columns, "result of shape ", tensor(y).sizes());
    const GatherArgs args{in(w), in_i64(tensor(ids)), out(tensor(y)), columns * static_cast<int64_t>(w.element_size())};
    check_ids(args.ids, n, w.size(0));
    over(n, columns, kernels().gather, args);
  });
}

// acc[ids[…], :] += dy[…, :], in the order of the ids.
RGM_API Message rgm_embedding_grad_accumulate(TensorPtr acc, TensorPtr dy, TensorPtr ids) {
  return guarded([&] {
    const at::Tensor& to = tensor(acc);
    TORCH_CHECK(to.dim() == 2, "expected a matrix, got shape ", to.sizes());
    const int64_t n = tensor(ids).numel(), columns = to.size(1);
    TORCH_CHECK(tensor(dy).numel() == n * columns, "gradient of shape ", tensor(dy).sizes());
    const ScatterAddArgs args{dtype(tensor(dy)), dtype(to), out(to), in(tensor(dy)), in_i64(tensor(ids)), n, columns};
    TORCH_CHECK(
        args.dtype == args.acc_dtype || (args.acc_dtype == DType::F32 && args.dtype == DType::BF16),
        "cannot accumulate ", tensor(dy).scalar_type(), " into ", to.scalar_type());
    check_ids(args.ids, n, to.size(0));
    over_columns(columns, n, kernels().scatter_add, args);
  });
}

// y (+)= Σ over all leading dimensions of x.
RGM_API Message rgm_sum_leading(TensorPtr y, TensorPtr x, bool accumulate) {
  return guarded([&] {
    const int64_t columns = tensor(y).numel();
    TORCH_CHECK(columns > 0 && tensor(x).numel() % columns == 0, "shapes ", tensor(x).sizes(), " and ", tensor(y).sizes());
    const SumRowsArgs args{
        dtype(tensor(x)), dtype(tensor(y)), in(tensor(x)), out(tensor(y)), tensor(x).numel() / columns, columns, accumulate};
    TORCH_CHECK(
        args.dtype == args.acc_dtype || (args.acc_dtype == DType::F32 && args.dtype == DType::BF16),
        "cannot sum ", tensor(x).scalar_type(), " into ", tensor(y).scalar_type());
    over_columns(columns, args.rows, kernels().sum_rows, args);
  });
}

// y[b, :] = x[b, index[b], :]
RGM_API Message rgm_select_row(TensorPtr y, TensorPtr x, TensorPtr index) {
  return guarded([&] {
    const at::Tensor& from = tensor(x);
    TORCH_CHECK(from.dim() == 3, "expected [B, T, C], got shape ", from.sizes());
    check_same_dtype(from, tensor(y));
    const int64_t B = from.size(0), T = from.size(1), row = from.size(2) * static_cast<int64_t>(from.element_size());
    TORCH_CHECK(tensor(index).numel() == B && tensor(y).numel() == B * from.size(2), "one index and one row per sample");
    const int64_t* ids = in_i64(tensor(index));
    check_ids(ids, B, T);
    const char* data = static_cast<const char*>(in(from));
    char* to = static_cast<char*>(out(tensor(y)));
    for (int64_t b = 0; b < B; b++) std::memcpy(to + b * row, data + (b * T + ids[b]) * row, row);
  });
}
