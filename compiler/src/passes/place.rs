//! Turns a scheduled graph into a [`Program`]: storages, bytes alive at every instant, the peak, and what each
//! instruction costs.

use super::schedule::Lifetimes;
use crate::graph::{Graph, Node, Source, Value};
use crate::ops::Call;
use regimen_base::program::{Few, FewPairs, Input, Instruction, Program, Role, Storage, Tensor, TensorId};
use regimen_base::tensor::TensorType;

/// Builds the program. Nodes become instructions in place: a plan has tens of thousands of them.
pub fn place(mut graph: Graph, lifetimes: Lifetimes, name: &str) -> Program {
    let Lifetimes { frees, in_place, owner } = lifetimes;
    let ids = number_values(&graph);
    let tensors = tensors(&graph, &owner, &ids);
    let local = local_types(&graph);
    let mut memory = Memory::new(&graph, &owner, &ids);
    let start_bytes = memory.live;
    let nodes = std::mem::take(&mut graph.nodes).into_iter().zip(in_place).zip(frees);
    let instructions: Vec<Instruction> = nodes
        .map(|((node, in_place), frees)| {
            instruction(&graph, &local, &ids, &mut memory, node, in_place, frees)
        })
        .collect();
    let (peak_at, peak_bytes) = peak(&instructions, start_bytes);
    Program {
        name: name.to_string(),
        inputs: inputs(&graph, &ids),
        outputs: graph.outputs.iter().filter_map(|v| ids[v.index()]).collect(),
        start_bytes,
        peak_bytes,
        peak_at,
        flops: instructions.iter().map(|i| i.flops).sum(),
        bytes: instructions.iter().map(|i| i.bytes).sum(),
        tensors,
        instructions,
    }
}

/// Ids in order of first use; values that no node mentions have none.
fn number_values(graph: &Graph) -> Vec<Option<TensorId>> {
    let mut ids = vec![None; graph.values.len()];
    let mut next = 0;
    for value in graph.nodes.iter().flat_map(|n| n.inputs.iter().chain(&n.outputs)) {
        let id = &mut ids[value.index()];
        if id.is_none() {
            *id = Some(TensorId(next));
            next += 1;
        }
    }
    ids
}

fn tensors(graph: &Graph, owners: &[Value], ids: &[Option<TensorId>]) -> Vec<Tensor> {
    let mut numbered: Vec<(TensorId, usize)> =
        ids.iter().enumerate().filter_map(|(index, id)| id.map(|id| (id, index))).collect();
    numbered.sort_unstable();
    let tensor = |(_, index): (TensorId, usize)| {
        let info = &graph.values[index];
        let owner = owners[index].index();
        let storage = match (&info.source, ids[owner]) {
            (Source::Resident(id), _) => Storage::Resident(*id),
            (Source::Input(_), _) => Storage::Input,
            (Source::Node, Some(owner_id)) if owner != index => Storage::Shares(owner_id),
            (Source::Node, _) => Storage::Fresh,
        };
        Tensor { name: info.name.clone(), ty: info.ty.clone(), storage, category: info.category }
    };
    numbered.into_iter().map(tensor).collect()
}

fn inputs(graph: &Graph, ids: &[Option<TensorId>]) -> Vec<Input> {
    let mut inputs = vec![];
    for (index, info) in graph.values.iter().enumerate() {
        if let (Source::Input(source), Some(tensor)) = (&info.source, ids[index]) {
            inputs.push(Input { tensor, source: source.clone() });
        }
    }
    inputs
}

/// Types of what one rank computes with, by value; none if there is one rank only, which has everything.
fn local_types(graph: &Graph) -> Vec<TensorType> {
    if graph.mesh.axes.is_empty() {
        return vec![];
    }
    let local = |ty: &TensorType| TensorType::new(ty.dtype, ty.local_shape(&graph.mesh));
    graph.values.iter().map(|info| local(&info.ty)).collect()
}

fn instruction(
    graph: &Graph,
    local: &[TensorType],
    ids: &[Option<TensorId>],
    memory: &mut Memory,
    node: Node,
    in_place: FewPairs,
    frees: Few<Value>,
) -> Instruction {
    let [workspace, flops, bytes] = costs(graph, local, &node);
    // Number by number: a list that does not know its length in advance is slow to collect.
    let known = |values: &Few<Value>| {
        let mut known = Few::with_capacity(values.len());
        for value in values {
            if let Some(id) = ids[value.index()] {
                known.push(id);
            }
        }
        known
    };
    let peak = memory.run(&node.outputs, workspace);
    memory.free(&frees);
    Instruction {
        op: node.op.name().into(),
        name: node.name,
        attrs: node.attrs,
        inputs: known(&node.inputs),
        outputs: known(&node.outputs),
        in_place,
        frees: known(&frees),
        workspace,
        live: memory.live,
        peak,
        flops,
        bytes,
    }
}

/// Temporary bytes, FLOPs, and bytes read and written.
fn costs(graph: &Graph, local: &[TensorType], node: &Node) -> [u64; 3] {
    let types = |values: &Few<Value>| -> Few<&TensorType> {
        values.iter().map(|v| local.get(v.index()).unwrap_or_else(|| graph.ty(*v))).collect()
    };
    let call = Call { attrs: &node.attrs, inputs: types(&node.inputs), outputs: types(&node.outputs) };
    [node.op.workspace(&call, &graph.device), node.op.flops(&call), node.op.bytes(&call)]
}

fn peak(instructions: &[Instruction], start: u64) -> (u32, u64) {
    let mut best = (0, start);
    for (index, instruction) in instructions.iter().enumerate() {
        if instruction.peak > best.1 {
            best = (index as u32, instruction.peak);
        }
    }
    best
}

/// Bytes alive while the program runs.
struct Memory<'a> {
    owner: &'a [Value],
    bytes: Vec<u64>,
    handles: Vec<u32>,
    live: u64,
}

impl<'a> Memory<'a> {
    fn new(graph: &Graph, owner: &'a [Value], ids: &[Option<TensorId>]) -> Memory<'a> {
        let bytes: Vec<u64> = graph.values.iter().map(|v| v.ty.local_bytes(&graph.mesh)).collect();
        let mut handles = vec![0; bytes.len()];
        let reads_caches = graph.values.iter().zip(ids).any(|(info, id)| match info.source {
            Source::Resident(resident) => {
                id.is_some() && graph.residents[resident.index()].role == Role::Cache
            }
            _ => false,
        });
        // Caches exist only while programs that read them run.
        let alive = graph.residents.iter().filter(|r| reads_caches || r.role != Role::Cache);
        let residents: u64 = alive.map(|r| r.ty.local_bytes(&graph.mesh)).sum();
        let mut live = residents;
        for (index, info) in graph.values.iter().enumerate() {
            match info.source {
                // Residents are never freed, however many views of them come and go.
                Source::Resident(_) => handles[index] = 1,
                Source::Input(_) if ids[index].is_some() => {
                    handles[index] = 1;
                    live += bytes[index];
                }
                _ => {}
            }
        }
        Memory { owner, bytes, handles, live }
    }

    /// Allocates the results and returns the largest number of bytes alive meanwhile.
    fn run(&mut self, outputs: &[Value], workspace: u64) -> u64 {
        for output in outputs {
            let owner = self.owner[output.index()].index();
            if owner == output.index() {
                self.live += self.bytes[owner];
            }
            self.handles[owner] += 1;
        }
        self.live + workspace
    }

    fn free(&mut self, values: &[Value]) {
        for value in values {
            let owner = self.owner[value.index()].index();
            self.handles[owner] -= 1;
            if self.handles[owner] == 0 {
                self.live -= self.bytes[owner];
            }
        }
    }
}
