//! Expressions: a flat row of operands and operators becomes a tree.
//!
//! From loosest to tightest: `or`, `and`, `not`, comparisons, `+ -`, `* /`, prefix `-`, `^` (from the right).

use super::{Builder, Pair, Rule};
use crate::ast::{BinaryOp, Expr, ExprKind, Ident, Spanned, UnaryOp};
use crate::codes;
use crate::diagnose::Place;
use crate::limits;
use regimen_base::Span;
use std::iter::Peekable;
use std::vec::IntoIter;

/// One piece of the row.
enum Piece {
    Prefix(Spanned<UnaryOp>),
    Infix(Spanned<BinaryOp>),
    Operand(Expr),
}

type Pieces = Peekable<IntoIter<Piece>>;

impl<'t> Builder<'t> {
    /// An expression inside `depth` levels of others. Nothing if a part of it is unusable; that is reported.
    pub(super) fn expr(&mut self, pair: Pair<'t>, depth: usize) -> Option<Expr> {
        let span = self.span(&pair);
        let children: Vec<Pair<'t>> = pair.into_inner().filter(|p| p.as_rule() != Rule::comment).collect();
        // Every operator may become a level of the tree.
        let depth = depth + children.len().div_ceil(2);
        if depth > limits::EXPRESSION_DEPTH {
            self.report(codes::e0102::expression(span));
            return None;
        }
        let mut pieces = Vec::with_capacity(children.len());
        let mut complete = true;
        for child in children {
            match self.piece(child, depth) {
                Some(piece) => pieces.push(piece),
                None => complete = false,
            }
        }
        if complete { self.climb(&mut pieces.into_iter().peekable(), 0) } else { None }
    }

    fn piece(&mut self, pair: Pair<'t>, depth: usize) -> Option<Piece> {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::prefix => Some(Piece::Prefix(Spanned { node: prefix(pair.as_str()), span })),
            Rule::infix => Some(Piece::Infix(Spanned { node: infix(pair.as_str()), span })),
            _ => self.term(pair, depth).map(Piece::Operand),
        }
    }

    /// Takes from the row what binds at least as tightly as `least`.
    fn climb(&mut self, pieces: &mut Pieces, least: u8) -> Option<Expr> {
        let mut left = match pieces.next()? {
            Piece::Operand(expr) => expr,
            Piece::Prefix(op) => {
                let operand = Box::new(self.climb(pieces, prefix_power(op.node))?);
                let span = op.span.to(operand.span);
                Expr { kind: ExprKind::Unary { op, operand }, span }
            }
            Piece::Infix(_) => return None,
        };
        let mut compared: Option<Span> = None;
        while let Some(op) = next_infix(pieces, least) {
            pieces.next();
            let power = infix_power(op.node);
            let right = self.climb(pieces, if op.node == BinaryOp::Power { power } else { power + 1 })?;
            if power == COMPARISON {
                if let Some(first) = compared {
                    self.report(codes::e0119::chained(first, op.span, left.span.to(right.span)));
                }
                compared = Some(op.span);
            }
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) }, span };
        }
        Some(left)
    }

    fn term(&mut self, pair: Pair<'t>, depth: usize) -> Option<Expr> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::number => ExprKind::Number(self.number(pair)),
            Rule::text => ExprKind::Text(self.text(&pair).node),
            Rule::boolean => ExprKind::Bool(pair.as_str() == "true"),
            Rule::list => ExprKind::List(self.values(pair, depth, Place::List)),
            Rule::body => ExprKind::Record(self.body(pair, depth)),
            Rule::paren => ExprKind::Paren(Box::new(self.paren(pair, depth)?)),
            _ => return self.reference(pair, depth),
        };
        Some(Expr { kind, span })
    }

    /// `gpt2.params`, `adamw { … }`, `min(a, b)`
    fn reference(&mut self, pair: Pair<'t>, depth: usize) -> Option<Expr> {
        let span = self.span(&pair);
        let mut children = pair.into_inner();
        let path = self.path(children.next()?);
        let Some(next) = children.next() else { return Some(Expr { kind: ExprKind::Path(path), span }) };
        if path.parts.len() > 1 {
            self.report(codes::e0123::dotted(path.span, next.as_rule() == Rule::body));
        }
        let word: Ident = path.parts.into_iter().next_back()?;
        let kind = match next.as_rule() {
            Rule::body => ExprKind::Tagged { tag: word, body: self.body(next, depth) },
            _ => ExprKind::Call { function: word, arguments: self.values(next, depth, Place::Arguments) },
        };
        Some(Expr { kind, span })
    }

    fn paren(&mut self, pair: Pair<'t>, depth: usize) -> Option<Expr> {
        let span = self.span(&pair);
        let (mut inner, mut skipped) = (None, false);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr_free => inner = self.expr(child, depth + 1),
                Rule::rest_in_parens => {
                    skipped = true;
                    let span = self.span(&child);
                    self.skipped(span, Place::Parens);
                }
                _ => {}
            }
        }
        if inner.is_none() && !skipped && span.end - span.start == 2 {
            self.report(codes::e0114::empty(span));
        }
        inner
    }

    /// The values of a list or of a call.
    fn values(&mut self, pair: Pair<'t>, depth: usize, place: Place) -> Vec<Expr> {
        let mut values = vec![];
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr | Rule::expr_free => values.extend(self.expr(child, depth + 1)),
                Rule::rest | Rule::junk_value => {
                    let span = self.span(&child);
                    self.skipped(span, place);
                }
                Rule::extra_comma => self.extra_comma(&child),
                _ => {}
            }
        }
        values
    }
}

const COMPARISON: u8 = 4;

fn next_infix(pieces: &mut Pieces, least: u8) -> Option<Spanned<BinaryOp>> {
    match pieces.peek() {
        Some(Piece::Infix(op)) if infix_power(op.node) >= least => Some(op.clone()),
        _ => None,
    }
}

fn prefix_power(op: UnaryOp) -> u8 {
    match op {
        UnaryOp::Not => 3,
        UnaryOp::Negate => 7,
    }
}

fn infix_power(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::AtMost
        | BinaryOp::Greater
        | BinaryOp::AtLeast => COMPARISON,
        BinaryOp::Add | BinaryOp::Subtract => 5,
        BinaryOp::Multiply | BinaryOp::Divide => 6,
        BinaryOp::Power => 8,
    }
}

fn prefix(written: &str) -> UnaryOp {
    if written == "-" { UnaryOp::Negate } else { UnaryOp::Not }
}

/// Operators of other languages are read as what they mean there; their tokens were reported.
fn infix(written: &str) -> BinaryOp {
    match written {
        "or" | "||" | "|" => BinaryOp::Or,
        "and" | "&&" | "&" => BinaryOp::And,
        "==" | "===" => BinaryOp::Equal,
        "!=" | "!==" | "<>" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" | "=<" => BinaryOp::AtMost,
        ">" => BinaryOp::Greater,
        ">=" | "=>" => BinaryOp::AtLeast,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        _ => BinaryOp::Power,
    }
}
