//! Resident tensors of a stage: weights, masters, gradient accumulators, optimizer state, scalars, caches.

use crate::arch::WeightSpec;
use crate::arch::past::{self, CacheSizes};
use crate::experiment::Rule;
use regimen_base::program::{Resident, ResidentId, Role};
use regimen_base::tensor::{DType, TensorType};

/// Builds the list of residents: all weights first, so that a weight's id is its place in the model.
#[derive(Debug, Default)]
pub struct Residents {
    list: Vec<Resident>,
}

impl Residents {
    /// The model's weights in the precision of the forward pass, and their f32 masters if that is smaller.
    pub fn weights(&mut self, specs: &[WeightSpec], compute: DType) {
        let mastered = has_masters(compute);
        for spec in specs {
            self.push(&spec.name, TensorType::new(compute, &spec.shape), Role::Weight, None, !mastered);
        }
        if mastered {
            self.beside_weights("master", DType::F32, Role::Master, true);
        }
    }

    /// The model's weights in the precision of the forward pass and nothing beside them: for models that are not trained.
    pub fn weights_only(&mut self, specs: &[WeightSpec], compute: DType) {
        for spec in specs {
            self.push(&spec.name, TensorType::new(compute, &spec.shape), Role::Weight, None, true);
        }
    }

    /// An accumulator for every trained weight.
    pub fn gradients(&mut self, compute: DType) {
        // Sums over micro-batches are kept in f32 at least.
        self.beside_weights("grad", state_dtype(compute), Role::Gradient, false);
    }

    /// What the optimizer keeps for every trained weight.
    pub fn optimizer(&mut self, rule: Rule, compute: DType) {
        for name in moments(rule) {
            self.beside_weights(name, state_dtype(compute), Role::Moment, true);
        }
    }

    /// A number that the host sets or reads.
    pub fn scalar(&mut self, name: &str, dtype: DType) {
        self.push(name, TensorType::new(dtype, []), Role::Scalar, None, false);
    }

    /// Keys and values of `batch` texts of `length` tokens at most, for every layer. They come last, so that no other resident's id
    /// depends on whether text is generated.
    pub fn cache(&mut self, sizes: CacheSizes, batch: u64, length: u64, compute: DType) {
        let ty = TensorType::new(compute, [batch, length, sizes.heads, sizes.head_size]);
        for name in (0..sizes.layers).flat_map(past::names) {
            self.push(&name, ty.clone(), Role::Cache, None, false);
        }
    }

    /// The finished list.
    pub fn finish(self) -> Vec<Resident> {
        self.list
    }

    fn beside_weights(&mut self, suffix: &str, dtype: DType, role: Role, saved: bool) {
        for index in 0..self.list.len() {
            let weight = &self.list[index];
            if weight.role != Role::Weight || weight.frozen {
                continue;
            }
            let (name, ty) = ([&weight.name, ".", suffix].concat(), TensorType::new(dtype, &weight.ty.shape));
            self.push(&name, ty, role, Some(ResidentId(index as u32)), saved);
        }
    }

    fn push(&mut self, name: &str, ty: TensorType, role: Role, of: Option<ResidentId>, saved: bool) {
        self.list.push(Resident { name: name.into(), ty, role, of, saved, frozen: false });
    }
}

/// Bytes that a trained parameter takes in all residents.
pub fn bytes_per_parameter(rule: Rule, compute: DType) -> u64 {
    let (weight, state) = (compute.size(), state_dtype(compute).size());
    let master = if has_masters(compute) { DType::F32.size() } else { 0 };
    weight + master + state * (1 + moments(rule).len() as u64)
}

/// What the optimizer keeps for every parameter.
fn moments(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::AdamW { .. } => &["m", "v"],
        Rule::Sgd { momentum } if momentum != 0.0 => &["momentum"],
        Rule::Sgd { .. } => &[],
    }
}

/// Whether weights of this type are copies of f32 masters.
pub fn has_masters(compute: DType) -> bool {
    matches!(compute, DType::Bf16 | DType::F16)
}

/// Element type of gradients and moments.
pub fn state_dtype(compute: DType) -> DType {
    if compute == DType::F64 { DType::F64 } else { DType::F32 }
}
