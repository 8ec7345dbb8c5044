//! Disentangled attention (He et al., arXiv 2006.03654): to the scores of contents those of relative positions are added, of contents
//! with positions and of positions with contents.
//!
//! Axes beside the usual: `R` rows of the table of relative positions.

use super::{Backward, Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (content `[B, H, T, T]`, c2p `[H, B, T, R]`, p2c `[H, B, T, R]`, rows `[2·T − 1]`); result
/// `y[b, h, t, s] = content[b, h, t, s] + c2p[h, b, t, r] + p2c[h, b, s, r]` with `r = rows[t − s + T − 1]`. The rows do not decrease.
#[derive(Debug)]
pub struct RelativeScores;

/// Operands (dy, rows), attribute `table` R; results (dc2p, dp2c). The gradient of content is dy itself.
#[derive(Debug)]
pub struct RelativeScoresGrad;

/// Appends the sum of the three kinds of scores.
///
/// # Errors
/// If the shapes do not fit.
pub fn relative_scores(
    graph: &mut Graph,
    name: &str,
    content: Value,
    (c2p, p2c): (Value, Value),
    rows: Value,
) -> Result<Value, ShapeError> {
    graph.apply1(&RelativeScores, name, attrs([]), &[content, c2p, p2c, rows])
}

/// Whether content and rows belong together.
fn check(content: &TensorType, rows: &TensorType) -> Result<(), String> {
    let fits = content.rank() == 4
        && content.shape[2] == content.shape[3]
        && rows.dtype == DType::I64
        && rows.shape[..] == [(2 * content.shape[3]).saturating_sub(1)];
    require(fits, || format!("scores [B, H, T, T] need 2·T − 1 rows, got {content} and {rows}"))
}

impl Operation for RelativeScores {
    fn name(&self) -> &'static str {
        "relative_scores"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(4..=4)?;
        let (content, c2p, p2c) = (call.input(0)?, call.input(1)?, call.input(2)?);
        check(content, call.input(3)?)?;
        let [b, h, t] = [0, 1, 2].map(|i| content.shape[i]);
        let fits = c2p == p2c && c2p.rank() == 4 && c2p.shape[..3] == [h, b, t] && c2p.dtype == content.dtype;
        require(fits, || format!("scores of positions {c2p} and {p2c} do not fit {content}"))?;
        Ok(vec![TensorType::new(content.dtype, &content.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, rows) = (cx.dy()?, cx.input(3));
        let table = cx.graph.size_from_end(cx.input(1), 0);
        let name = format!("{}.positions.grad", cx.node.name);
        let attrs = attrs([("table", regimen_base::program::Attr::Int(table as i64))]);
        let parts = cx.graph.apply(&RelativeScoresGrad, &name, attrs, &[dy, rows])?;
        Ok(vec![Some(dy), cx.wants(1).then_some(parts[0]), cx.wants(2).then_some(parts[1]), None])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}

impl Operation for RelativeScoresGrad {
    fn name(&self) -> &'static str {
        "relative_scores_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let dy = call.input(0)?;
        check(dy, call.input(1)?)?;
        let [b, h, t] = [0, 1, 2].map(|i| dy.shape[i]);
        let part = TensorType::new(dy.dtype, [h, b, t, call.int("table", 0).max(0) as u64]);
        Ok(vec![part.clone(), part])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, 2)
    }
}
