//! `add, layer_norm` → `residual_layer_norm`; `layer_norm_grad` with the additions to the accumulators of gain and bias and to
//! the residual's gradient → `residual_layer_norm_grad_accumulate`, which then also sums the columns of its result where those are
//! the gradient of a bias.

use super::{Rewrite, Uses};
use crate::graph::attrs;
use crate::ops::layer_norm::same_kind;
use crate::ops::residual_layer_norm::{ResidualLayerNorm, ResidualLayerNormGradAccumulate};
use regimen_base::program::{Attr, Few, few};

pub(super) fn forward(uses: &Uses, index: usize) -> Option<Rewrite> {
    let norm = uses.is(index, "layer_norm")?;
    let (at, sum) = uses.made_by(norm.inputs[0], "add")?;
    (uses.adjacent(at, index) && norm.inputs[1..].iter().all(|v| uses.is_resident(*v))).then_some(())?;
    Some(Rewrite {
        at,
        op: &ResidualLayerNorm,
        attrs: norm.attrs.clone(),
        inputs: [&sum.inputs, &norm.inputs[1..]].concat().into(),
        outputs: [&sum.outputs, &norm.outputs[..]].concat().into(),
        group: vec![at, index],
    })
}

pub(super) fn backward(uses: &Uses, index: usize) -> Option<Rewrite> {
    let grad = uses.is(index, "layer_norm_grad")?;
    let mut group = vec![index];
    let mut inputs = Few::new();
    for parameter in &grad.outputs[1..] {
        let (at, accumulate) = uses.only_reader(*parameter, "accumulate")?;
        inputs.push(accumulate.inputs[0]);
        group.push(at);
    }
    let bias = inputs.len() > 1;
    inputs.extend_from_slice(&grad.inputs[..5]);
    let dx = grad.outputs[0];
    // The residual's gradient is added to it if that was there before.
    let added = uses.only_reader(dx, "add").and_then(|(at, add)| {
        let other = *add.inputs.iter().find(|v| **v != dx)?;
        uses.links.maker[other.index()].is_some_and(|made| made < index).then_some((
            at,
            add.outputs[0],
            other,
        ))
    });
    let output = match added {
        Some((at, sum, other)) => {
            inputs.push(other);
            group.push(at);
            sum
        }
        None => dx,
    };
    let mut attrs = attrs([
        ("bias", Attr::Bool(bias)),
        ("residual", Attr::Bool(added.is_some())),
        ("sum", Attr::Bool(false)),
    ]);
    attrs.extend(same_kind(&grad.attrs));
    Some(Rewrite {
        at: index,
        op: &ResidualLayerNormGradAccumulate,
        attrs,
        inputs,
        outputs: few![output],
        group,
    })
}

pub(super) fn sum_of_gradient(uses: &Uses, index: usize) -> Option<Rewrite> {
    let sum = uses.is(index, "sum_leading_accumulate")?;
    let (at, grad) = uses.made_by(sum.inputs[1], "residual_layer_norm_grad_accumulate")?;
    let mut attrs = grad.attrs.clone();
    if attrs.insert("sum".into(), Attr::Bool(true)) == Some(Attr::Bool(true)) {
        return None;
    }
    let own = 1 + usize::from(attrs.get("bias") == Some(&Attr::Bool(true)));
    let mut inputs = grad.inputs.clone();
    inputs.insert(own, sum.inputs[0]);
    Some(Rewrite {
        at,
        op: &ResidualLayerNormGradAccumulate,
        attrs,
        inputs,
        outputs: grad.outputs.clone(),
        // The last gives the name: that of the gradient.
        group: vec![index, at],
    })
}
