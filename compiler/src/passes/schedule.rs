//! Lifetimes: after which instruction each value is dropped, and which results are written over an operand
//! that nobody needs any more.
//!
//! The order of the nodes is the order of execution. A storage is shared by a value, its views, and results
//! written over it; it is freed with the last of them.

use crate::graph::{Graph, Node, Source, Value};
use regimen_base::program::{Few, FewPairs};

/// What [`schedule`] decides.
#[derive(Clone, Debug)]
pub struct Lifetimes {
    /// For each node: values whose last use it is.
    pub frees: Vec<Few<Value>>,
    /// For each node: pairs (output, input) where the output is written over the input.
    pub in_place: Vec<FewPairs>,
    /// For each value: the value that owns its storage.
    pub owner: Vec<Value>,
}

/// Fixes lifetimes for the graph's order.
pub fn schedule(graph: &Graph) -> Lifetimes {
    let last_use = last_uses(graph);
    let mut storages = Storages::new(graph, &last_use);
    let mut in_place = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        in_place.push(storages.overwrite(graph, index, node));
    }
    let mut frees = vec![Few::new(); graph.nodes.len()];
    for (index, info) in graph.values.iter().enumerate() {
        let value = Value(index as u32);
        let resident = matches!(info.source, Source::Resident(_));
        if let (Some(last), false) = (last_use[index], resident || graph.outputs.contains(&value)) {
            frees[last].push(value);
        }
    }
    let owner = (0..graph.values.len()).map(|i| Value(storages.find(i) as u32)).collect();
    Lifetimes { frees, in_place, owner }
}

/// The last node that reads or makes each value; `None` for values without any.
fn last_uses(graph: &Graph) -> Vec<Option<usize>> {
    let mut last = vec![None; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for value in node.inputs.iter().chain(&node.outputs) {
            last[value.index()] = Some(index);
        }
    }
    last
}

/// Which values share a storage, and when each storage is used last.
struct Storages {
    parent: Vec<usize>,
    /// Last use of the storage; `usize::MAX` for what outlives the program.
    last: Vec<usize>,
    /// Whether the value covers its storage in order: not a slice, not transposed.
    whole: Vec<bool>,
}

impl Storages {
    fn new(graph: &Graph, last_use: &[Option<usize>]) -> Storages {
        let count = graph.values.len();
        let mut this =
            Storages { parent: (0..count).collect(), last: vec![0; count], whole: vec![true; count] };
        for (index, info) in graph.values.iter().enumerate() {
            let outlives = matches!(info.source, Source::Resident(_));
            this.last[index] = if outlives { usize::MAX } else { last_use[index].unwrap_or(0) };
        }
        for output in &graph.outputs {
            this.last[output.index()] = usize::MAX;
        }
        for node in graph.nodes.iter().filter(|n| n.op.is_view()) {
            let Some(base) = node.inputs.first().map(|v| v.index()) else { continue };
            let whole = this.whole[base] && node.op.name() == "reshape";
            for output in &node.outputs {
                this.share(output.index(), base);
                this.whole[output.index()] = whole;
            }
        }
        this
    }

    fn find(&self, mut index: usize) -> usize {
        while self.parent[index] != index {
            index = self.parent[index];
        }
        index
    }

    /// From now on `value` lives in the storage of `base`.
    fn share(&mut self, value: usize, base: usize) {
        let (value, base) = (self.find(value), self.find(base));
        if value != base {
            self.parent[value] = base;
            self.last[base] = self.last[base].max(self.last[value]);
        }
    }

    /// Decides which results of a node are written over operands.
    fn overwrite(&mut self, graph: &Graph, index: usize, node: &Node) -> FewPairs {
        let mut chosen = FewPairs::new();
        for (output, input) in node.op.may_overwrite() {
            if self.may_overwrite(graph, index, node, *output, *input) {
                self.share(node.outputs[*output].index(), node.inputs[*input].index());
                chosen.push((*output as u32, *input as u32));
            }
        }
        chosen
    }

    fn may_overwrite(&self, graph: &Graph, index: usize, node: &Node, output: usize, input: usize) -> bool {
        let (result, operand) = (node.outputs[output], node.inputs[input]);
        let storage = self.find(operand.index());
        let dead_after = self.last[storage] == index;
        let computed = graph.values[storage].source == Source::Node;
        let same_type = graph.ty(result).dtype == graph.ty(operand).dtype
            && graph.ty(result).shape == graph.ty(operand).shape;
        let alone = node.inputs.iter().filter(|v| self.find(v.index()) == storage).count() == 1;
        dead_after && computed && same_type && alone && self.whole[operand.index()]
    }
}
