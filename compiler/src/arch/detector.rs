//! Models that tell tokens which a small generator replaced from original ones.

use super::WeightSpec;
use super::encoder::Encoder;
use super::inputs::Inputs;
use super::parts::WeightList;
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use regimen_base::plan::Exchange;

/// A generator and a discriminator over embeddings that they share.
pub trait Detector {
    /// From tokens `[B, T]`, some hidden, to the generator's logits `[B, T, V]`.
    ///
    /// # Errors
    /// If the weights do not fit.
    fn generator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError>;

    /// From tokens `[B, T]`, some replaced, to the discriminator's scores `[B, T, 1]`: the larger, the likelier replaced.
    ///
    /// # Errors
    /// If the weights do not fit.
    fn discriminator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError>;
}

/// What the names of the generator's weights begin with.
pub const GENERATOR: &str = "generator.";

/// The blocks of a generator as `generator_…` fields describe them; the rest is as in the discriminator.
///
/// # Errors
/// If a field was reported.
pub fn read_generator(fields: &Fields, encoder: &Encoder) -> Result<Encoder, Stop> {
    Ok(Encoder {
        layers: fields.u64("generator_layers")?,
        heads: fields.u64("generator_heads")?,
        hidden: fields.u64("generator_hidden")?,
        mlp: fields.u64("generator_mlp")?,
        ..encoder.clone()
    })
}

/// What exchanges the generator: as a model of its own would be, with the generator's weights where it has its own.
pub fn of_generator(weights: &[WeightSpec], mut exchange: Exchange) -> Box<Exchange> {
    for tensor in &mut exchange.tensors {
        let own = [GENERATOR, &tensor.ours].concat();
        if weights.iter().any(|weight| weight.name == own) {
            tensor.ours = own;
        }
    }
    Box::new(exchange)
}

/// Lists `name.weight` `[to, from]` and its bias, unless nothing has to be projected.
pub fn projection(list: &mut WeightList, name: &str, (from, to): (u64, u64), std: f64) {
    if from != to {
        list.linear(name, [to, from], std);
    }
}
