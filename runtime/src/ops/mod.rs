//! One operation, one file: how an instruction becomes calls.
//!
//! The executor allocates an operation's outputs (or shares the input's storage where the plan says so) before it calls
//! [`Lower::lower`]; operations that return views make them themselves. Nothing here allocates anything
//! else: `WORKSPACE.md` lists what the shim needs beyond that, which is nothing.

mod call;

use regimen_base::Diagnostic;

pub use all_reduce::Group;
pub use call::Call;

/// How the executor runs one operation.
#[derive(Clone, Copy)]
pub struct Lower {
    /// The operation's name in plans.
    pub name: &'static str,
    /// Reads operands and attributes, and writes outputs.
    pub lower: fn(&mut Call) -> Result<(), Diagnostic>,
    /// Whether the operation makes its outputs itself, as views of its operands.
    pub views: bool,
}

impl std::fmt::Debug for Lower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lower").field("name", &self.name).field("views", &self.views).finish()
    }
}

macro_rules! registry {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// All operations, ordered by name.
        pub const ALL: &[Lower] = &[$($name::OP),*];
    };
}

registry! {
    accumulate
    adamw
    add
    all_reduce
    assign
    attention
    attention_grad
    batch_matmul
    cache_write
    cached_attention
    cast
    concat
    constant
    contiguous
    cross_entropy
    cross_entropy_grad
    dropout
    embedding
    embedding_grad
    embedding_grad_accumulate
    enter_parallel
    fill
    gelu
    gelu_erf
    gelu_erf_grad
    gelu_grad
    global_norm
    init_fill
    init_normal
    layer_norm
    layer_norm_grad
    linear
    linear_grad_weight
    linear_grad_weight_accumulate
    multiply
    relative_scores
    relative_scores_grad
    repeat_heads
    replace_tokens
    reshape
    rotary
    rotary_table
    scale
    segment_softmax
    select_row
    sgd
    softmax
    softmax_grad
    split
    sum_heads
    sum_leading
    sum_leading_accumulate
    swiglu
    swiglu_grad
    transpose
    zero
}

/// The operation of this name.
pub fn lookup(name: &str) -> Option<&'static Lower> {
    ALL.binary_search_by(|op| op.name.cmp(name)).ok().and_then(|i| ALL.get(i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for op in ALL {
            assert_eq!(lookup(op.name).unwrap().name, op.name);
        }
        assert!(lookup("maxout").is_none());
    }
}
