//! The hyperbolic tangent, in the heads of classifiers.

use super::activation::{Activation, ActivationGrad, Keeps};
use crate::graph::{Graph, ShapeError, Value, attrs};

/// `y = tanh(x)`
pub static TANH: Activation = Activation { name: "tanh", gradient: &GRADIENT };

/// `dx = dy · (1 − y²)`, operands (dy, y).
pub static GRADIENT: ActivationGrad = ActivationGrad { name: "tanh_grad", keeps: Keeps::Output };

/// Appends `tanh(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn tanh(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&TANH, name, attrs([]), &[x])
}
