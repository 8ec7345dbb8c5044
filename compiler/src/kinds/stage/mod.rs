//! `stage name : type { … }`: one training run from a start to checkpoints.

pub mod causal_lm;
pub mod classify;
pub mod fields;
pub mod masked_lm;
pub mod replaced_token_detection;
pub mod reward_model;
pub mod supervised;

use crate::eval::{Fields, Stop};
use crate::experiment::Objective;
use crate::quantity::Dimension;
use crate::schema::{Kind, Member, Type, Types};

/// The kind.
pub static KIND: Kind = Kind {
    name: "stage",
    alias: None,
    doc: "One training run. Stages run in the order in which they need each other's checkpoints. `stage.last` and, \
          if it evaluates, `stage.best` name what it leaves behind.",
    types: Types::Many(|| ALL.to_vec()),
    members: &[
        known("steps", Dimension::STEPS, "Optimizer steps."),
        known(
            "tokens",
            Dimension::TOKENS,
            "Tokens seen in training: steps × batch × sequence, twice that where a sample is a pair of texts.",
        ),
        known("samples", Dimension::SAMPLES, "Samples seen in training: steps × batch."),
        known("epochs", Dimension::EPOCHS, "Passes over the training data."),
        known("evaluations", Dimension::EVALUATIONS, "Evaluations during the run, the last one included."),
        known(
            "tokens_per_step",
            Dimension::TOKENS.per(Dimension::STEPS),
            "Batch × sequence, twice that where a sample is a pair of texts.",
        ),
        known("params", Dimension::PARAMS, "Parameters of its model."),
        planned("flops", Dimension::FLOP, "Floating-point operations of the whole stage."),
        planned("memory", Dimension::BYTES, "Bytes of one device at the worst instant."),
        planned("time", Dimension::SECONDS, "Predicted wall-clock time."),
        planned("cost", Dimension::DOLLARS, "Predicted price; the hardware needs a `price`."),
        planned(
            "energy",
            Dimension::JOULES,
            "Predicted energy of the devices; the hardware needs its power.",
        ),
    ],
};

/// The types, in the order of the language reference.
pub static ALL: &[&Type] = &[
    &causal_lm::TYPE,
    &masked_lm::TYPE,
    &replaced_token_detection::TYPE,
    &classify::TYPE,
    &supervised::TYPE,
    &reward_model::TYPE,
];

/// Rows of tokens that a sample of a stage of this type takes.
pub fn texts_of_sample(kind: &str) -> u64 {
    if kind == reward_model::TYPE.name { 2 } else { 1 }
}

/// What a stage's type trains for.
///
/// # Errors
/// If a field was reported.
pub fn objective(fields: &Fields) -> Result<Objective, Stop> {
    match fields.type_name {
        Some("causal_lm") => Ok(Objective::CausalLm { documents: causal_lm::documents(fields)? }),
        Some("classify") => Ok(Objective::Classify { dropout: fields.f64("classifier_dropout")? }),
        Some("reward_model") => {
            Ok(Objective::RewardModel { center: fields.f64("center_rewards_coefficient")? })
        }
        Some("supervised") => Ok(Objective::Supervised { packing: fields.bool("packing")? }),
        Some("masked_lm") => {
            let masking = masked_lm::read(fields)?;
            let pairs = fields.bool("next_sentence")?;
            Ok(if pairs { Objective::NextSentence(masking) } else { Objective::MaskedLm(masking) })
        }
        Some("replaced_token_detection") => Ok(Objective::ReplacedTokenDetection {
            masking: masked_lm::read(fields)?,
            weight: fields.f64("detection_weight")?,
        }),
        _ => Err(Stop::Reported),
    }
}

const fn known(name: &'static str, dimension: Dimension, doc: &'static str) -> Member {
    Member { name, dimension, planned: false, doc }
}

const fn planned(name: &'static str, dimension: Dimension, doc: &'static str) -> Member {
    Member { name, dimension, planned: true, doc }
}
