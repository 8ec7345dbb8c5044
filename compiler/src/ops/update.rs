//! Optimizer updates of many weights at once, in place.
//!
//! AdamW as Loshchilov & Hutter (arXiv 1711.05101) and `torch.optim.AdamW`: decay decoupled, bias corrected.
//! The gradient is scaled by `min(1, clip / (norm + 1e-6))` first if `clip` is not zero.

use super::{Call, Operation, elementwise, flag, require};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (lr, step, norm, n × weight, n × gradient, n × first moment, n × second moment), and
/// n × copy in a smaller type if `copies`. With `zero`, the gradients are zero afterwards.
#[derive(Debug)]
pub struct AdamW;

/// Operands (lr, norm, n × weight, n × gradient), n × momentum buffer if `momentum` is not zero, and
/// n × copy if `copies`.
#[derive(Debug)]
pub struct Sgd;

fn number(attrs: &Attrs) -> usize {
    match attrs.get("n") {
        Some(Attr::Int(n)) => usize::try_from(*n).unwrap_or(0),
        _ => 0,
    }
}

/// Checks that the operands after the scalars are whole groups of `n` with equal shapes.
fn check_groups(call: &Call, scalars: usize, groups: usize) -> Result<Vec<TensorType>, String> {
    let n = number(call.attrs);
    let expected = scalars + groups * n;
    require(call.inputs.len() == expected, || {
        format!("an update of {n} weights takes {expected} operands, got {}", call.inputs.len())
    })?;
    for (index, tensor) in call.inputs.iter().enumerate().skip(scalars) {
        let weight = &call.inputs[scalars + (index - scalars) % n.max(1)];
        require(tensor.shape == weight.shape, || format!("{tensor} does not fit the weight {weight}"))?;
    }
    Ok(vec![])
}

fn check_placement(call: &Call, inputs: &[Placement], scalars: usize) -> Result<Vec<Placement>, String> {
    let n = number(call.attrs).max(1);
    for first in scalars..(scalars + n).min(inputs.len()) {
        let group: Vec<Placement> = inputs.iter().copied().skip(first).step_by(n).collect();
        elementwise(&group, false, 0)?;
    }
    Ok(vec![])
}

/// Every operand but scalars and gradients is written.
fn written(inputs: usize, scalars: usize, n: usize) -> Vec<usize> {
    (scalars..inputs).filter(|i| !(scalars + n..scalars + 2 * n).contains(i)).collect()
}

impl Operation for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        check_groups(call, 3, if call.flag("copies") { 5 } else { 4 })
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        check_placement(call, inputs, 3)
    }

    fn writes(&self, inputs: usize, attrs: &Attrs) -> Vec<usize> {
        if flag(attrs, "zero") { (3..inputs).collect() } else { written(inputs, 3, number(attrs)) }
    }
}

impl Operation for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        let momentum = !matches!(call.attrs.get("momentum"), Some(Attr::Float(m)) if *m == 0.0);
        check_groups(call, 2, 2 + usize::from(momentum) + usize::from(flag(call.attrs, "copies")))
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        check_placement(call, inputs, 2)
    }

    fn writes(&self, inputs: usize, attrs: &Attrs) -> Vec<usize> {
        written(inputs, 2, number(attrs))
    }
}
