//! Functions of every number alone: what all activations have in common.

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// `y = f(x)`, x of a floating type and any shape.
#[derive(Debug)]
pub struct Activation {
    /// Name of the operation.
    pub name: &'static str,
    /// Its gradient.
    pub gradient: &'static ActivationGrad,
}

/// `dx = dy · f'(x)`, operands (dy, x) or (dy, y).
#[derive(Debug)]
pub struct ActivationGrad {
    /// Name of the operation.
    pub name: &'static str,
    /// What of the forward pass it is computed from.
    pub keeps: Keeps,
}

/// What is kept for the backward pass.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Keeps {
    Input,
    Output,
}

impl Operation for Activation {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        require(x.dtype.is_float(), || format!("needs a floating type, got {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let kept = match self.gradient.keeps {
            Keeps::Input => cx.input(0),
            Keeps::Output => cx.output(0),
        };
        let dy = cx.dy()?;
        Ok(vec![Some(cx.apply1(self.gradient, attrs([]), &[dy, kept], 0)?)])
    }
}

impl Operation for ActivationGrad {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (dy, kept) = (call.input(0)?, call.input(1)?);
        let fits = dy.shape == kept.shape && dy.dtype == kept.dtype;
        require(fits, || format!("{dy} is no gradient of {kept}"))?;
        Ok(vec![TensorType::new(kept.dtype, &kept.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
