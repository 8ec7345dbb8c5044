//! What architectures share: ranges of fields, lists of weights, a layer by the name of its weights.

use super::{Init, WeightSpec};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops;
use crate::quantity::Dimension;
use crate::schema::{Bound, Field, Number, Ty};

/// A size up to this one. The upper ends keep every product of sizes far inside 64 bits.
pub const fn size(max: u64) -> Ty {
    Ty::Number(Number::count(&[Dimension::NONE], 1).up_to(Bound::At(max)))
}

/// Tokens that a model can see.
pub const CONTEXT: Ty = Ty::Number(Number::count(&[Dimension::TOKENS], 1).up_to(Bound::At(100_000_000)));

/// A probability of dropping, below one: at one nothing would be left.
pub const DROPOUT: Ty = Ty::Number(Number::plain().up_to(Bound::Beyond(1)));

/// What norms add before they divide.
pub const NORM_EPS: Ty = Ty::Number(Number::plain().from(Bound::Beyond(0)));

/// Where weights come from.
pub const WEIGHTS: Field = Field::optional(
    "weights",
    Ty::Path,
    "A folder in Hugging Face's layout to start from; its sizes must be those declared here.",
);

/// Appends a linear layer with the weights of this name.
///
/// # Errors
/// If they do not fit `x`.
pub fn linear(g: &mut Graph, name: &str, weights: &str, bias: bool, x: Value) -> Result<Value, ShapeError> {
    let w = g.weight(&[weights, ".weight"].concat())?;
    let b = if bias { Some(g.weight(&[weights, ".bias"].concat())?) } else { None };
    ops::linear::linear(g, name, x, w, b)
}

/// Appends a layer norm with the weights of this name.
///
/// # Errors
/// If they do not fit `x`.
pub fn norm(
    g: &mut Graph,
    name: &str,
    weights: &str,
    bias: bool,
    x: Value,
    eps: f64,
) -> Result<Value, ShapeError> {
    let gain = g.weight(&[weights, ".weight"].concat())?;
    let bias = if bias { Some(g.weight(&[weights, ".bias"].concat())?) } else { None };
    ops::layer_norm::layer_norm(g, name, x, gain, bias, eps)
}

/// `rows` rows of a table, from `first` on; the table itself if that is all of it.
///
/// # Errors
/// If it has fewer.
pub fn table_rows(
    g: &mut Graph,
    name: &str,
    table: Value,
    first: u64,
    rows: u64,
) -> Result<Value, ShapeError> {
    let left = g.size_from_end(table, 1).saturating_sub(first + rows);
    if first == 0 && left == 0 {
        return Ok(table);
    }
    let sizes: Vec<u64> = [first, rows, left].into_iter().filter(|n| *n > 0).collect();
    let parts = ops::split::split(g, name, table, 0, &sizes)?;
    Ok(parts[usize::from(first > 0)])
}

/// What a table of positions adds to samples of `length` tokens: its rows from `first` on `[T, C]`, or, where positions `[B, T]` are given,
/// those of the positions `[B, T, C]`.
///
/// # Errors
/// If the table has fewer rows.
pub fn positions(
    g: &mut Graph,
    table: Value,
    first: u64,
    length: u64,
    given: Option<Value>,
) -> Result<Value, ShapeError> {
    let Some(given) = given else { return table_rows(g, "positions", table, first, length) };
    let rows = g.size_from_end(table, 1).saturating_sub(first);
    let table = table_rows(g, "position_table", table, first, rows)?;
    ops::embedding::embedding(g, "positions", table, given)
}

/// Collects weights in order.
#[derive(Debug)]
pub struct WeightList {
    /// Whether linear layers and norms have biases.
    bias: bool,
    /// So far.
    pub weights: Vec<WeightSpec>,
}

impl WeightList {
    /// None yet.
    pub fn new(bias: bool) -> WeightList {
        WeightList { bias, weights: vec![] }
    }

    fn push(&mut self, name: String, shape: Vec<u64>, init: Init, decay: bool) {
        self.weights.push(WeightSpec { name, shape, init, decay });
    }

    /// `name.weight`, from a normal distribution.
    pub fn matrix(&mut self, name: &str, shape: [u64; 2], std: f64) {
        self.push([name, ".weight"].concat(), shape.to_vec(), Init::Normal(std), true);
    }

    /// `name.weight` `[out, in]` and, with biases, `name.bias`.
    pub fn linear(&mut self, name: &str, shape: [u64; 2], std: f64) {
        self.matrix(name, shape, std);
        if self.bias {
            self.bias(name, shape[0]);
        }
    }

    /// `name.weight`, a matrix of zeros.
    pub fn zeros(&mut self, name: &str, shape: [u64; 2]) {
        self.push([name, ".weight"].concat(), shape.to_vec(), Init::Constant(0.0), true);
    }

    /// `name.weight` of a convolution `[out, in, width]`.
    pub fn kernel(&mut self, name: &str, shape: [u64; 3], std: f64) {
        self.push([name, ".weight"].concat(), shape.to_vec(), Init::Normal(std), true);
    }

    /// `name.bias` of zeros, which no option leaves out.
    pub fn bias(&mut self, name: &str, size: u64) {
        self.push([name, ".bias"].concat(), vec![size], Init::Constant(0.0), false);
    }

    /// `name.weight` of ones and, with biases, `name.bias`.
    pub fn norm(&mut self, name: &str, size: u64) {
        self.push([name, ".weight"].concat(), vec![size], Init::Constant(1.0), false);
        if self.bias {
            self.bias(name, size);
        }
    }
}
