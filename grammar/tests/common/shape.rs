//! A tree as text without places: equal texts mean equal trees up to spans.

use regimen_grammar::ast::*;

pub fn of(ast: &Ast) -> String {
    ast.items.iter().map(|i| item(i) + "\n").collect()
}

fn item(item: &Item) -> String {
    match item {
        Item::Import { path, alias, .. } => format!("import {:?} {}", path.node, alias.node),
        Item::Let { name, value, .. } => format!("let {} {}", name.node, expr(value)),
        Item::Declare(d) => {
            let type_name = d.type_name.as_ref().map(|t| t.node.as_str());
            format!("declare {} {} {type_name:?} {}", d.kind.node, d.name.node, body(&d.body))
        }
        Item::Derive(d) => {
            format!("derive {} {} {} {}", d.kind.node, d.name.node, path(&d.base), body(&d.body))
        }
        Item::Assert { condition, message, .. } => {
            format!("assert {} {:?}", expr(condition), message.as_ref().map(|m| &m.node))
        }
    }
}

fn path(path: &Path) -> String {
    path.parts.iter().map(|part| part.node.clone()).collect::<Vec<_>>().join(".")
}

fn body(body: &Body) -> String {
    let entry = |e: &Entry| format!("({} {:?} {})", path(&e.path), e.relation.node, expr(&e.value));
    format!("{{{}}}", body.entries.iter().map(entry).collect::<String>())
}

pub fn expr(value: &Expr) -> String {
    let all = |values: &[Expr]| values.iter().map(expr).collect::<Vec<_>>().join(" ");
    match &value.kind {
        ExprKind::Number(n) => {
            let (scale, unit) = (n.scale.as_ref().map(|s| s.node), n.unit.as_ref().map(|u| &u.node));
            format!("(number {} {} {scale:?} {unit:?})", n.digits, n.dollar)
        }
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Path(p) => format!("(path {})", path(p)),
        ExprKind::List(values) => format!("[{}]", all(values)),
        ExprKind::Record(b) => body(b),
        ExprKind::Tagged { tag, body: b } => format!("({} {})", tag.node, body(b)),
        ExprKind::Unary { op, operand } => format!("({:?} {})", op.node, expr(operand)),
        ExprKind::Binary { op, left, right } => format!("({:?} {} {})", op.node, expr(left), expr(right)),
        ExprKind::Call { function, arguments } => format!("(call {} {})", function.node, all(arguments)),
        ExprKind::Paren(inner) => format!("(paren {})", expr(inner)),
    }
}
