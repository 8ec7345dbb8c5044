//! Expressions back to text, with the names that they have in the whole experiment.

use crate::program::{Named, ObjectId, Program, ScopeId, What};
use regimen_grammar::ast::{BinaryOp, Body, Expr, ExprKind, Ident, Number, Path, Relation, UnaryOp};

/// Prints expressions of one file.
#[derive(Clone, Copy, Debug)]
pub struct Printer<'a> {
    /// Where names are looked up.
    pub program: &'a Program,
    /// The file.
    pub scope: ScopeId,
    /// What `self` means, in defaults.
    pub owner: Option<ObjectId>,
}

impl Printer<'_> {
    /// An expression on one line.
    pub fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number(number) => self::number(number),
            ExprKind::Text(text) => quoted(text),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Path(path) => self.path(path),
            ExprKind::List(items) => format!("[{}]", self.all(items)),
            ExprKind::Record(body) => self.body(body),
            ExprKind::Tagged { tag, body } => format!("{} {}", tag.node, self.body(body)),
            ExprKind::Unary { op, operand } => {
                let sign = if op.node == UnaryOp::Not { "not " } else { "-" };
                format!("{sign}{}", self.expr(operand))
            }
            ExprKind::Binary { op, left, right } => {
                format!("{} {} {}", self.expr(left), operator(op.node), self.expr(right))
            }
            ExprKind::Call { function, arguments } => format!("{}({})", function.node, self.all(arguments)),
            ExprKind::Paren(inner) => format!("({})", self.expr(inner)),
        }
    }

    /// A path under the names of the whole experiment.
    pub fn path(&self, path: &Path) -> String {
        let names = |parts: &[Ident]| parts.iter().map(|p| p.node.clone()).collect::<Vec<_>>();
        let is_self = path.parts.first().is_some_and(|p| p.node == "self");
        let (first, used) = match (self.owner, self.program.lookup(self.scope, &path.parts)) {
            (Some(owner), _) if is_self => (self.program.object(owner).flat.clone(), 1),
            (_, Some((Named { what: What::Object(id), .. }, used))) => {
                (self.program.object(id).flat.clone(), used)
            }
            (_, Some((Named { what: What::Let(id), .. }, used))) => {
                (self.program.lets[id.0 as usize].flat.clone(), used)
            }
            _ => return names(&path.parts).join("."),
        };
        let rest = names(path.parts.get(used..).unwrap_or(&[]));
        std::iter::once(first).chain(rest).collect::<Vec<_>>().join(".")
    }

    fn all(&self, items: &[Expr]) -> String {
        items.iter().map(|i| self.expr(i)).collect::<Vec<_>>().join(", ")
    }

    fn body(&self, body: &Body) -> String {
        if body.entries.is_empty() {
            return "{}".into();
        }
        let entry = |e: &regimen_grammar::ast::Entry| {
            let path: Vec<&str> = e.path.parts.iter().map(|p| p.node.as_str()).collect();
            format!("{} {} {}", path.join("."), relation(e.relation.node), self.expr(&e.value))
        };
        format!("{{ {} }}", body.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
    }
}

/// A text in double quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `=`, `<=`, `>=`.
pub fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Is => "=",
        Relation::AtMost => "<=",
        Relation::AtLeast => ">=",
    }
}

fn number(number: &Number) -> String {
    let dollar = if number.dollar { "$" } else { "" };
    let scale = number.scale.as_ref().map(|s| s.node.to_string()).unwrap_or_default();
    let unit = match number.unit.as_ref().map(|u| u.node.as_str()) {
        None => String::new(),
        Some("%") => "%".into(),
        Some(unit) if number.dollar => unit.to_string(),
        Some(unit) => format!(" {unit}"),
    };
    format!("{dollar}{}{scale}{unit}", number.digits)
}

fn operator(op: BinaryOp) -> &'static str {
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
