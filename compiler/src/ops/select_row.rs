//! One position of every sample: the last token before the head when generating.

use super::{Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{DType, TensorType};

/// `y[b] = x[b, index[b]]`, operands (x `[B, T, C]`, index `[B]`).
#[derive(Debug)]
pub struct SelectRow;

/// Appends the selection of one position a sample.
///
/// # Errors
/// If `index` is not one integer a sample.
pub fn select_row(graph: &mut Graph, name: &str, x: Value, index: Value) -> Result<Value, ShapeError> {
    graph.apply1(&SelectRow, name, attrs([]), &[x, index])
}

impl Operation for SelectRow {
    fn name(&self) -> &'static str {
        "select_row"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (x, index) = (call.input(0)?, call.input(1)?);
        let fits = x.rank() == 3 && index.shape[..] == [x.shape[0]] && index.dtype == DType::I64;
        require(fits, || format!("cannot select {index} from {x}"))?;
        Ok(vec![TensorType::new(x.dtype, [x.shape[0], x.shape[2]])])
    }

    fn bytes(&self, call: &Call) -> u64 {
        2 * call.outputs[0].elements() * call.outputs[0].dtype.size()
    }
}
