//! `all_reduce`: the sum of a partial value over the ranks of a mesh axis.
//!
//! Ranks of one process are threads; each joins a [`Group`] before it runs a program. Contributions are summed in the order
//! of the ranks, so every rank gets the same bits.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;
use std::cell::RefCell;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use tch::Kind;

pub(super) const OP: Lower = Lower { name: "all_reduce", lower, views: false };

/// The ranks that sum together.
#[derive(Debug)]
pub struct Group {
    parts: Vec<Mutex<Vec<f32>>>,
    barrier: Barrier,
}

thread_local! {
    static MEMBER: RefCell<Option<(Arc<Group>, usize)>> = const { RefCell::new(None) };
}

impl Group {
    /// A group of this many ranks.
    pub fn new(ranks: usize) -> Arc<Group> {
        let parts = (0..ranks).map(|_| Mutex::new(vec![])).collect();
        Arc::new(Group { parts, barrier: Barrier::new(ranks) })
    }

    /// Makes the current thread a rank of the group.
    pub fn join(self: &Arc<Group>, rank: usize) {
        MEMBER.with(|member| *member.borrow_mut() = Some((self.clone(), rank)));
    }

    /// Replaces `values` by their sum over the ranks.
    fn sum(&self, rank: usize, values: &mut [f32]) {
        if let Some(part) = self.parts.get(rank) {
            *part.lock().unwrap_or_else(PoisonError::into_inner) = values.to_vec();
        }
        self.barrier.wait();
        values.fill(0.0);
        for part in &self.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            values.iter_mut().zip(part.iter()).for_each(|(sum, x)| *sum += x);
        }
        // Nobody writes the next contribution before everybody has read this one.
        self.barrier.wait();
    }
}

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let Some((group, rank)) = MEMBER.with(|member| member.borrow().clone()) else {
        return Err(cx.failed("this thread is no rank of a group"));
    };
    let (x, y) = (cx.input(0)?, cx.output(0)?);
    if x.kind() != Kind::Float {
        return Err(cx.failed("sums over ranks are in f32"));
    }
    cx.done(shim::copy(y, x))?;
    // SAFETY: the executor allocated the result contiguous, on the host, in f32, and nobody else holds its bytes.
    let values = unsafe { std::slice::from_raw_parts_mut(y.data_ptr().cast::<f32>(), y.numel()) };
    group.sum(rank, values);
    Ok(())
}
