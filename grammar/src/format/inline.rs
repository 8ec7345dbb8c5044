//! Nodes on one line.

use crate::ast::{BinaryOp, Body, Entry, Expr, ExprKind, Number, Path, Relation, UnaryOp};
use regimen_base::Span;

/// What a span covers in the source.
pub fn source(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap_or("")
}

/// An expression on one line.
pub fn expr(text: &str, expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number(n) => number(text, expr.span, n),
        // The author's escapes are kept.
        ExprKind::Text(_) => source(text, expr.span).to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Path(p) => path(p),
        ExprKind::List(elements) => format!("[{}]", join(text, elements)),
        ExprKind::Record(b) => body(text, b),
        ExprKind::Tagged { tag, body: b } => format!("{} {}", tag.node, body(text, b)),
        ExprKind::Unary { op, operand } => format!("{}{}", unary(op.node), self::expr(text, operand)),
        ExprKind::Binary { op, left, right } => {
            format!("{} {} {}", self::expr(text, left), binary(op.node), self::expr(text, right))
        }
        ExprKind::Call { function, arguments } => format!("{}({})", function.node, join(text, arguments)),
        ExprKind::Paren(inner) => format!("({})", self::expr(text, inner)),
    }
}

fn join(text: &str, values: &[Expr]) -> String {
    values.iter().map(|value| expr(text, value)).collect::<Vec<_>>().join(", ")
}

/// A body on one line.
pub fn body(text: &str, body: &Body) -> String {
    if body.entries.is_empty() {
        return "{}".to_owned();
    }
    let entries: Vec<String> = body.entries.iter().map(|e| entry(text, e)).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn entry(text: &str, entry: &Entry) -> String {
    format!("{} {} {}", path(&entry.path), relation(entry.relation.node), expr(text, &entry.value))
}

/// Names between dots.
pub fn path(path: &Path) -> String {
    path.parts.iter().map(|part| part.node.as_str()).collect::<Vec<_>>().join(".")
}

/// A number with its digits as written and one space before a unit that is a word.
pub fn number(text: &str, span: Span, number: &Number) -> String {
    let unit_start = number.unit.as_ref().map_or(span.end, |unit| unit.span.start);
    let digits = source(text, Span { end: unit_start, ..span }).trim_end();
    match &number.unit {
        Some(unit) if unit.node.starts_with(['%', '/']) => format!("{digits}{}", unit.node),
        Some(unit) => format!("{digits} {}", unit.node),
        None => digits.to_owned(),
    }
}

/// A relation's sign.
pub fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Is => "=",
        Relation::AtMost => "<=",
        Relation::AtLeast => ">=",
    }
}

/// A prefix operator with the space that it needs.
pub fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Negate => "-",
        UnaryOp::Not => "not ",
    }
}

/// An infix operator.
pub fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::AtMost => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::AtLeast => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Power => "^",
    }
}
