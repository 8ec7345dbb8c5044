//! Prints a tree with a layout drawn from a seed: line breaks, blanks, commas and comments wherever they may
//! stand.

use regimen_grammar::ast::*;

/// The text and how many comments are in it.
pub fn sprinkled(ast: &Ast, seed: u64) -> (String, usize) {
    let mut printer = Printer { out: String::new(), random: seed, comments: 0, free: 0 };
    for item in &ast.items {
        printer.item(item);
        printer.line_end();
    }
    (printer.out, printer.comments)
}

struct Printer {
    out: String,
    random: u64,
    comments: usize,
    /// How many parentheses are open directly around, where line breaks mean nothing.
    free: usize,
}

impl Printer {
    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.random >> 33) % below
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Blanks that may be missing.
    fn maybe(&mut self) {
        let blanks = ["", " ", "  ", "\t"][self.draw(4) as usize];
        self.push(blanks);
    }

    fn blank(&mut self) {
        let blanks = [" ", "  ", " \t"][self.draw(3) as usize];
        self.push(blanks);
    }

    /// At least one line break, with comments and empty lines.
    fn line_end(&mut self) {
        for _ in 0..=self.draw(3) {
            self.maybe();
            if self.draw(3) == 0 {
                self.comments += 1;
                let comment = format!("# c{} {{ \" [", self.comments);
                self.push(&comment);
            }
            let line_break = if self.draw(5) == 0 { "\r\n" } else { "\n" };
            self.push(line_break);
        }
        self.push(" ");
    }

    /// Where a line break may stand.
    fn gap(&mut self) {
        if self.draw(4) == 0 { self.line_end() } else { self.maybe() }
    }

    fn separator(&mut self, last: bool) {
        match self.draw(3) {
            0 if !last => {
                self.maybe();
                self.push(",");
                self.gap();
            }
            1 => {
                self.push(" ,");
                self.line_end();
            }
            _ if last => self.gap(),
            _ => self.line_end(),
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Import { path, alias, .. } => {
                self.push("import ");
                self.text(&path.node);
                self.push(" as ");
                self.push(&alias.node);
            }
            Item::Let { name, value, .. } => {
                self.push(&format!("let {}", name.node));
                self.maybe();
                self.push("=");
                self.maybe();
                self.expr(value);
            }
            Item::Declare(d) => {
                self.push(&format!("{} {}", d.kind.node, d.name.node));
                if let Some(type_name) = &d.type_name {
                    self.maybe();
                    self.push(":");
                    self.maybe();
                    self.push(&type_name.node);
                }
                self.gap();
                self.body(&d.body);
            }
            Item::Derive(d) => {
                self.push(&format!("{} {} =", d.kind.node, d.name.node));
                self.maybe();
                self.path(&d.base);
                self.blank();
                self.push("with");
                self.gap();
                self.body(&d.body);
            }
            Item::Assert { condition, message, .. } => {
                self.push("assert ");
                self.expr(condition);
                if let Some(message) = message {
                    self.gap();
                    self.text(&message.node);
                }
            }
        }
    }

    fn body(&mut self, body: &Body) {
        let free = std::mem::take(&mut self.free);
        self.push("{");
        self.gap();
        for (index, entry) in body.entries.iter().enumerate() {
            self.path(&entry.path);
            self.maybe();
            self.push(match entry.relation.node {
                Relation::Is => "=",
                Relation::AtMost => "<=",
                Relation::AtLeast => ">=",
            });
            self.maybe();
            self.expr(&entry.value);
            self.separator(index + 1 == body.entries.len());
        }
        self.push("}");
        self.free = free;
    }

    fn path(&mut self, path: &Path) {
        let names: Vec<&str> = path.parts.iter().map(|part| part.node.as_str()).collect();
        self.push(&names.join("."));
    }

    fn text(&mut self, text: &str) {
        self.push("\"");
        for c in text.chars() {
            match c {
                '"' => self.push("\\\""),
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                c if self.draw(8) == 0 => self.push(&format!("\\u{{{:x}}}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.push("\"");
    }

    fn number(&mut self, number: &Number) {
        self.push(if number.dollar { "$" } else { "" });
        self.push(&number.digits);
        let Some(unit) = &number.unit else {
            return self.push(&number.scale.as_ref().map_or(String::new(), |s| s.node.to_string()));
        };
        match &number.scale {
            Some(scale) => {
                self.out.push(scale.node);
                self.push(if number.dollar { "" } else { " " });
            }
            None if number.dollar || unit.node == "%" => {}
            // Without a blank `5k` and `5e3` would be read otherwise.
            None => self.blank(),
        }
        self.push(&unit.node);
    }

    /// Where a line break may stand only inside parentheses.
    fn before_operator(&mut self) {
        if self.free > 0 {
            self.gap()
        } else {
            self.maybe()
        }
        self.push(" ");
    }

    fn values(&mut self, values: &[Expr]) {
        self.gap();
        for (index, value) in values.iter().enumerate() {
            self.expr(value);
            self.separator(index + 1 == values.len());
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number(number) => self.number(number),
            ExprKind::Text(text) => self.text(text),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::Path(path) => self.path(path),
            ExprKind::List(values) => {
                let free = std::mem::take(&mut self.free);
                self.push("[");
                self.values(values);
                self.push("]");
                self.free = free;
            }
            ExprKind::Record(body) => self.body(body),
            ExprKind::Tagged { tag, body } => {
                self.push(&tag.node);
                self.maybe();
                self.body(body);
            }
            ExprKind::Unary { op, operand } => {
                self.push(if op.node == UnaryOp::Negate { "-" } else { "not " });
                self.maybe();
                self.expr(operand);
            }
            ExprKind::Binary { op, left, right } => {
                self.expr(left);
                self.before_operator();
                self.push(sign(op.node));
                self.gap();
                self.push(" ");
                self.expr(right);
            }
            ExprKind::Call { function, arguments } => {
                // Between arguments a line break separates, as in a list; inside one it means nothing, so a
                // following argument needs a comma: arguments are printed as in a list without line breaks.
                let free = std::mem::take(&mut self.free);
                self.push(&function.node);
                self.push("(");
                for (index, argument) in arguments.iter().enumerate() {
                    self.push(if index == 0 { "" } else { "," });
                    self.gap();
                    self.expr(argument);
                }
                self.gap();
                self.push(")");
                self.free = free;
            }
            ExprKind::Paren(inner) => {
                self.push("(");
                self.free += 1;
                self.gap();
                self.expr(inner);
                self.gap();
                self.free -= 1;
                self.push(")");
            }
        }
    }
}

fn sign(op: BinaryOp) -> &'static str {
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
