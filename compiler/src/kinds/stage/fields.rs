//! Fields that stages share.

use crate::kinds::{optimizer, schedule};
use crate::passes::fuse;
use crate::quantity::Dimension;
use crate::schema::{Bound, Field, Number, Ty, Type, Word};

/// Hardware.
pub const ON: Field = Field::required("on", Ty::Ref("hardware"), "The hardware it runs on.");
/// Model.
pub const MODEL: Field = Field::required("model", Ty::Ref("model"), "The model it trains.");
/// Dataset.
pub const DATA: Field =
    Field::required("data", Ty::Ref("data"), "The dataset; its part `train` is trained on.");
/// Where it starts.
pub const FROM: Field = Field::optional(
    "from",
    Ty::Checkpoint,
    "Start from another stage's checkpoint: `other.last`, `other.best`.",
);
/// Tokens of a sample.
pub const SEQUENCE: Field = Field::with(
    "sequence",
    Ty::Number(Number::count(&[Dimension::TOKENS], 1)),
    "self.model.context",
    "Tokens of a sample; at most the model's context.",
);
/// The global batch.
pub const BATCH: Field = Field::required(
    "batch",
    Ty::Number(Number::of(SAMPLES).whole().from(Bound::At(1))),
    "Samples of one optimizer step, whatever the layout (the global batch).",
);
/// The micro-batch.
pub const MICRO_BATCH: Field = Field::with(
    "micro_batch",
    Ty::WordOr(AUTO, &Ty::Number(Number::count(SAMPLES, 1))),
    "auto",
    "Samples of one forward pass; divides the batch.",
);
/// How long.
pub const DURATION: Field = Field::required(
    "duration",
    Ty::Number(Number::of(DURATIONS).from(Bound::Beyond(0))),
    "How long: `10B tokens`, `2_000 steps`, `3 epochs`, `20 tokens/param * gpt2.params`. Rounded up to whole steps.",
);
/// Optimizer.
pub const OPTIMIZER: Field =
    Field::required("optimizer", Ty::OneOf(optimizer::types), "What updates the weights.");
/// Learning rate.
pub const SCHEDULE: Field =
    Field::with("schedule", Ty::OneOf(schedule::types), "constant {}", "How the learning rate changes.");
/// Precision.
pub const PRECISION: Field = Field::with(
    "precision",
    Ty::Words(PRECISIONS),
    "f32",
    "Weights and activations; sums, masters and moments are f32 at least.",
);
/// Recomputation.
pub const RECOMPUTE: Field = Field::optional(
    "recompute",
    Ty::Words(RECOMPUTED),
    "What is computed twice to save memory; nothing without it.",
);
/// Layout.
pub const PARALLEL: Field =
    Field::optional("parallel", Ty::Block(&PARALLEL_BLOCK), "How the work is spread over devices.");
/// Repeatability.
pub const REPRODUCIBLE: Field = Field::with(
    "reproducible",
    Ty::Bool,
    "true",
    "Only operations that repeat bit for bit; `false` allows the vendor's fastest.",
);
/// Fusions.
pub const FUSE: Field = Field::with(
    "fuse",
    Ty::WordOr(FUSED, &SOME_FUSIONS),
    "all",
    "Groups of operations that run as one on a GPU, with the same results but for rounding.",
);
/// Evaluations.
pub const EVALUATE: Field =
    Field::optional("evaluate", Ty::Block(&EVALUATE_BLOCK), "Evaluations during the run.");
/// Early stopping.
pub const STOP: Field = Field::optional(
    "stop",
    Ty::Block(&STOP_BLOCK),
    "Stop early when an evaluated metric no longer improves.",
);
/// Evaluations of classes.
pub const EVALUATE_CLASSES: Field =
    Field::optional("evaluate", Ty::Block(&EVALUATE_CLASSES_BLOCK), "Evaluations during the run.");
/// Early stopping by classes.
pub const STOP_CLASSES: Field = Field::optional(
    "stop",
    Ty::Block(&STOP_CLASSES_BLOCK),
    "Stop early when an evaluated metric no longer improves.",
);
/// Evaluations of rewards.
pub const EVALUATE_REWARDS: Field =
    Field::optional("evaluate", Ty::Block(&EVALUATE_REWARDS_BLOCK), "Evaluations during the run.");
/// Early stopping by rewards.
pub const STOP_REWARDS: Field = Field::optional(
    "stop",
    Ty::Block(&STOP_REWARDS_BLOCK),
    "Stop early when an evaluated metric no longer improves.",
);
/// Checkpoints.
pub const CHECKPOINT: Field =
    Field::with("checkpoint", Ty::Block(&CHECKPOINT_BLOCK), "{}", "When checkpoints are written.");

const SAMPLES: &[Dimension] = &[Dimension::SEQUENCES, Dimension::SAMPLES];
const DURATIONS: &[Dimension] =
    &[Dimension::STEPS, Dimension::TOKENS, Dimension::EPOCHS, Dimension::SAMPLES, Dimension::SEQUENCES];
const STEPS: &[Dimension] = &[Dimension::STEPS];
const NONE: &[Dimension] = &[Dimension::NONE];

const AUTO: &[Word] = &[Word { name: "auto", doc: "the largest that fits; the plan shows it" }];

const PRECISIONS: &[Word] = &[
    Word { name: "f32", doc: "single precision" },
    Word { name: "bf16", doc: "bfloat16 with f32 masters and moments" },
    Word { name: "f64", doc: "double precision, for checking numerics" },
];

const RECOMPUTED: &[Word] = &[
    Word { name: "none", doc: "nothing" },
    Word { name: "full", doc: "every block's forward pass, from its input" },
];

const FUSION: Ty = Ty::Words(&fuse::WORDS);
const SOME_FUSIONS: Ty = Ty::List { of: &FUSION, min: 0, max: fuse::WORDS.len() };

const FUSED: &[Word] = &[
    Word { name: "all", doc: "everything that can be" },
    Word { name: "none", doc: "every operation runs on its own" },
];

const METRICS: &[Word] = &[Word { name: "loss", doc: "mean cross-entropy per token; less is better" }];

const CLASS_METRICS: &[Word] = &[
    Word { name: "loss", doc: "mean cross-entropy per sample; less is better" },
    Word { name: "accuracy", doc: "share of samples whose class is told; more is better" },
    Word {
        name: "macro_f1",
        doc: "mean over the classes of F1, which is 0 for a class that is never told; more is better",
    },
];

const REWARD_METRICS: &[Word] = &[
    Word { name: "loss", doc: "mean loss per pair; less is better" },
    Word {
        name: "accuracy",
        doc: "share of pairs whose chosen answer has the greater reward; more is better",
    },
    Word { name: "margin", doc: "mean of r_chosen − r_rejected; more is better" },
];

const GOALS: &[Word] =
    &[Word { name: "minimise", doc: "less is better" }, Word { name: "maximise", doc: "more is better" }];

static PARALLEL_BLOCK: Type = Type {
    name: "parallel",
    doc: "How the work is spread. This version runs on one device, so each degree is 1.",
    fields: &[
        Field::with("data", Ty::Number(Number::count(NONE, 1)), "1", "Data-parallel ranks."),
        Field::with(
            "zero",
            Ty::Number(Number::count(NONE, 0).up_to(Bound::At(3))),
            "0",
            "ZeRO stage: what data-parallel ranks share out.",
        ),
        Field::optional(
            "recompute",
            Ty::Words(RECOMPUTED),
            "The same as `recompute` of the stage; write one of the two.",
        ),
    ],
};

static EVALUATE_BLOCK: Type = Type {
    name: "evaluate",
    doc: "Evaluation every so many steps, and after the last. The last micro-batch is padded, and padding is not counted, so any number of samples can be evaluated.",
    fields: &[EVERY, PART, Field::with("metric", Ty::Words(METRICS), "loss", "What is computed."), EVALUATED],
};

static EVALUATE_CLASSES_BLOCK: Type = Type {
    name: "evaluate",
    doc: "Evaluation every so many steps, and after the last: loss, accuracy and mean F1, counted exactly over all samples.",
    fields: &[
        EVERY,
        PART,
        Field::with("metric", Ty::Words(CLASS_METRICS), "loss", "What tells the best checkpoint."),
        EVALUATED,
    ],
};

static EVALUATE_REWARDS_BLOCK: Type = Type {
    name: "evaluate",
    doc: "Evaluation every so many steps, and after the last: loss, accuracy, mean margin, and the mean rewards of chosen and rejected answers, over all pairs.",
    fields: &[
        EVERY,
        PART,
        Field::with("metric", Ty::Words(REWARD_METRICS), "loss", "What tells the best checkpoint."),
        EVALUATED,
    ],
};

const EVERY: Field = Field::required(
    "every",
    Ty::Number(Number::of(STEPS).whole().from(Bound::At(1))),
    "Distance of two evaluations.",
);

const PART: Field =
    Field::required("on", Ty::Split, "The part of the data that is evaluated: `corpus.validation`.");

const EVALUATED: Field = Field::optional(
    "samples",
    Ty::Number(Number::count(&[Dimension::SAMPLES, Dimension::SEQUENCES], 1)),
    "How many samples; without it, all of the part.",
);

static STOP_BLOCK: Type = Type {
    name: "stop",
    doc: "Early stopping.",
    fields: &[
        Field::with("metric", Ty::Words(METRICS), "loss", "The evaluated metric that is watched."),
        Field::with("goal", Ty::Words(GOALS), "minimise", "Which way it improves."),
        PATIENCE,
        MIN_DELTA,
    ],
};

static STOP_CLASSES_BLOCK: Type = Type {
    name: "stop",
    doc: "Early stopping; the metric says which way it improves.",
    fields: &[
        Field::with("metric", Ty::Words(CLASS_METRICS), "loss", "The evaluated metric that is watched."),
        PATIENCE,
        MIN_DELTA,
    ],
};

static STOP_REWARDS_BLOCK: Type = Type {
    name: "stop",
    doc: "Early stopping; the metric says which way it improves.",
    fields: &[
        Field::with("metric", Ty::Words(REWARD_METRICS), "loss", "The evaluated metric that is watched."),
        PATIENCE,
        MIN_DELTA,
    ],
};

const PATIENCE: Field = Field::required(
    "patience",
    Ty::Number(Number::count(&[Dimension::EVALUATIONS], 1)),
    "Stop after this many evaluations without improvement.",
);

const MIN_DELTA: Field = Field::with(
    "min_delta",
    Ty::Number(Number::of(NONE)),
    "0",
    "Smallest change that counts as an improvement.",
);

static CHECKPOINT_BLOCK: Type = Type {
    name: "checkpoint",
    doc: "Checkpoints; the best and the last are kept in any case.",
    fields: &[
        Field::with(
            "every",
            Ty::Number(Number::of(&[Dimension::SECONDS, Dimension::STEPS]).from(Bound::Beyond(0))),
            "10 min",
            "Distance of two checkpoints, in time or steps.",
        ),
        Field::with("keep", Ty::Number(Number::count(NONE, 1)), "2", "How many of the newest are kept."),
    ],
};
