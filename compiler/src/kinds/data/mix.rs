//! A mix of datasets in declared shares.

use super::{CLEAN, DataType, FOLD, FOLDS, NEAR_DUPLICATES, SPLIT};
use crate::codes;
use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::quantity::{Quantity, number};
use crate::schema::{Field, Number, Ty, Type};
use num_traits::ToPrimitive;
use regimen_base::data::{Share, Source};

/// The type.
pub static MIX: DataType = DataType { schema: &TYPE, read };

static TYPE: Type = Type {
    name: "mix",
    doc: "Several datasets in declared shares: of tokens when training, of bytes when training a tokenizer.",
    fields: &[
        Field::required(
            "sources",
            Ty::Map { of: &Ty::Number(Number::share()), keys: Some("data") },
            "Datasets and their shares, 100 % together.",
        ),
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};

/// The sources of the parts, each with its share of the whole.
fn read(eval: &Evaluator<'_>, _: ObjectId, fields: &Fields) -> Result<Vec<Source>, Stop> {
    let mut all = vec![];
    for (name, part, share) in fields.objects_with_shares("sources")? {
        if is_cleaned_mix(eval, part)? {
            return Err(eval.report(codes::e0440::steps_inside(&name.node, name.span)));
        }
        if eval.dataset_is_labelled(part)? {
            return Err(eval.report(codes::e0451::labelled_part(&name.node, name.span)));
        }
        for source in eval.data_sources(part)? {
            let whole = Quantity::plain(ratio(source.share) * share.value.clone());
            all.push(Source { share: exact(&whole).ok_or(Stop::Reported)?, ..source });
        }
    }
    Ok(all)
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
