//! Rotary positions (Su et al., arXiv 2104.09864): dimension i of a head and dimension i + D/2 are turned together by an angle that grows
//! with the position, `position · frequencies[i]`. The angles' cosines and sines are a small table, made once a program, of the positions
//! from 0 on or of those that the host gives.

use super::{Backward, Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// No operands and result `[T, D]`, or operand positions `[B, T]` and result `[B, T, D]`; in f32 (f64 in f64): D/2 cosines, then D/2 sines,
/// times `factor`. Attributes: `length` is T where positions are not given, `frequencies` are D/2 angles between neighbouring positions.
#[derive(Debug)]
pub struct RotaryTable;

/// Operands (x `[B, T, H, D]`, table `[T, D]` or `[B, T, D]`); result x turned, or turned back if `inverse`.
#[derive(Debug)]
pub struct Rotary;

/// Appends the table for so many positions.
///
/// # Errors
/// If there is no frequency.
pub fn rotary_table(
    graph: &mut Graph,
    length: u64,
    frequencies: Vec<f64>,
    factor: f64,
) -> Result<Value, ShapeError> {
    let mut attrs = table_attrs(graph, frequencies, factor);
    attrs.insert("length".into(), Attr::Int(length as i64));
    graph.apply1(&RotaryTable, "rotary", attrs, &[])
}

/// Appends the table for positions `[B, T]`.
///
/// # Errors
/// If there is no frequency, or positions are no integers.
pub fn rotary_table_at(
    graph: &mut Graph,
    positions: Value,
    frequencies: Vec<f64>,
    factor: f64,
) -> Result<Value, ShapeError> {
    let attrs = table_attrs(graph, frequencies, factor);
    graph.apply1(&RotaryTable, "rotary", attrs, &[positions])
}

fn table_attrs(graph: &Graph, frequencies: Vec<f64>, factor: f64) -> Attrs {
    let dtype = if graph.precision == DType::F64 { DType::F64 } else { DType::F32 };
    attrs([
        ("frequencies", Attr::Floats(frequencies)),
        ("factor", Attr::Float(factor)),
        ("dtype", Attr::Text(dtype.name().to_owned())),
    ])
}

/// Appends x with its heads turned by their positions.
///
/// # Errors
/// If x and the table do not fit each other.
pub fn rotary(graph: &mut Graph, name: &str, x: Value, table: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Rotary, name, attrs([]), &[x, table])
}

impl Operation for RotaryTable {
    fn name(&self) -> &'static str {
        "rotary_table"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(0..=1)?;
        let n = call.floats("frequencies").len() as u64;
        let given = call.inputs.first();
        let mut shape = match given {
            Some(positions) => positions.shape.to_vec(),
            None => vec![u64::try_from(call.int("length", 0)).unwrap_or(0)],
        };
        let some =
            n > 0 && !shape.contains(&0) && given.is_none_or(|p| p.dtype == DType::I64 && p.rank() == 2);
        require(some, || format!("needs frequencies and positions, got {n} and {shape:?}"))?;
        shape.push(2 * n);
        Ok(vec![TensorType::new(call.dtype("dtype")?, shape)])
    }
}

impl Operation for Rotary {
    fn name(&self) -> &'static str {
        "rotary"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (x, table) = (call.input(0)?, call.input(1)?);
        let expected = if x.dtype == DType::F64 { DType::F64 } else { DType::F32 };
        let fits = x.rank() == 4
            && table.dtype == expected
            && (table.shape[..] == [x.shape[1], x.shape[3]]
                || table.shape[..] == [x.shape[0], x.shape[1], x.shape[3]]);
        require(fits && x.dtype.is_float(), || format!("{table} does not turn {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        match inputs[..] {
            [Placement::Shard(0 | 2), Placement::Replicate] => Ok(vec![inputs[0]]),
            _ => replicated_only(call, inputs, 1),
        }
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, table) = (cx.dy()?, cx.input(1));
        let back = attrs([("inverse", Attr::Bool(!super::flag(&cx.node.attrs, "inverse")))]);
        Ok(vec![Some(cx.apply1(&Rotary, back, &[dy, table], 0)?), None])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
