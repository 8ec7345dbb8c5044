//! GELU in its tanh approximation, as GPT-2 uses it (Hendrycks & Gimpel, arXiv 1606.08415).

use super::activation::{Activation, ActivationGrad, Keeps};
use crate::graph::{Graph, ShapeError, Value, attrs};

/// `y = gelu(x)`
pub static GELU: Activation = Activation { name: "gelu", gradient: &GRADIENT };

/// `dx = dy · gelu'(x)`, operands (dy, x).
pub static GRADIENT: ActivationGrad = ActivationGrad { name: "gelu_grad", keeps: Keeps::Input };

/// Appends `gelu(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn gelu(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&GELU, name, attrs([]), &[x])
}
