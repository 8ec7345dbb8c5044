//! Low-rank adaptation (Hu et al., arXiv 2106.09685): beside a frozen `y = x·wᵀ` runs `scale · x·Aᵀ·Bᵀ`, and
//! their sum takes the place of `y`.

use crate::graph::{Graph, Node, ShapeError, Value};
use crate::ops::add::add;
use crate::ops::linear::linear;
use crate::ops::scale::scale;
use std::collections::BTreeMap;

/// Which products are adapted, and how strongly.
#[derive(Clone, Debug)]
pub struct LowRank {
    /// Names of the `linear` nodes.
    pub on: Vec<String>,
    /// α / r, or α / √r where rank-stabilised.
    pub scale: f64,
}

/// Adds adapters; the graph's residents hold `<name>.lora_a` `[r, I]` and `<name>.lora_b` `[O, r]` for each product.
///
/// # Errors
/// If an adapter's weights are missing or do not fit.
pub fn adapt(graph: &mut Graph, what: &LowRank) -> Result<(), ShapeError> {
    let mut replaced: BTreeMap<Value, Value> = BTreeMap::new();
    for mut node in std::mem::take(&mut graph.nodes) {
        for input in &mut node.inputs {
            *input = replaced.get(input).copied().unwrap_or(*input);
        }
        mark(graph, &node);
        let adapted = node.op.name() == "linear" && what.on.iter().any(|name| **name == *node.name);
        graph.nodes.push(node.clone());
        if adapted {
            let sum = beside(graph, &node, what.scale)?;
            replaced.insert(node.outputs[0], sum);
        }
    }
    for output in &mut graph.outputs {
        *output = replaced.get(output).copied().unwrap_or(*output);
    }
    Ok(())
}

/// The value that a graph's values were replaced by is trained where the original was not.
fn mark(graph: &mut Graph, node: &Node) {
    let needs = node.inputs.iter().any(|v| graph.value(*v).needs_gradient);
    for output in &node.outputs {
        let info = &mut graph.values[output.index()];
        info.needs_gradient = needs && info.ty.dtype.is_float();
    }
}

fn beside(graph: &mut Graph, node: &Node, factor: f64) -> Result<Value, ShapeError> {
    let name = node.name.to_string();
    let a = graph.weight(&format!("{name}.lora_a"))?;
    let b = graph.weight(&format!("{name}.lora_b"))?;
    let low = linear(graph, &format!("{name}.lora_low"), node.inputs[0], a, None)?;
    let high = linear(graph, &format!("{name}.lora_high"), low, b, None)?;
    let scaled = scale(graph, &format!("{name}.lora"), high, factor)?;
    add(graph, &format!("{name}.adapted"), node.outputs[0], scaled)
}
