//! Supervised fine-tuning: what an assistant says is predicted, in conversations.
//!
//! The programs are those of causal language modelling. The loader says which tokens are labels and counts them over the whole global
//! batch for the divisor. A sample is a conversation and padding, which no token before it sees; packed samples come with the number of the
//! conversation that each token belongs to and its position there, so that each conversation is computed as if it were alone.

use super::training::{self, metric};
use super::{Fixed, Lowered, Lowering, Probed};
use crate::experiment::Stage;
use crate::graph::ShapeError;
use regimen_base::schedule::{Feed, RowLayout};

/// The kind.
pub(super) struct Supervised {
    /// Whether a sample holds several conversations.
    pub packing: bool,
}

impl Lowering for Supervised {
    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let feeds = training::feeds(stage, seed, probed.micro_batch);
        let laid = |feed: Feed| Feed { rows: Some(RowLayout { packing: self.packing }), ..feed };
        let feeds = feeds.into_iter().map(laid).collect();
        let metrics = [metric("loss", "loss_sum"), metric("loss", "eval_loss_sum")];
        training::lowered(stage, seed, fixed, probed, feeds, metrics)
    }
}
