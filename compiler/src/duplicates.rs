//! Members of a sweep that are the same experiment, however their values are written.

use crate::codes;
use crate::eval::{Evaluator, Fields, Value};
use crate::program::overrides::{Change, Member, Target};
use regimen_base::Diagnostic;
use regimen_grammar::ast::ExprKind;
use std::fmt::Write as _;

/// Everything that the changes of a member reach, without how it is written; None if it cannot be known.
pub fn values(eval: &Evaluator<'_>, changes: &[Change]) -> Option<String> {
    let mut text = String::new();
    for change in changes {
        match &change.target {
            Target::Field(id, _) => fields(&eval.fields(*id).ok()?, &mut text)?,
            // What stands in braces has a meaning only where it is used.
            Target::Let(_, expr) if matches!(expr.kind, ExprKind::Record(_) | ExprKind::Tagged { .. }) => {
                let written = eval.program.sources.slice(expr.span);
                text.extend(written.split_whitespace());
            }
            Target::Let(id, expr) => value(&eval.let_value(*id, expr.span).ok()?, &mut text)?,
        }
        text.push(';');
    }
    Some(text)
}

/// Says which value of a member is the one of an earlier member.
pub fn equal(member: &Member, earlier: &Member) -> Option<Diagnostic> {
    let mut pairs = member.changes.iter().zip(&earlier.changes);
    let (now, before) = pairs.find(|(now, before)| now.value_span() != before.value_span())?;
    Some(codes::e0313::equal_values(&now.path, now.value_span(), before.value_span()))
}

fn fields(fields: &Fields, out: &mut String) -> Option<()> {
    let _ = write!(out, "{:?}{{", fields.type_name);
    for (name, entry) in &fields.entries {
        let _ = write!(out, "{name}=");
        value(&entry.as_ref().ok()?.value, out)?;
        out.push(',');
    }
    out.push('}');
    Some(())
}

fn value(of: &Value, out: &mut String) -> Option<()> {
    let _ = match of {
        Value::Quantity(q) => write!(out, "{} {:?}", q.value, q.dimension),
        Value::Text(text) => write!(out, "{text:?}"),
        Value::Bool(yes) => write!(out, "{yes}"),
        Value::Word(word) => write!(out, "{word}"),
        Value::Object(id) => write!(out, "@{}", id.0),
        Value::Split(id, part) => write!(out, "@{}.{part:?}", id.0),
        Value::Checkpoint(id, which) => write!(out, "@{}.{which:?}", id.0),
        Value::List(items) => {
            out.push('[');
            for item in items {
                value(&item.value, out)?;
                out.push(',');
            }
            write!(out, "]")
        }
        Value::Fields(inner) => {
            fields(inner, out)?;
            Ok(())
        }
        Value::Map(entries) => {
            out.push('<');
            for entry in entries {
                let _ = write!(out, "{:?}=", entry.name.node);
                value(&entry.checked.value, out)?;
                out.push(',');
            }
            write!(out, ">")
        }
    };
    Some(())
}
