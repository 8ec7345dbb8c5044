//! Strategies for trees. Their spans mean nothing.

use proptest::prelude::*;
use regimen_base::{FileId, Span};
use regimen_grammar::ast::*;

fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

fn spanned<T>(node: T) -> Spanned<T> {
    Spanned { node, span: span() }
}

fn made(kind: ExprKind) -> Expr {
    Expr { kind, span: span() }
}

const KEYWORDS: [&str; 10] = ["and", "or", "not", "with", "as", "true", "false", "import", "let", "assert"];

fn word() -> impl Strategy<Value = String> {
    // Words that begin with keywords, and short ones that look like scales and exponents, come up often.
    prop_oneof!["[a-zA-Z_][a-z0-9_]{0,6}", "(or|not|let|as|e|k|M|B|T)[a-z0-9_]{0,2}"]
        .prop_filter("a keyword", |w| !KEYWORDS.contains(&w.as_str()))
}

fn ident() -> impl Strategy<Value = Ident> {
    word().prop_map(spanned)
}

fn path() -> impl Strategy<Value = Path> {
    prop::collection::vec(ident(), 1..4).prop_map(|parts| Path { parts, span: span() })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", Just("line\nbreak\t\\\"#{".to_owned())]
}

fn unit() -> impl Strategy<Value = String> {
    prop_oneof![prop::collection::vec(word(), 1..3).prop_map(|words| words.join("/")), Just("%".to_owned())]
}

fn number() -> impl Strategy<Value = Number> {
    let digits = "[0-9]{1,6}(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?";
    let scale = prop::sample::select(vec!['k', 'M', 'B', 'T']);
    let plain = (digits, prop::option::of(scale.clone()), prop::option::of(unit())).prop_map(
        |(digits, scale, unit)| {
            // Scale and percent exclude each other in the grammar's spirit, but not in its letter.
            Number { digits, dollar: false, scale: scale.map(spanned), unit: unit.map(spanned) }
        },
    );
    let per = prop::collection::vec(word(), 1..3).prop_map(|words| format!("/{}", words.join("/")));
    let money = (digits, prop::option::of(scale), prop::option::of(per)).prop_map(|(digits, scale, unit)| {
        Number { digits, dollar: true, scale: scale.map(spanned), unit: unit.map(spanned) }
    });
    prop_oneof![3 => plain, 1 => money]
}

fn body_of(value: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Body> {
    let relation =
        prop::sample::select(vec![Relation::Is, Relation::Is, Relation::AtMost, Relation::AtLeast]);
    let entry = (path(), relation, value).prop_map(|(path, relation, value)| Entry {
        path,
        relation: spanned(relation),
        value,
        span: span(),
    });
    prop::collection::vec(entry, 0..4).prop_map(|entries| Body { entries, span: span() })
}

const OPERATORS: [BinaryOp; 13] = [
    BinaryOp::Or,
    BinaryOp::And,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Less,
    BinaryOp::AtMost,
    BinaryOp::Greater,
    BinaryOp::AtLeast,
    BinaryOp::Add,
    BinaryOp::Subtract,
    BinaryOp::Multiply,
    BinaryOp::Divide,
    BinaryOp::Power,
];

fn power(op: BinaryOp) -> usize {
    match OPERATORS.iter().position(|o| *o == op).unwrap_or(0) {
        at @ 0..=1 => at,
        2..=7 => 3,
        8..=9 => 4,
        10..=11 => 5,
        _ => 6,
    }
}

/// Puts an operand of `op` into parentheses unless it binds more tightly.
fn operand(op: BinaryOp, expr: Expr) -> Box<Expr> {
    let loose = match &expr.kind {
        ExprKind::Unary { .. } => true,
        ExprKind::Binary { op: inner, .. } => power(inner.node) <= power(op),
        _ => false,
    };
    Box::new(if loose { made(ExprKind::Paren(Box::new(expr))) } else { expr })
}

fn unary(op: UnaryOp, inner: Expr) -> Expr {
    let simple = !matches!(inner.kind, ExprKind::Binary { .. });
    let inner = if simple { inner } else { made(ExprKind::Paren(Box::new(inner))) };
    made(ExprKind::Unary { op: spanned(op), operand: Box::new(inner) })
}

fn expr() -> impl Strategy<Value = Expr> + Clone {
    let leaf = prop_oneof![
        number().prop_map(ExprKind::Number),
        text().prop_map(ExprKind::Text),
        any::<bool>().prop_map(ExprKind::Bool),
        path().prop_map(ExprKind::Path),
    ]
    .prop_map(made);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let values = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            values.clone().prop_map(|values| made(ExprKind::List(values))),
            body_of(inner.clone()).prop_map(|body| made(ExprKind::Record(body))),
            (ident(), body_of(inner.clone())).prop_map(|(tag, body)| made(ExprKind::Tagged { tag, body })),
            (prop::sample::select(vec![UnaryOp::Negate, UnaryOp::Not]), inner.clone())
                .prop_map(|(op, inner)| unary(op, inner)),
            (prop::sample::select(OPERATORS.to_vec()), inner.clone(), inner.clone()).prop_map(
                |(op, left, right)| {
                    made(ExprKind::Binary {
                        op: spanned(op),
                        left: operand(op, left),
                        right: operand(op, right),
                    })
                }
            ),
            (ident(), values).prop_map(|(function, arguments)| made(ExprKind::Call { function, arguments })),
            inner.prop_map(|inner| made(ExprKind::Paren(Box::new(inner)))),
        ]
    })
    .boxed()
}

fn item() -> impl Strategy<Value = Item> {
    let body = || body_of(expr());
    prop_oneof![
        (text(), ident()).prop_map(|(path, alias)| Item::Import { path: spanned(path), alias, span: span() }),
        (ident(), expr()).prop_map(|(name, value)| Item::Let { name, value, span: span() }),
        (ident(), ident(), prop::option::of(ident()), body()).prop_map(|(kind, name, type_name, body)| {
            Item::Declare(Declaration { kind, name, type_name, body, span: span() })
        }),
        (ident(), ident(), path(), body()).prop_map(|(kind, name, base, body)| Item::Derive(Derivation {
            kind,
            name,
            base,
            body,
            span: span()
        })),
        (expr(), prop::option::of(text())).prop_map(|(condition, message)| Item::Assert {
            condition,
            message: message.map(spanned),
            span: span()
        }),
    ]
}

pub fn ast() -> impl Strategy<Value = Ast> {
    prop::collection::vec(item(), 0..6).prop_map(|items| Ast { items })
}
