//! E0203: unknown field.

use super::suggest;
use crate::schema::Type;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0203");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown field",
    page: r#"Every field is known to the schema; a name that is not would have no effect. Misspelt keys that other tools drop
without a word are the most common way to train something else than intended.

```exp wrong
stage pretrain = base with { micro_bach = 4 }
```

```exp right
stage pretrain = base with { micro_batch = 4 }
```
"#,
};

/// A field that its block does not have.
pub fn unknown_field(name: &Ident, ty: &Type, typed: bool) -> Diagnostic {
    let names: Vec<&str> = ty.fields.iter().map(|f| f.name).collect();
    let owner = if typed { format!("`{}`", ty.name) } else { format!("`{}` block", ty.name) };
    let diagnostic = Diagnostic::error(CODE, format!("unknown field `{}`", name.node))
        .at(name.span, format!("not a field of {owner}"));
    if names.is_empty() {
        return diagnostic.help(format!("remove it: {owner} has no fields"));
    }
    match elsewhere(&name.node, &names) {
        Some((here, why)) => diagnostic.help(format!("write `{here}`: {why}")),
        None => suggest(diagnostic, name, &names),
    }
}

/// What other tools call a field, what it is called here, and what is different.
const ELSEWHERE: &[(&[&str], &str, &str)] = &[
    (
        &[
            "gradient_accumulation_steps",
            "gradient_accumulation",
            "accumulate_grad_batches",
            "grad_accum_steps",
        ],
        "micro_batch",
        "accumulation follows from `batch` and `micro_batch`, and never changes the loss",
    ),
    (
        &["batch_size", "global_batch_size", "train_batch_size"],
        "batch",
        "the batch of one optimizer step, in sequences",
    ),
    (&["micro_batch_size", "per_device_train_batch_size"], "micro_batch", "the samples of one forward pass"),
    (&["learning_rate", "max_lr", "peak_lr"], "lr", "the peak learning rate"),
    (
        &["warmup_steps", "warmup_iters", "num_warmup_steps", "warmup_ratio"],
        "warmup",
        "in steps or as a share: `2%`",
    ),
    (&["min_lr", "min_learning_rate", "lr_min"], "floor", "the lowest rate as a share of the peak: `10%`"),
    (
        &[
            "max_steps",
            "max_iters",
            "train_steps",
            "num_train_epochs",
            "epochs",
            "steps",
            "tokens",
            "num_steps",
        ],
        "duration",
        "with its unit: `2_000 steps`, `3 epochs`, `10B tokens`",
    ),
    (
        &["max_grad_norm", "grad_clip", "gradient_clip_val", "clip_grad_norm"],
        "clip",
        "the largest norm of the gradient",
    ),
    (&["n_layer", "num_layers", "num_hidden_layers", "n_layers", "depth"], "layers", "the number of blocks"),
    (&["n_head", "num_heads", "num_attention_heads", "n_heads"], "heads", "attention heads"),
    (
        &["n_embd", "hidden_size", "d_model", "dim", "width", "embed_dim"],
        "hidden",
        "the width of the residual stream",
    ),
    (
        &["block_size", "n_positions", "max_position_embeddings", "n_ctx"],
        "context",
        "the tokens that the model can see",
    ),
    (&["intermediate_size", "n_inner", "d_ff", "ffn_dim"], "mlp", "the width inside the MLP"),
    (&["vocab_size"], "vocab", "rows of the embedding table"),
    (
        &["seq_len", "sequence_length", "max_seq_length", "max_length", "block_size"],
        "sequence",
        "tokens of a sample",
    ),
    (&["dtype", "mixed_precision", "bf16", "fp16", "torch_dtype"], "precision", "`f32` or `bf16`"),
    (&["gradient_checkpointing", "activation_checkpointing"], "recompute", "`none` or `full`"),
    (
        &["eval_steps", "eval_interval", "val_check_interval", "eval_every"],
        "evaluate",
        "`evaluate = { every = …, on = … }`",
    ),
    (&["save_steps", "save_interval", "checkpoint_interval"], "checkpoint", "`checkpoint = { every = … }`"),
    (&["save_total_limit", "max_to_keep"], "keep", "how many of the newest are kept"),
    (&["beta1", "beta2", "adam_beta1", "adam_beta2"], "betas", "both in a list: `[0.9, 0.95]`"),
    (&["epsilon", "adam_epsilon", "adam_eps"], "eps", "added to the root of the second moment"),
    (&["wd", "decay_rate"], "weight_decay", "the share that each step removes, times the learning rate"),
    (&["path", "paths", "file", "data_files", "dataset"], "files", "one pattern or a list of them"),
];

/// The field that another tool's name means, if the block has it.
fn elsewhere(name: &str, names: &[&str]) -> Option<(&'static str, &'static str)> {
    let known = |(others, here, _): &&(&[&str], &str, &str)| others.contains(&name) && names.contains(here);
    ELSEWHERE.iter().find(known).map(|(_, here, why)| (*here, *why))
}
