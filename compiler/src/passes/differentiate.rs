//! Appends the backward pass: gradients of all values on the way to the loss, last operation first, and
//! their addition to the resident accumulators of the weights.

use crate::graph::{Graph, ShapeError, Source, Value};
use crate::ops::accumulate::accumulate;
use crate::ops::add::add;
use crate::ops::fill::fill;
use regimen_base::program::{ResidentId, Role};

/// Appends gradient operations for everything that `loss` (a scalar) depends on.
///
/// # Errors
/// If an operation on the way has no gradient.
pub fn differentiate(graph: &mut Graph, loss: Value) -> Result<(), ShapeError> {
    let accumulators = accumulators(graph);
    let forward = graph.nodes.len();
    let mut gradients: Vec<Option<Value>> = vec![None; graph.values.len()];
    gradients[loss.index()] = Some(fill(graph, "loss.grad", 1.0, graph.ty(loss).clone())?);
    for index in (0..forward).rev() {
        let node = graph.nodes[index].clone();
        let of_outputs: Vec<Option<Value>> = node.outputs.iter().map(|v| gradients[v.index()]).collect();
        let reached = of_outputs.iter().any(Option::is_some);
        let wanted = node.inputs.iter().any(|v| graph.value(*v).needs_gradient);
        if !reached || !wanted {
            continue;
        }
        let of_inputs = graph.gradient(&node, &of_outputs)?;
        for (input, gradient) in node.inputs.iter().zip(of_inputs) {
            let Some(gradient) = gradient else { continue };
            if !graph.value(*input).needs_gradient {
                continue;
            }
            match graph.value(*input).source {
                Source::Resident(id) => add_to_accumulator(graph, &accumulators, id, gradient)?,
                _ => {
                    let name = [&*graph.value(*input).name, ".grad"].concat();
                    let slot = gradients[input.index()];
                    gradients[input.index()] = Some(match slot {
                        None => gradient,
                        Some(other) => add(graph, &name, other, gradient)?,
                    });
                }
            }
        }
    }
    Ok(())
}

/// For every resident weight its accumulator.
fn accumulators(graph: &Graph) -> Vec<Option<ResidentId>> {
    let mut of = vec![None; graph.residents.len()];
    for (index, resident) in graph.residents.iter().enumerate() {
        if let (Role::Gradient, Some(weight)) = (resident.role, resident.of) {
            of[weight.index()] = Some(ResidentId(index as u32));
        }
    }
    of
}

fn add_to_accumulator(
    graph: &mut Graph,
    accumulators: &[Option<ResidentId>],
    weight: ResidentId,
    gradient: Value,
) -> Result<(), ShapeError> {
    let name = [&*graph.residents[weight.index()].name, ".grad"].concat();
    let Some(accumulator) = accumulators[weight.index()] else {
        let message = "a trained weight has no gradient accumulator".to_string();
        return Err(ShapeError { op: "accumulate", name, message });
    };
    let accumulator = graph.resident(accumulator);
    accumulate(graph, &name, accumulator, gradient)
}
