//! A mix of datasets.

use super::{CLEAN, DataType, FOLD, FOLDS, NEAR_DUPLICATES, SPLIT};
use crate::codes;
use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::quantity::{Dimension, Quantity, number};
use crate::schema::{Bound, Field, Number, Ty, Type};
use num_traits::ToPrimitive;
use regimen_base::Span;
use regimen_base::data::{Format, Mixing, Share, Source, Weights};

/// The type.
pub static MIX: DataType = DataType { schema: &TYPE, read };

static TYPE: Type = Type {
    name: "mix",
    doc: "Several datasets of text, or several of conversations, that samples are drawn from in turn. A source that has a `split` of its own keeps its parts, the `split` of the mix divides the others; what is equal or nearly equal in two sources is in the same part.",
    fields: &[
        Field::required(
            "sources",
            Ty::Map {
                of: &Ty::Number(Number::of(&[Dimension::NONE, Dimension::EPOCHS])),
                keys: Some("data"),
            },
            "Datasets and their weights. Shares, 100 % together: of tokens when training, of bytes when training a tokenizer. Or epochs: how often each is seen in one epoch of the mix.",
        ),
        Field::with(
            "temperature",
            Ty::Number(Number::plain().from(Bound::Beyond(0))),
            "1",
            "Shares are raised to 1/temperature and made 100 % together again: more than 1 makes small sources larger.",
        ),
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};

/// What the weights of a mix are.
///
/// # Errors
/// If that was reported.
pub fn mixing(fields: &Fields) -> Result<Mixing, Stop> {
    let all = fields.objects_with_shares("sources")?;
    let epochs = all.iter().any(|(_, _, weight)| weight.dimension == Dimension::EPOCHS);
    let weights = if epochs { Weights::Epochs } else { Weights::Shares };
    Ok(Mixing { weights, temperature: fields.f64("temperature")? })
}

/// The sources of the parts, each with its weight in the whole.
fn read(eval: &Evaluator<'_>, _: ObjectId, fields: &Fields) -> Result<Vec<Source>, Stop> {
    let weights = mixing(fields)?.weights;
    let parts = fields.objects_with_shares("sources")?;
    let mut all: Vec<Source> = vec![];
    for (name, part, share) in parts {
        if (share.dimension == Dimension::EPOCHS) != (weights == Weights::Epochs) {
            return Err(eval.report(codes::e0462::shares_and_epochs(name.span)));
        }
        if is_cleaned_mix(eval, part)? {
            return Err(eval.report(codes::e0440::steps_inside(&name.node, name.span)));
        }
        if eval.dataset_is_labelled(part)? {
            return Err(eval.report(codes::e0451::labelled_part(&name.node, name.span)));
        }
        fits(eval, part, weights, &name.node, name.span)?;
        let division = eval.own_division(part)?;
        for source in eval.data_sources(part)? {
            if let Some(why) = all.first().and_then(|first| differ(&first.format, &source.format)) {
                let first = all.first().map_or("", |s| s.name.as_str());
                return Err(eval.report(codes::e0462::other_kind(first, &source.name, why, name.span)));
            }
            let whole = Quantity::plain(ratio(source.share) * share.value.clone());
            let division = source.division.clone().or_else(|| division.clone());
            all.push(Source { share: exact(&whole).ok_or(Stop::Reported)?, division, ..source });
        }
    }
    Ok(all)
}

/// Refuses parts whose weights or order have no meaning in a mix.
fn fits(eval: &Evaluator<'_>, part: ObjectId, weights: Weights, name: &str, at: Span) -> Result<(), Stop> {
    let fields = eval.fields(part)?;
    if let Some(ordered) = fields.known("ordered_by") {
        return Err(eval.report(codes::e0462::ordered(name, at, ordered.span)));
    }
    if fields.type_name == Some(TYPE.name) {
        let inner = mixing(&fields)?;
        if inner.weights != weights || inner.temperature != 1.0 {
            return Err(eval.report(codes::e0462::other_weights(name, at)));
        }
    }
    Ok(())
}

/// Why sources of these formats cannot be mixed, as the end of a sentence.
fn differ(one: &Format, other: &Format) -> Option<&'static str> {
    match (one, other) {
        (Format::Chats(a), Format::Chats(b)) if a.chat_template != b.chat_template => {
            Some("is rendered by another chat template")
        }
        (Format::Chats(a), Format::Chats(b)) if a.train_on != b.train_on => Some("has other turns as labels"),
        (Format::Chats(_), Format::Chats(_)) => None,
        (Format::Chats(_), _) | (_, Format::Chats(_)) => Some("holds another kind of records"),
        _ => None,
    }
}

/// Whether a part is a mix with steps of its own. Sources of mixes inside mixes stand side by side, so such steps would have
/// nothing to apply to.
fn is_cleaned_mix(eval: &Evaluator<'_>, part: ObjectId) -> Result<bool, Stop> {
    let fields = eval.fields(part)?;
    Ok(fields.type_name == Some(TYPE.name) && fields.get("clean")?.is_some())
}

fn ratio(share: Share) -> num_rational::BigRational {
    num_rational::BigRational::new(share.numerator.into(), share.denominator.into())
}

/// The share as two machine integers; a share too fine for them is rounded to a billionth.
pub fn exact(share: &Quantity) -> Option<Share> {
    let direct = |v: &num_rational::BigRational| {
        Some(Share { numerator: v.numer().to_u64()?, denominator: v.denom().to_u64()? })
    };
    direct(&share.value).or_else(|| {
        let billion = num_rational::BigRational::from(number::ten_to(9));
        direct(&((&share.value * &billion).round() / billion))
    })
}
