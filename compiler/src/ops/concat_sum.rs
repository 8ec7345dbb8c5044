//! Parts put together along the last dimension, and the sums of the columns of the whole added to an accumulator, in one pass:
//! the gradient of a packed projection and of its bias.

use super::concat::Concat;
use super::{Call, Operation, last, replicated_only, require, scratch};
use crate::graph::Traits;
use regimen_base::program::{Attrs, few};
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (accumulator, parts…), attribute `dim`; result the whole.
#[derive(Debug)]
pub struct ConcatSumAccumulate;

impl Operation for ConcatSumAccumulate {
    fn name(&self) -> &'static str {
        "concat_sum_accumulate"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::column_sums(call.outputs[0], last(call.outputs[0]), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=9)?;
        let parts = Call { attrs: call.attrs, inputs: call.inputs[1..].into(), outputs: few![] };
        let whole = Concat.infer(&parts)?;
        let along_columns = call.int("dim", 0) + 1 == whole[0].rank() as i64;
        let accumulator = call.input(0)?;
        let fits = accumulator.shape[..] == [last(&whole[0])] && accumulator.dtype == DType::F32;
        require(fits && along_columns, || {
            format!("{accumulator} does not take column sums of {}", whole[0])
        })?;
        Ok(whole)
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, 1)
    }

    fn bytes(&self, call: &Call) -> u64 {
        let size = |t: &&TensorType| t.elements() * t.dtype.size();
        call.inputs.iter().chain(&call.outputs).map(size).sum()
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
