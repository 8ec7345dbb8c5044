//! `linear, gelu` → `linear_gelu`; `linear` (of a gradient), `gelu_grad` → `linear_gelu_grad`.

use super::{Rewrite, Uses};
use crate::ops::linear_gelu::{LinearGelu, LinearGeluGrad};
use regimen_base::program::few;

pub(super) fn forward(uses: &Uses, index: usize) -> Option<Rewrite> {
    let gelu = uses.is(index, "gelu")?;
    let (at, linear) = uses.made_by(gelu.inputs[0], "linear")?;
    (uses.adjacent(at, index) && linear.inputs.len() == 3).then_some(())?;
    Some(Rewrite {
        at,
        op: &LinearGelu,
        attrs: linear.attrs.clone(),
        inputs: linear.inputs.clone(),
        outputs: few![linear.outputs[0], gelu.outputs[0]],
        group: vec![at, index],
    })
}

pub(super) fn backward(uses: &Uses, index: usize) -> Option<Rewrite> {
    let gelu = uses.is(index, "gelu_grad")?;
    let (dy, pre) = (gelu.inputs[0], gelu.inputs[1]);
    let (at, linear) = uses.made_by(dy, "linear")?;
    (uses.reads(dy) == 1 && linear.inputs.len() == 2).then_some(())?;
    Some(Rewrite {
        at: index,
        op: &LinearGeluGrad,
        attrs: linear.attrs.clone(),
        inputs: few![linear.inputs[0], linear.inputs[1], pre],
        outputs: gelu.outputs.clone(),
        group: vec![at, index],
    })
}
