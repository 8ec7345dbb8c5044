//! Full recomputation (Chen et al., arXiv 1604.06174): what a block computed in the forward pass is not kept
//! for the backward pass but computed again, from the block's input, just before it is needed.
//!
//! The copies run the same operations on the same operands (dropout draws the same mask), so the numbers are
//! bitwise those of the plan without recomputation.

use crate::graph::{Graph, Node, Value, ValueInfo};
use std::collections::BTreeMap;

/// Recomputes every segment; `forward` is the number of nodes of the forward pass.
pub fn recompute(graph: &mut Graph, forward: usize) {
    let segments = Segments::new(graph, forward);
    let nodes = std::mem::take(&mut graph.nodes);
    let (before, backward) = nodes.split_at(forward.min(nodes.len()));
    let mut result: Vec<Node> = before.to_vec();
    let mut copies: BTreeMap<u32, BTreeMap<Value, Value>> = BTreeMap::new();
    for node in backward {
        let mut node = node.clone();
        for input in &mut node.inputs {
            let Some(segment) = segments.dropped(*input) else { continue };
            let map = copies.entry(segment).or_insert_with(|| {
                copy_segment(graph, &segments.needed_nodes(before, backward, segment), &segments, &mut result)
            });
            if let Some(copy) = map.get(input) {
                *input = *copy;
            }
        }
        result.push(node);
    }
    graph.nodes = result;
}

/// Which segment every value was computed in, and which values outlive their segment.
struct Segments {
    of: Vec<Option<u32>>,
    kept: Vec<bool>,
}

impl Segments {
    fn new(graph: &Graph, forward: usize) -> Segments {
        let mut of = vec![None; graph.values.len()];
        for node in graph.nodes.iter().take(forward) {
            for output in &node.outputs {
                of[output.index()] = node.segment;
            }
        }
        // What another segment of the forward pass reads is that segment's input, and stays.
        let mut kept = vec![false; graph.values.len()];
        for node in graph.nodes.iter().take(forward) {
            for input in &node.inputs {
                if of[input.index()].is_some() && of[input.index()] != node.segment {
                    kept[input.index()] = true;
                }
            }
        }
        Segments { of, kept }
    }

    /// The segment whose value this is, if the value is not kept.
    fn dropped(&self, value: Value) -> Option<u32> {
        let segment = self.of.get(value.index()).copied().flatten()?;
        (!self.kept[value.index()]).then_some(segment)
    }

    /// Forward nodes of a segment that the backward pass needs again, in order.
    fn needed_nodes(&self, forward: &[Node], backward: &[Node], segment: u32) -> Vec<Node> {
        let mut needed: std::collections::BTreeSet<Value> = backward
            .iter()
            .flat_map(|n| &n.inputs)
            .copied()
            .filter(|v| self.dropped(*v) == Some(segment))
            .collect();
        let mut nodes = vec![];
        for node in forward.iter().rev().filter(|n| n.segment == Some(segment)) {
            if node.outputs.iter().any(|v| needed.contains(v)) {
                needed.extend(node.inputs.iter().copied().filter(|v| self.dropped(*v) == Some(segment)));
                nodes.push(node.clone());
            }
        }
        nodes.reverse();
        nodes
    }
}

/// Appends copies of the nodes and returns which value each copy stands for.
fn copy_segment(
    graph: &mut Graph,
    nodes: &[Node],
    segments: &Segments,
    result: &mut Vec<Node>,
) -> BTreeMap<Value, Value> {
    let mut map: BTreeMap<Value, Value> = BTreeMap::new();
    for node in nodes {
        let mut copy = node.clone();
        copy.name = format!("{}.again", node.name).into();
        for input in &mut copy.inputs {
            if let Some(mapped) = map.get(input) {
                *input = *mapped;
            }
        }
        for output in &mut copy.outputs {
            let original = *output;
            let info = graph.value(original).clone();
            let again = graph.push_value(ValueInfo { name: format!("{}.again", info.name).into(), ..info });
            // A kept output exists already; its copy is computed only as a by-product and freed at once.
            if segments.dropped(original).is_some() {
                map.insert(original, again);
            }
            *output = again;
        }
        result.push(copy);
    }
    map
}
