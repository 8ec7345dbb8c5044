//! `reward_model`: telling by a number which of two answers is better.

use super::fields;
use crate::quantity::Dimension;
use crate::schema::{Bound, Field, Number, Ty, Type};

/// Its fields.
pub static TYPE: Type = Type {
    name: "reward_model",
    doc: "A reward model: the model's own head gives way to one number, the reward of the prompt with an answer, read at the last token that is not padding (of an encoder at the first). The loss is the mean of −log σ(r_chosen − r_rejected) over the pairs of the global batch (Bradley and Terry), less the margin of each pair inside σ where the data have margins. Both texts of a pair go through the model in one batch.",
    fields: &[
        fields::ON,
        fields::MODEL,
        Field::required(
            "data",
            Ty::Ref("data"),
            "A `preferences` dataset; each record is a sample of two texts. Pairs of which one text is longer than `sequence` are left out and counted. Its part `train` is trained on.",
        ),
        Field::optional(
            "from",
            Ty::Checkpoint,
            "Start from another stage's checkpoint: `other.last`, `other.best`. The body's weights are taken; the head is new, unless that stage trains a reward model too.",
        ),
        Field::with(
            "sequence",
            Ty::Number(Number::count(&[Dimension::TOKENS], 1)),
            "self.model.context",
            "Tokens of each of the two texts of a sample; at most the model's context.",
        ),
        fields::BATCH,
        fields::MICRO_BATCH,
        fields::DURATION,
        fields::OPTIMIZER,
        fields::SCHEDULE,
        fields::PRECISION,
        Field::with(
            "center_rewards_coefficient",
            Ty::Number(Number::of(&[Dimension::NONE]).from(Bound::At(0))),
            "0",
            "Weight of the mean of (r_chosen + r_rejected)², which keeps rewards near zero: the loss knows only differences (Eisenstein et al., arXiv 2312.09244, who take 0.01).",
        ),
        fields::RECOMPUTE,
        fields::PARALLEL,
        fields::REPRODUCIBLE,
        fields::FUSE,
        fields::EVALUATE_REWARDS,
        fields::STOP_REWARDS,
        fields::CHECKPOINT,
    ],
};
