//! Masked language modelling: hidden tokens are predicted from all others.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights |
//! | `micro_step` | forward and backward of one micro-batch; adds to gradients and to the summed loss |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation loss |
//!
//! The loader hides tokens and gives those that were there as labels; it counts them over the whole global batch for the divisor.

use super::training::{self, metric};
use super::{Fixed, Lowered, Lowering, Probed, random_key};
use crate::experiment::{Masking, Stage};
use crate::graph::ShapeError;
use regimen_base::schedule::{self, Feed};

/// The kind.
pub(super) struct MaskedLm<'a> {
    /// What is hidden.
    pub masking: &'a Masking,
}

impl Lowering for MaskedLm<'_> {
    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let feeds = masked_feeds(stage, self.masking, seed, probed.micro_batch);
        let metrics = [metric("loss", "loss_sum"), metric("loss", "eval_loss_sum")];
        training::lowered(stage, seed, fixed, probed, feeds, metrics)
    }
}

/// The usual feeds, whose loader hides tokens. Evaluations see the same tokens hidden every time.
pub fn masked_feeds(stage: &Stage, masking: &Masking, seed: u64, micro_batch: u64) -> Vec<Feed> {
    let facts = &stage.tokenizer_facts;
    let mut feeds = training::feeds(stage, seed, micro_batch);
    for feed in &mut feeds {
        feed.masking = Some(schedule::Masking {
            rate: masking.rate,
            masked: masking.masked,
            random: masking.random,
            whole_words: masking.whole_words,
            fixed: masking.fixed,
            mask: facts.mask_id(),
            vocab: facts.vocab_with_mask(),
            spared: vec![facts.end_of_text],
            key: random_key(seed, &[&stage.name, "masking", &feed.name]),
        });
    }
    feeds
}
