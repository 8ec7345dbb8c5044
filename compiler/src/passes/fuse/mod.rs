//! Replaces groups of operations by one that does the same with fewer passes over memory. Each pattern has its file, a name in
//! the language (`fuse = [norms, gelu]`), and an unfused equal that tests compare it with.
//!
//! A fused node takes over the values of the nodes that it replaces, so nothing else in the graph changes.

mod biases;
mod cross_entropy;
mod gelu;
mod norms;
mod packing;

use crate::graph::{Graph, Node, Source, Value};
use crate::ops::{Call, Operation};
use crate::schema::Word;
use regimen_base::program::{Attrs, Few, few};
use std::collections::BTreeSet;

/// A fusion.
#[derive(Clone, Copy)]
struct Fusion {
    /// Its name as written in `fuse`, and what it does.
    word: Word,
    patterns: &'static [Pattern],
}

/// Looks at one node, the last of a group, and says what may stand for the group.
type Pattern = fn(&Uses, usize) -> Option<Rewrite>;

const fn fusion(name: &'static str, patterns: &'static [Pattern], doc: &'static str) -> Fusion {
    Fusion { word: Word { name, doc }, patterns }
}

/// All fusions in the order in which they are tried: a group belongs to the first that finds it.
const ALL: [Fusion; 6] = [
    fusion(
        "cross_entropy",
        &[cross_entropy::with_gradient],
        "the loss and its gradient in one kernel that writes over the logits",
    ),
    fusion(
        "norms",
        &[norms::forward, norms::backward, norms::sum_of_gradient],
        "residual additions with the layer norms beside them, forward and backward, and sums of the gradient",
    ),
    fusion(
        "gelu",
        &[gelu::forward, gelu::backward],
        "a GELU with the product before it, forward and backward",
    ),
    fusion(
        "packing",
        &[packing::concat_and_sum],
        "the gradients of q, k and v packed while the bias's gradient is summed",
    ),
    fusion("biases", &[biases::with_weight], "a bias's gradient with the product for the weight's"),
    // The update is built so from the start (`stages`): there is nothing to search for.
    fusion(ZEROING, &[], "gradients set to zero by the update that reads them last"),
];

/// Name of the fusion of the update with setting gradients to zero.
pub const ZEROING: &str = "zeroing";

/// The names in the language.
pub static WORDS: [Word; ALL.len()] = {
    let mut words = [ALL[0].word; ALL.len()];
    let mut index = 1;
    while index < words.len() {
        words[index] = ALL[index].word;
        index += 1;
    }
    words
};

/// A set of fusions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fusions(u32);

impl Fusions {
    /// Nothing is fused.
    pub const NONE: Fusions = Fusions(0);
    /// Everything is fused.
    pub const ALL: Fusions = Fusions(u32::MAX);

    /// Those with these names.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Fusions {
        let bit = |name: &str| ALL.iter().position(|f| f.word.name == name).map_or(0, |index| 1 << index);
        Fusions(names.into_iter().fold(0, |set, name| set | bit(name)))
    }

    /// Whether the fusion with this name is among them.
    pub fn has(self, name: &str) -> bool {
        self.0 & Fusions::named([name]).0 != 0
    }
}

/// What stands for a group of nodes.
struct Rewrite {
    /// Where the new node goes: the place of one of the group.
    at: usize,
    op: &'static dyn Operation,
    attrs: Attrs,
    inputs: Few<Value>,
    outputs: Few<Value>,
    /// The whole group.
    group: Vec<usize>,
}

/// Applies the fusions that the device's traits name.
pub fn fuse(graph: &mut Graph) {
    let wanted = graph.device.fusions;
    let mut links = Links::default();
    links.follow(graph);
    for fusion in ALL.iter().filter(|fusion| wanted.has(fusion.word.name)) {
        for pattern in fusion.patterns {
            if apply(graph, &links, *pattern) {
                links.follow(graph);
            }
        }
    }
}

/// Rewrites what a pattern finds; whether there was anything.
fn apply(graph: &mut Graph, links: &Links, pattern: Pattern) -> bool {
    let uses = Uses { graph, links };
    let mut taken = BTreeSet::<usize>::new();
    let mut rewrites = vec![];
    for index in 0..graph.nodes.len() {
        let Some(rewrite) = pattern(&uses, index) else { continue };
        if rewrite.group.iter().any(|i| taken.contains(i)) || !uses.fits(&rewrite) {
            continue;
        }
        taken.extend(&rewrite.group);
        rewrites.push(rewrite);
    }
    if rewrites.is_empty() {
        return false;
    }
    let mut nodes: Vec<Option<Node>> = std::mem::take(&mut graph.nodes).into_iter().map(Some).collect();
    for rewrite in rewrites {
        let Rewrite { at, op, attrs, inputs, outputs, group } = rewrite;
        let name = group.iter().rev().find_map(|i| nodes[*i].take()).map(|n| (n.name, n.segment));
        group.iter().for_each(|i| nodes[*i] = None);
        if let Some((name, segment)) = name {
            nodes[at] = Some(Node { op, name, attrs, inputs, outputs, segment });
        }
    }
    graph.nodes = nodes.into_iter().flatten().collect();
    true
}

/// Who makes and who reads each value, by its index.
#[derive(Default)]
struct Links {
    maker: Vec<Option<usize>>,
    /// The reader if there is one, and how often it is read in all.
    readers: Vec<(Option<usize>, u32)>,
}

impl Links {
    /// Follows the graph as it is now. The same memory is used again: there are many patterns, and few find anything in most graphs.
    fn follow(&mut self, graph: &Graph) {
        let Links { maker, readers } = self;
        maker.clear();
        maker.resize(graph.values.len(), None);
        readers.clear();
        readers.resize(graph.values.len(), (None, 0));
        for (index, node) in graph.nodes.iter().enumerate() {
            for output in &node.outputs {
                maker[output.index()] = Some(index);
            }
            for input in &node.inputs {
                readers[input.index()] = (Some(index), readers[input.index()].1 + 1);
            }
        }
        for output in &graph.outputs {
            readers[output.index()].1 += 1;
        }
    }
}

/// A graph with its links.
struct Uses<'a> {
    graph: &'a Graph,
    links: &'a Links,
}

impl<'a> Uses<'a> {
    fn node(&self, index: usize) -> &'a Node {
        &self.graph.nodes[index]
    }

    /// The node if it is of this operation.
    fn is(&self, index: usize, op: &str) -> Option<&'a Node> {
        let node = self.graph.nodes.get(index)?;
        (node.op.name() == op).then_some(node)
    }

    /// The node that makes a value, if it is of this operation.
    fn made_by(&self, value: Value, op: &str) -> Option<(usize, &'a Node)> {
        let index = self.links.maker[value.index()]?;
        self.is(index, op).map(|node| (index, node))
    }

    /// The only reader of a value, if it is of this operation.
    fn only_reader(&self, value: Value, op: &str) -> Option<(usize, &'a Node)> {
        match self.links.readers[value.index()] {
            (Some(index), 1) => self.is(index, op).map(|node| (index, node)),
            _ => None,
        }
    }

    fn reads(&self, value: Value) -> u32 {
        self.links.readers[value.index()].1
    }

    fn is_resident(&self, value: Value) -> bool {
        matches!(self.graph.value(value).source, Source::Resident(_))
    }

    /// Whether only views stand between two nodes.
    fn adjacent(&self, first: usize, second: usize) -> bool {
        first < second && self.graph.nodes[first + 1..second].iter().all(|node| node.op.is_view())
    }

    /// Whether the fused operation accepts its operands, gives what the group gave, and has its operands in time.
    fn fits(&self, rewrite: &Rewrite) -> bool {
        let inputs = rewrite.inputs.iter().map(|v| self.graph.ty(*v)).collect();
        let call = Call { attrs: &rewrite.attrs, inputs, outputs: few![] };
        let in_time =
            rewrite.inputs.iter().all(|v| self.links.maker[v.index()].is_none_or(|made| made < rewrite.at));
        in_time
            && rewrite
                .op
                .infer(&call)
                .is_ok_and(|inferred| inferred.iter().eq(rewrite.outputs.iter().map(|v| self.graph.ty(*v))))
    }
}
