//! The passes from a forward graph to an executable program, in the order in which they run.
//!
//! | pass | what it does |
//! |---|---|
//! | [`adapt`] | adds low-rank adapters beside frozen products |
//! | [`differentiate`] | appends the gradient operations and adds them to the accumulators |
//! | [`fold`] | lets products write into accumulators directly |
//! | [`recompute`] | computes blocks again in the backward pass instead of keeping their values |
//! | [`prune`] | removes operations whose results nobody needs |
//! | [`fuse`] | replaces groups of operations by one, where the device has it |
//! | [`schedule`] | fixes when each value is freed and which results are written over operands |
//! | [`place`] | bytes alive at every instant, the peak, and the costs of each instruction |

pub mod adapt;
pub mod differentiate;
pub mod fold;
pub mod fuse;
pub mod place;
pub mod prune;
pub mod recompute;
pub mod schedule;

use crate::experiment::Recompute;
use crate::graph::{Graph, ShapeError, Value};
use regimen_base::program::Program;

/// From a forward graph with its loss to the program that also computes and accumulates the gradients.
///
/// # Errors
/// If an operation has no gradient.
pub fn training_program(
    mut graph: Graph,
    name: &str,
    loss: Value,
    what: Recompute,
) -> Result<Program, ShapeError> {
    let forward = graph.nodes.len();
    differentiate::differentiate(&mut graph, loss)?;
    fold::fold(&mut graph);
    if what == Recompute::Full {
        recompute::recompute(&mut graph, forward);
    }
    Ok(finish(graph, name))
}

/// From a graph to a program, as it is.
pub fn finish(mut graph: Graph, name: &str) -> Program {
    prune::prune(&mut graph);
    if graph.device.fusions != fuse::Fusions::NONE {
        fuse::fuse(&mut graph);
        // What only the replaced operations read.
        prune::prune(&mut graph);
    }
    let lifetimes = schedule::schedule(&graph);
    place::place(graph, lifetimes, name)
}
