//! Matrix products, with bias, GELU and sums of columns.

use super::elementwise::{binary_into, unary_into};
use super::sums::add_column_sums;
use super::{Call, Lower, last, length, op};
use crate::cuda::{After, Product};
use regimen_base::Diagnostic;
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[
    op("batch_matmul", batch_matmul),
    op("linear", linear),
    op("linear_gelu", linear_gelu),
    op("linear_gelu_grad", linear_gelu_grad),
    op("linear_grad_weight", |cx| grad_weight(cx, cx.output(0)?, 0, false)),
    op("linear_grad_weight_accumulate", |cx| grad_weight(cx, cx.input(0)?, 1, true)),
    op("linear_grad_weight_bias_accumulate", |cx| {
        grad_weight(cx, cx.input(0)?, 2, true)?;
        add_column_sums(cx, cx.input(1)?, cx.input(2)?)
    }),
];

/// y = x·wᵀ, or x·w if the weight is stored transposed.
fn product<'a>(y: &'a Tensor, x: &'a Tensor, w: &'a Tensor, transposed: bool) -> Product<'a> {
    let (n, k) = (last(y), last(x));
    let size = [length(y) / n.max(1), n, k];
    let after = After::Nothing;
    Product {
        a: x,
        ta: false,
        b: w,
        tb: !transposed,
        c: y,
        size,
        batch: 1,
        alpha: 1.0,
        accumulate: false,
        after,
    }
}

fn run(cx: &Call, product: Product) -> Result<(), Diagnostic> {
    cx.done(product.run(cx.cuda()?))
}

/// With what follows in the product's own kernel if the library has one: whether it has.
fn attempt(cx: &Call, product: Product, after: After) -> Result<bool, Diagnostic> {
    cx.done(Product { after, ..product }.attempt(cx.cuda()?))
}

fn linear(cx: &mut Call) -> Result<(), Diagnostic> {
    let y = cx.output(0)?;
    let plain = product(y, cx.input(0)?, cx.input(1)?, cx.flag("transposed")?);
    let Some(bias) = cx.optional_input(2)? else { return run(cx, plain) };
    if attempt(cx, plain, After::Bias(bias))? {
        return Ok(());
    }
    run(cx, plain)?;
    binary_into(cx, "add", y, y, bias)
}

fn linear_gelu(cx: &mut Call) -> Result<(), Diagnostic> {
    let (pre, y, bias) = (cx.output(0)?, cx.output(1)?, cx.input(2)?);
    let (x, w, transposed) = (cx.input(0)?, cx.input(1)?, cx.flag("transposed")?);
    if attempt(cx, product(y, x, w, transposed), After::BiasGelu { bias, pre })? {
        return Ok(());
    }
    let plain = product(pre, x, w, transposed);
    if !attempt(cx, plain, After::Bias(bias))? {
        run(cx, plain)?;
        binary_into(cx, "add", pre, pre, bias)?;
    }
    unary_into(cx, "gelu", y, pre)
}

fn linear_gelu_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dpre, pre) = (cx.output(0)?, cx.input(2)?);
    let plain = product(dpre, cx.input(0)?, cx.input(1)?, cx.flag("transposed")?);
    if attempt(cx, plain, After::GeluGrad { pre })? {
        return Ok(());
    }
    run(cx, plain)?;
    binary_into(cx, "gelu_grad", dpre, dpre, pre)
}

/// dw (+)= dyᵀ·x, or xᵀ·dy if the weight is stored transposed; dy and x are operands `first` and the next.
fn grad_weight(cx: &Call, dw: &Tensor, first: usize, accumulate: bool) -> Result<(), Diagnostic> {
    let (dy, x) = (cx.input(first)?, cx.input(first + 1)?);
    let (a, b) = if cx.flag("transposed")? { (x, dy) } else { (dy, x) };
    let size = [last(a), last(b), length(a) / last(a).max(1)];
    let after = After::Nothing;
    run(cx, Product { a, ta: true, b, tb: false, c: dw, size, batch: 1, alpha: 1.0, accumulate, after })
}

fn batch_matmul(cx: &mut Call) -> Result<(), Diagnostic> {
    let (c, a, b) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    let (ta, tb, alpha) = (cx.flag("ta")?, cx.flag("tb")?, cx.float("alpha")?);
    let sizes = a.size();
    let [.., rows, columns] = sizes.as_slice() else { return Err(cx.malformed("needs matrices")) };
    let (m, k) = if ta { (*columns, *rows) } else { (*rows, *columns) };
    let batch = length(a) / (m * k).max(1);
    let size = [m, last(c), k];
    run(cx, Product { a, ta, b, tb, c, size, batch, alpha, accumulate: false, after: After::Nothing })
}
