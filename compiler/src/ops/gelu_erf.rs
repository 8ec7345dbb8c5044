//! GELU as it is defined, x·Φ(x) with the normal distribution's Φ, as BERT uses it (Hendrycks & Gimpel, arXiv 1606.08415).

use super::activation::{Activation, ActivationGrad, Keeps};
use crate::graph::{Graph, ShapeError, Value, attrs};

/// `y = gelu_erf(x)`
pub static GELU_ERF: Activation = Activation { name: "gelu_erf", gradient: &GRADIENT };

/// `dx = dy · gelu_erf'(x)`, operands (dy, x).
pub static GRADIENT: ActivationGrad = ActivationGrad { name: "gelu_erf_grad", keeps: Keeps::Input };

/// Appends `gelu_erf(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn gelu_erf(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&GELU_ERF, name, attrs([]), &[x])
}
