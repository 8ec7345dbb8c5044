//! Expressions: operators and functions over values.

use super::{Evaluator, ObjectId, Stop, Value};
use crate::codes;
use crate::program::ScopeId;
use crate::quantity::{Failure, Quantity};
use num_rational::BigRational;
use num_traits::Signed;
use regimen_base::Span;
use regimen_grammar::ast::{BinaryOp, Expr, ExprKind, Ident, Spanned, UnaryOp};

/// Whose names an expression may use.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The file.
    pub scope: ScopeId,
    /// The declaration that `self` means; only the schema's defaults use it.
    pub owner: Option<ObjectId>,
}

/// The functions of the language: name, what they do.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("min", "the smallest of its arguments"),
    ("max", "the largest of its arguments"),
    ("abs", "without the sign"),
    ("floor", "the largest whole number not above, in the unit as written"),
    ("ceil", "the smallest whole number not below, in the unit as written"),
    ("round", "the nearest whole number, halves away from zero, in the unit as written"),
];

impl Evaluator<'_> {
    /// The value of an expression, whatever it is.
    pub fn eval(&self, expr: &Expr, context: Context) -> Result<Value, Stop> {
        self.deeper(expr.span, || match &expr.kind {
            ExprKind::Number(number) => self.literal(number, expr.span).map(Value::Quantity),
            ExprKind::Text(text) => Ok(Value::Text(text.clone())),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Path(path) => self.path(path, context),
            ExprKind::List(items) => self.list(items, expr.span, context),
            ExprKind::Record(_) | ExprKind::Tagged { .. } => {
                let found = "fields in braces";
                Err(self.report(codes::e0305::wrong_type("a value to compute with", found, expr.span)))
            }
            ExprKind::Unary { op, operand } => self.unary(op, operand, context),
            ExprKind::Binary { op, left, right } => self.binary(op, left, right, context, expr.span),
            ExprKind::Call { function, arguments } => self.call(function, arguments, context),
            ExprKind::Paren(inner) => self.eval(inner, context),
        })
    }

    /// A number, or a report that it is none.
    pub(super) fn number(&self, expr: &Expr, context: Context) -> Result<Quantity, Stop> {
        match self.eval(expr, context)? {
            Value::Quantity(quantity) => Ok(quantity),
            other => Err(self.report(codes::e0305::wrong_type("a number", &other.describe(), expr.span))),
        }
    }

    /// Yes or no, or a report that it is neither.
    pub fn truth(&self, expr: &Expr, context: Context) -> Result<bool, Stop> {
        match self.eval(expr, context)? {
            Value::Bool(value) => Ok(value),
            other => {
                let wanted = "`true` or `false`, or a comparison";
                Err(self.report(codes::e0305::wrong_type(wanted, &other.describe(), expr.span)))
            }
        }
    }

    fn list(&self, items: &[Expr], span: Span, context: Context) -> Result<Value, Stop> {
        self.count_elements(items.len(), span)?;
        let mut values = vec![];
        let mut stop = None;
        for item in items {
            match self.eval(item, context) {
                Ok(value) => values.push(super::Checked {
                    value,
                    span: item.span,
                    origin: crate::program::Origin::Written,
                }),
                Err(why) => stop = Some(why),
            }
        }
        stop.map_or(Ok(Value::List(values)), Err)
    }

    fn unary(&self, op: &Spanned<UnaryOp>, operand: &Expr, context: Context) -> Result<Value, Stop> {
        match op.node {
            UnaryOp::Negate => Ok(Value::Quantity(self.number(operand, context)?.map(|v| -v))),
            UnaryOp::Not => Ok(Value::Bool(!self.truth(operand, context)?)),
        }
    }

    fn binary(
        &self,
        op: &Spanned<BinaryOp>,
        left: &Expr,
        right: &Expr,
        context: Context,
        span: Span,
    ) -> Result<Value, Stop> {
        match op.node {
            BinaryOp::Or | BinaryOp::And => {
                let (a, b) = (self.truth(left, context), self.truth(right, context));
                let (a, b) = (a?, b?);
                Ok(Value::Bool(if op.node == BinaryOp::Or { a || b } else { a && b }))
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let (a, b) = (self.eval(left, context), self.eval(right, context));
                let equal = self.equal(&a?, &b?, op.span, span)?;
                Ok(Value::Bool(equal == (op.node == BinaryOp::Equal)))
            }
            BinaryOp::Less | BinaryOp::AtMost | BinaryOp::Greater | BinaryOp::AtLeast => {
                let (a, b) = self.numbers(left, right, context)?;
                self.same_dimension(&a, &b, op.span, span)?;
                Ok(Value::Bool(match op.node {
                    BinaryOp::Less => a.value < b.value,
                    BinaryOp::AtMost => a.value <= b.value,
                    BinaryOp::Greater => a.value > b.value,
                    _ => a.value >= b.value,
                }))
            }
            _ => {
                let (a, b) = self.numbers(left, right, context)?;
                let result = match op.node {
                    BinaryOp::Add => a.add(&b),
                    BinaryOp::Subtract => a.subtract(&b),
                    BinaryOp::Multiply => a.multiply(&b),
                    BinaryOp::Divide => a.divide(&b),
                    _ => a.power(&b),
                };
                result.map(Value::Quantity).map_err(|why| self.failed(why, &a, &b, op.span, span))
            }
        }
    }

    /// Both sides, so that mistakes in both are reported.
    fn numbers(&self, left: &Expr, right: &Expr, context: Context) -> Result<(Quantity, Quantity), Stop> {
        let (a, b) = (self.number(left, context), self.number(right, context));
        Ok((a?, b?))
    }

    fn equal(&self, a: &Value, b: &Value, op: Span, span: Span) -> Result<bool, Stop> {
        match (a, b) {
            (Value::Quantity(a), Value::Quantity(b)) => {
                self.same_dimension(a, b, op, span)?;
                Ok(a.value == b.value)
            }
            (Value::Text(a), Value::Text(b)) | (Value::Word(a), Value::Word(b)) => Ok(a == b),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            (Value::Object(a), Value::Object(b)) => Ok(a == b),
            (Value::Split(a, x), Value::Split(b, y)) | (Value::Checkpoint(a, x), Value::Checkpoint(b, y)) => {
                Ok(a == b && x == y)
            }
            (Value::List(_), Value::List(_))
            | (Value::Fields(_) | Value::Map(_), Value::Fields(_) | Value::Map(_)) => {
                Err(self.report(codes::e0305::not_comparable(&a.describe(), span)))
            }
            _ => {
                let found = format!("{} and {}", a.describe(), b.describe());
                Err(self.report(codes::e0305::wrong_type("two values of the same type", &found, span)))
            }
        }
    }

    fn same_dimension(&self, a: &Quantity, b: &Quantity, op: Span, span: Span) -> Result<(), Stop> {
        if a.dimension == b.dimension {
            return Ok(());
        }
        Err(self.report(codes::e0304::unlike("compare", a, b, op, span)))
    }

    fn failed(&self, why: Failure, a: &Quantity, b: &Quantity, op: Span, span: Span) -> Stop {
        self.report(match why {
            Failure::Dimensions => codes::e0304::unlike("add or subtract", a, b, op, span),
            Failure::Zero => codes::e0309::division_by_zero(span),
            Failure::Size => codes::e0308::too_large(span),
            Failure::Exponent => codes::e0310::exponent(b, span),
        })
    }

    fn call(&self, function: &Ident, arguments: &[Expr], context: Context) -> Result<Value, Stop> {
        if !FUNCTIONS.iter().any(|(name, _)| *name == function.node) {
            return Err(self.report(codes::e0221::unknown_function(function)));
        }
        let several = matches!(function.node.as_str(), "min" | "max");
        let fits = if several { !arguments.is_empty() } else { arguments.len() == 1 };
        if !fits {
            let wanted = if several { "one or more arguments" } else { "one argument" };
            return Err(self.report(codes::e0221::wrong_arguments(function, wanted, arguments.len())));
        }
        let values: Vec<_> = arguments.iter().map(|a| self.number(a, context)).collect();
        let values: Vec<Quantity> = values.into_iter().collect::<Result<_, _>>()?;
        self.apply(function, arguments, &values).map(Value::Quantity)
    }

    fn apply(&self, function: &Ident, arguments: &[Expr], values: &[Quantity]) -> Result<Quantity, Stop> {
        let mut result = values.first().cloned().ok_or(Stop::Reported)?;
        for (value, argument) in values.iter().zip(arguments).skip(1) {
            self.same_dimension(&result, value, function.span, argument.span)?;
            let better =
                if function.node == "min" { value.value < result.value } else { value.value > result.value };
            if better {
                result = value.clone();
            }
        }
        Ok(match function.node.as_str() {
            "abs" => result.map(BigRational::abs),
            "floor" => result.round(BigRational::floor),
            "ceil" => result.round(BigRational::ceil),
            "round" => result.round(BigRational::round),
            _ => result,
        })
    }
}
