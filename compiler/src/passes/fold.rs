//! Lets an operation write into an accumulator directly where it can: `acc += dyᵀ·x` as one product instead
//! of a temporary gradient and an addition.

use crate::graph::{Graph, Node, Value};
use crate::ops::{Call, Operation};
use regimen_base::program::{Few, few};

/// Folds every `accumulate` into the operation just before it, if that has an accumulating form for these types
/// and nobody else reads its result.
pub fn fold(graph: &mut Graph) {
    let mut uses = vec![0u32; graph.values.len()];
    for value in graph.nodes.iter().flat_map(|n| &n.inputs).chain(&graph.outputs) {
        uses[value.index()] += 1;
    }
    let mut producer: Vec<Option<usize>> = vec![None; graph.values.len()];
    let mut kept: Vec<Node> = Vec::with_capacity(graph.nodes.len());
    for node in std::mem::take(&mut graph.nodes) {
        let folded = (node.op.name() == "accumulate")
            .then(|| producer[node.inputs[1].index()])
            .flatten()
            .filter(|_| uses[node.inputs[1].index()] == 1)
            .and_then(|index| accumulating(graph, &kept[index], &node).map(|n| (index, n)));
        match folded {
            // Earlier is right: what the product reads is there, and it frees its operands sooner.
            Some((index, node)) => kept[index] = node,
            None => {
                for output in &node.outputs {
                    producer[output.index()] = Some(kept.len());
                }
                kept.push(node);
            }
        }
    }
    graph.nodes = kept;
}

/// The producing node with the accumulator as its first operand, if its types allow that.
fn accumulating(graph: &Graph, producer: &Node, accumulate: &Node) -> Option<Node> {
    let op: &'static dyn Operation = producer.op.accumulating()?;
    if producer.outputs.len() != 1 {
        return None;
    }
    let mut inputs: Few<Value> = few![accumulate.inputs[0]];
    inputs.extend_from_slice(&producer.inputs);
    let types = inputs.iter().map(|v| graph.ty(*v)).collect();
    let call = Call { attrs: &producer.attrs, inputs: types, outputs: few![] };
    op.infer(&call).ok()?;
    Some(Node { op, inputs, outputs: few![], name: accumulate.name.clone(), ..producer.clone() })
}
