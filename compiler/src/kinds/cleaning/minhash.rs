//! Near-duplicates by MinHash and locality-sensitive hashing.

use super::{LEVEL, StepType, level};
use crate::quantity::Dimension;
use crate::schema::{Bound, Field, Number, Ty, Type};
use regimen_base::cleaning::{Minhash, Step};

/// The step.
pub static MINHASH: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(Step::Minhash(Minhash {
            level: level(fields)?,
            similarity: fields.f64("similarity")?,
            ngram: fields.u64("ngram")?,
            hashes: fields.u64("hashes")?,
        }))
    },
};

const SIMILARITY: Ty = Ty::Number(Number::of(&[Dimension::NONE]).from(Bound::Beyond(0)).up_to(Bound::At(1)));

static TYPE: Type = Type {
    name: "minhash",
    doc: "Drops what is nearly equal to something else (MinHash, locality-sensitive hashing); the first of each group stays.",
    fields: &[
        LEVEL,
        Field::with(
            "similarity",
            SIMILARITY,
            "0.72",
            "Jaccard similarity of n-grams around which pairs begin to be found; it decides into how many bands the hashes are divided, by default 14 of 8.",
        ),
        Field::with(
            "ngram",
            Ty::Number(Number::plain().whole().from(Bound::At(1)).up_to(Bound::At(100))),
            "5",
            "Words of an n-gram; what has fewer words is no duplicate.",
        ),
        Field::with(
            "hashes",
            Ty::Number(Number::plain().whole().from(Bound::At(1)).up_to(Bound::At(1_024))),
            "112",
            "Hashes of a signature, at most.",
        ),
    ],
};
