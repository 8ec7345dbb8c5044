//! `cross_entropy, fill 1, cross_entropy_grad` → `cross_entropy_fused`.

use super::{Rewrite, Uses};
use crate::graph::attrs;
use crate::ops::cross_entropy_fused::CrossEntropyFused;
use regimen_base::program::{Attr, few};

pub(super) fn with_gradient(uses: &Uses, index: usize) -> Option<Rewrite> {
    let grad = uses.is(index, "cross_entropy_grad")?;
    let [dloss, logits, labels, divisor, lse] = grad.inputs[..] else { return None };
    let (_, one) = uses.made_by(dloss, "fill")?;
    let (at, forward) = uses.made_by(lse, "cross_entropy")?;
    // The logits are gone afterwards: nobody else may want them.
    let alone =
        uses.reads(logits) == 2 && uses.reads(lse) == 1 && forward.inputs[..] == [logits, labels, divisor];
    (alone && one.attrs.get("value") == Some(&Attr::Float(1.0))).then_some(())?;
    Some(Rewrite {
        at,
        op: &CrossEntropyFused,
        attrs: attrs([]),
        inputs: few![logits, labels, divisor],
        outputs: few![forward.outputs[0], grad.outputs[0]],
        group: vec![at, index],
    })
}
