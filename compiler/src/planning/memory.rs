//! What makes up the peak: categories, and the largest tensors alive at that moment.

use regimen_base::plan::{LargeTensor, Memory};
use regimen_base::program::{Category, Program, Resident, Role, Storage, TensorId};
use regimen_base::tensor::{Mesh, TensorType};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many of the largest tensors are shown.
const SHOWN: usize = 20;

/// Describes the peak of the program that reaches the stage's peak.
pub fn describe(
    programs: &BTreeMap<String, Arc<Program>>,
    residents: &[Resident],
    mesh: &Mesh,
    source: &dyn Fn(&str) -> String,
) -> Memory {
    let peaks = programs.iter().map(|(name, p)| (name.clone(), p.peak_bytes)).collect();
    let mut memory = Memory { programs: peaks, ..Memory::default() };
    // The first of equals in a fixed order of importance, so that a tie does not depend on names.
    let Some(program) = programs.values().rev().max_by_key(|p| p.peak_bytes) else { return memory };
    memory.program = program.name.clone();
    let instruction = program.instructions.get(program.peak_at as usize);
    memory.instruction = instruction.map_or_else(String::new, |i| format!("{} ({})", i.name, i.op));
    let caches = reads_caches(program, residents);
    let mut alive = residents_alive(residents, mesh, caches);
    alive.extend(values_alive(program, mesh));
    for (_, _, bytes, category) in &alive {
        *memory.breakdown.entry(*category).or_insert(0) += bytes;
    }
    let workspace = instruction.map_or(0, |i| i.workspace);
    memory.breakdown.insert(Category::Workspace, workspace);
    let larger = |a: &Alive, b: &Alive| b.2.cmp(&a.2).then_with(|| a.0.cmp(b.0));
    if alive.len() > SHOWN {
        alive.select_nth_unstable_by(SHOWN, larger);
        alive.truncate(SHOWN);
    }
    alive.sort_by(larger);
    let large = |(name, ty, bytes, category): Alive| LargeTensor {
        source: source(name),
        name: name.to_string(),
        ty: ty.to_string(),
        bytes,
        category,
    };
    memory.largest = alive.into_iter().map(large).collect();
    memory
}

type Alive<'a> = (&'a str, &'a TensorType, u64, Category);

/// Whether a program reads caches, which exist only then.
pub fn reads_caches(program: &Program, residents: &[Resident]) -> bool {
    program.tensors.iter().any(|tensor| match tensor.storage {
        Storage::Resident(id) => residents.get(id.index()).is_some_and(|r| r.role == Role::Cache),
        _ => false,
    })
}

fn residents_alive<'a>(residents: &'a [Resident], mesh: &Mesh, caches: bool) -> Vec<Alive<'a>> {
    let category = |role| match role {
        Role::Weight => Category::Weights,
        Role::Gradient => Category::Gradients,
        Role::Master | Role::Moment => Category::Optimizer,
        Role::Scalar => Category::Inputs,
        Role::Cache => Category::Cache,
    };
    let alive = residents.iter().filter(|r| caches || r.role != Role::Cache);
    alive.map(|r| (&*r.name, &r.ty, r.ty.local_bytes(mesh), category(r.role))).collect()
}

/// Values whose storage is alive while the peak's instruction runs.
fn values_alive<'a>(program: &'a Program, mesh: &Mesh) -> Vec<Alive<'a>> {
    let owner = |id: TensorId| match program.tensors[id.index()].storage {
        Storage::Shares(base) => base,
        _ => id,
    };
    let mut handles = vec![0i64; program.tensors.len()];
    for input in &program.inputs {
        handles[input.tensor.index()] += 1;
    }
    for (index, instruction) in program.instructions.iter().enumerate() {
        for output in &instruction.outputs {
            handles[owner(*output).index()] += 1;
        }
        if index == program.peak_at as usize {
            break;
        }
        for freed in &instruction.frees {
            handles[owner(*freed).index()] -= 1;
        }
    }
    let mut alive = vec![];
    for (tensor, count) in program.tensors.iter().zip(handles) {
        let owns = matches!(tensor.storage, Storage::Fresh | Storage::Input);
        if owns && count > 0 {
            alive.push((&*tensor.name, &tensor.ty, tensor.ty.local_bytes(mesh), tensor.category));
        }
    }
    alive
}
