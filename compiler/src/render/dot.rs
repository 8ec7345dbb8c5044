//! Programs as graphs in Graphviz's DOT language: operations as nodes, values as edges.

use regimen_base::plan::Plan;
use regimen_base::program::{Program, Storage};
use std::fmt::Write;

/// All programs of all stages, one cluster each; or of one stage.
pub fn dot(plan: &Plan, stage: Option<&str>) -> String {
    let mut out =
        String::from("digraph plan {\n  rankdir = TB;\n  node [shape = box, fontname = \"monospace\"];\n");
    let chosen = plan.content.stages.iter().filter(|s| stage.is_none_or(|name| s.name == name));
    for (index, stage) in chosen.enumerate() {
        for (number, program) in stage.programs.values().enumerate() {
            cluster(&mut out, &format!("s{index}p{number}"), &stage.name, program);
        }
    }
    out.push_str("}\n");
    out
}

fn cluster(out: &mut String, id: &str, stage: &str, program: &Program) {
    let _ =
        writeln!(out, "  subgraph cluster_{id} {{\n    label = {:?};", format!("{stage}.{}", program.name));
    let mut made_by = vec![None; program.tensors.len()];
    for (index, instruction) in program.instructions.iter().enumerate() {
        let label = format!("{}\\n{}", instruction.op, instruction.name.replace('"', "'"));
        let _ = writeln!(out, "    {id}n{index} [label = \"{label}\"];");
        for input in &instruction.inputs {
            let tensor = &program.tensors[input.index()];
            if let Some(source) = made_by[input.index()] {
                let _ = writeln!(out, "    {id}n{source} -> {id}n{index} [label = \"{}\"];", tensor.ty);
            } else if tensor.storage == Storage::Input {
                let _ = writeln!(out, "    {id}in{} [label = {:?}, shape = ellipse];", input.0, tensor.name);
                let _ = writeln!(out, "    {id}in{} -> {id}n{index} [label = \"{}\"];", input.0, tensor.ty);
            }
        }
        for output in &instruction.outputs {
            made_by[output.index()] = Some(index);
        }
    }
    out.push_str("  }\n");
}
