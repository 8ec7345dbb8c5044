// What encoders need beside the rest: constants, scores of relative positions, replaced tokens.

#include "shim.h"

using namespace rgm;

// y = values.
RGM_API Message rgm_constant(TensorPtr y, const int64_t* values, int64_t n) {
  return guarded([&] {
    const at::Tensor& t = tensor(y);
    TORCH_CHECK(t.scalar_type() == at::kLong && t.numel() == n, n, " numbers for ", t.scalar_type(), " of shape ", t.sizes());
    std::memcpy(out(t), values, t.nbytes());
  });
}

namespace {

// Sizes and rows, checked: no decreasing row and none outside the table.
RelativeArgs relative_args(const at::Tensor& content, const at::Tensor& rows, int64_t table) {
  TORCH_CHECK(content.dim() == 4 && content.size(2) == content.size(3), "scores of shape ", content.sizes());
  RelativeArgs args{};
  args.dtype = dtype(content);
  args.content = in(content);
  args.samples = content.size(0), args.heads = content.size(1), args.length = content.size(3), args.table = table;
  args.rows = in_i64(rows);
  TORCH_CHECK(rows.numel() == 2 * args.length - 1, rows.numel(), " rows for ", args.length, " positions");
  for (int64_t i = 0; i < rows.numel(); i++) {
    const int64_t before = i == 0 ? 0 : args.rows[i - 1];
    TORCH_CHECK(args.rows[i] >= before && args.rows[i] < table, "row ", args.rows[i], " at place ", i, " of a table of ", table);
  }
  return args;
}

void check_positions(const at::Tensor& part, const at::Tensor& content) {
  check_same_dtype(part, content);
  TORCH_CHECK(part.dim() == 4 && part.size(0) == content.size(1) && part.size(1) == content.size(0) && part.size(2) == content.size(2),
              "scores of positions of shape ", part.sizes(), " for ", content.sizes());
}

}  // namespace

// y[b, h, t, s] = content[b, h, t, s] + c2p[h, b, t, r] + p2c[h, b, s, r] with r = rows[t − s + T − 1].
RGM_API Message rgm_relative_scores(TensorPtr y, TensorPtr content, TensorPtr c2p, TensorPtr p2c, TensorPtr rows) {
  return guarded([&] {
    const at::Tensor &c = tensor(content), &query = tensor(c2p), &key = tensor(p2c);
    check_positions(query, c), check_positions(key, c), check_elements(query, key);
    check_elements(c, tensor(y)), check_same_dtype(c, tensor(y));
    RelativeArgs args = relative_args(c, tensor(rows), query.size(3));
    args.c2p = in(query), args.p2c = in(key), args.y = out(tensor(y));
    over(args.samples * args.heads * args.length, args.length * 4, kernels().relative_scores, args);
  });
}

RGM_API Message rgm_relative_scores_grad(TensorPtr dc2p, TensorPtr dp2c, TensorPtr dy, TensorPtr rows) {
  return guarded([&] {
    const at::Tensor &d = tensor(dy), &query = tensor(dc2p), &key = tensor(dp2c);
    check_positions(query, d), check_positions(key, d), check_elements(query, key);
    RelativeArgs args = relative_args(d, tensor(rows), query.size(3));
    args.dc2p = out(query), args.dp2c = out(key);
    over(args.samples * args.heads * args.length, args.length * 8, kernels().relative_scores_grad, args);
  });
}

// Tokens with those that have a label drawn from the logits, and whether each differs from its label.
RGM_API Message rgm_replace_tokens(
    TensorPtr replaced, TensorPtr targets, TensorPtr logits, TensorPtr tokens, TensorPtr labels, TensorPtr samples,
    TensorPtr step, int64_t key, int64_t site) {
  return guarded([&] {
    const at::Tensor &x = tensor(logits), &t = tensor(tokens);
    TORCH_CHECK(x.dim() == 3 && t.dim() == 2 && x.size(0) == t.size(0) && x.size(1) == t.size(1) && x.size(2) > 0,
                "logits of shape ", x.sizes(), " for tokens of shape ", t.sizes());
    for (TensorPtr same : {replaced, targets, labels}) check_elements(t, tensor(same)), check_same_dtype(t, tensor(same));
    TORCH_CHECK(tensor(samples).numel() == t.size(0), "one sample number per row of shape ", t.sizes());
    const ReplaceArgs args{
        dtype(x), in(x), in_i64(t), in_i64(tensor(labels)), in_i64(tensor(samples)), static_cast<int64_t*>(out(tensor(replaced))),
        static_cast<int64_t*>(out(tensor(targets))), t.size(1), x.size(2), *scalar_i64(tensor(step)), key, site};
    over(t.numel(), x.size(2) * 8, kernels().replace_tokens, args);
  });
}
