//! Initial values of weights, from the counter-based generator: element `i` of a weight is a function of
//! (seed, stage, weight, i), so sharding cannot change it.

use super::{Call, Operation, require};
use regimen_base::program::Attrs;
use regimen_base::tensor::{Placement, TensorType};

/// Fills its operand with normal numbers; attributes `mean`, `std`, `key`, `site`.
#[derive(Debug)]
pub struct InitNormal;

/// Fills its operand with the number `value`.
#[derive(Debug)]
pub struct InitFill;

fn one_float(call: &Call) -> Result<Vec<TensorType>, String> {
    call.operands(1..=1)?;
    let t = call.input(0)?;
    require(t.dtype.is_float(), || format!("needs a floating type, got {t}"))?;
    Ok(vec![])
}

fn written_bytes(call: &Call) -> u64 {
    call.inputs.iter().map(|t| t.elements() * t.dtype.size()).sum()
}

impl Operation for InitNormal {
    fn name(&self) -> &'static str {
        "init_normal"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        one_float(call)
    }

    fn bytes(&self, call: &Call) -> u64 {
        written_bytes(call)
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}

impl Operation for InitFill {
    fn name(&self) -> &'static str {
        "init_fill"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        one_float(call)
    }

    fn shard(&self, _call: &Call, _inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![])
    }

    fn bytes(&self, call: &Call) -> u64 {
        written_bytes(call)
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
