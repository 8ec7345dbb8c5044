//! Removes operations whose results nobody needs: gradients of what is not trained, unused views.

use crate::graph::Graph;

/// Removes every node without effect.
pub fn prune(graph: &mut Graph) {
    let mut needed = vec![false; graph.values.len()];
    for output in &graph.outputs {
        needed[output.index()] = true;
    }
    let mut keep = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let writes = !node.op.writes(node.inputs.len(), &node.attrs).is_empty();
        if writes || node.outputs.iter().any(|v| needed[v.index()]) {
            keep[index] = true;
            for input in &node.inputs {
                needed[input.index()] = true;
            }
        }
    }
    let mut keep = keep.into_iter();
    graph.nodes.retain(|_| keep.next().unwrap_or(true));
}
