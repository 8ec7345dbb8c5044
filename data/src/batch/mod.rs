//! Samples from token files. Everything here is a function of the sample's index, so that position in the
//! data is one number in a checkpoint, and layout, batch size and threads cannot change the order.

mod evaluation;
mod labelled;
mod permutation;
mod prefetch;
mod stream;

pub use evaluation::Evaluation;
pub use labelled::Labelled;
pub use permutation::Permutation;
pub use prefetch::{Batch, Prefetch};
pub use stream::Stream;

/// The label of a position that is not supervised, as libtorch's cross-entropy has it.
pub const IGNORED: i64 = -100;
