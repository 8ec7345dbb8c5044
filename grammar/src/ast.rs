//! The syntax tree of one `.exp` file: what was written, nothing decided yet.
//!
//! Names are not resolved, units not interpreted, fields not checked. Every node carries its [`Span`].
//! Numbers keep their spelling, so that the compiler can read them as exact rationals.

use regimen_base::Span;

/// A value together with where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where it was written.
    pub span: Span,
}

/// A name as written.
pub type Ident = Spanned<String>;

/// `a`, `a.b`, `a.b.c`: never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The names between the dots, in order.
    pub parts: Vec<Ident>,
    /// From the first name to the last.
    pub span: Span,
}

/// One parsed file. Items that did not parse are missing here and reported beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ast {
    /// The items in the order in which they were written.
    pub items: Vec<Item>,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `import "lab.exp" as lab`
    Import {
        /// The file, as written between the quotes.
        path: Spanned<String>,
        /// The name under which its declarations are reached.
        alias: Ident,
        /// The whole item.
        span: Span,
    },
    /// `let width = 768`
    Let {
        /// The name.
        name: Ident,
        /// Its value.
        value: Expr,
        /// The whole item.
        span: Span,
    },
    /// `kind name : type { … }`, `kind name { … }`
    Declare(Declaration),
    /// `kind name = base with { … }`
    Derive(Derivation),
    /// `assert condition "message"`
    Assert {
        /// What must hold.
        condition: Expr,
        /// What to say if it does not.
        message: Option<Spanned<String>>,
        /// The whole item.
        span: Span,
    },
}

/// `stage pretrain : causal_lm { … }`; `experiment`, `budget`, `variant` and `sweep` have no type.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// `model`, `stage`, `data`, …: any identifier; the compiler knows which exist.
    pub kind: Ident,
    /// The declared name.
    pub name: Ident,
    /// What follows the colon.
    pub type_name: Option<Ident>,
    /// Between the braces.
    pub body: Body,
    /// The whole item.
    pub span: Span,
}

/// `model wide = gpt2 with { hidden = 1024 }`
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// `model`, `cluster`, …
    pub kind: Ident,
    /// The declared name.
    pub name: Ident,
    /// What it is derived from, perhaps in an imported file.
    pub base: Path,
    /// What changes.
    pub body: Body,
    /// The whole item.
    pub span: Span,
}

/// The inside of a pair of braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// In the order in which they were written; duplicates are kept, the compiler reports them.
    pub entries: Vec<Entry>,
    /// From brace to brace.
    pub span: Span,
}

/// `path = value`, or in budgets `path <= value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is set; more than one part in variants, sweeps and derivations (`optimizer.lr = 1e-3`).
    pub path: Path,
    /// How.
    pub relation: Spanned<Relation>,
    /// The value.
    pub value: Expr,
    /// The whole entry.
    pub span: Span,
}

/// What stands between an entry's path and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Is,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it was written.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `80 GiB`, `6e-4`, `50_304`, `2%`, `$2.49/gpu/h`, `10B tokens`, `20 tokens/param`
    Number(Number),
    /// `"data/books/*.txt"`, escapes already read.
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// `gpt2.params`, `adamw`, `auto`: a reference or a bare word; the compiler knows which.
    Path(Path),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ train = 99% }`
    Record(Body),
    /// `adamw { lr = 6e-4 }`
    Tagged {
        /// The word before the brace.
        tag: Ident,
        /// Between the braces.
        body: Body,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: Spanned<UnaryOp>,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: Spanned<BinaryOp>,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `min(a, b)`
    Call {
        /// The function's name.
        function: Ident,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `(a)`: kept, because the formatter keeps what the author found clearer.
    Paren(Box<Expr>),
}

/// A number as written: digits, an optional scale, an optional unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The digits without underscores: `50304`, `6e-4`, `2.49`.
    pub digits: String,
    /// `%` and `$` are units too: `$` stands before the digits.
    pub dollar: bool,
    /// `k`, `M`, `B` or `T`, as written, directly after the digits (`10B`, `$4M`).
    pub scale: Option<Spanned<char>>,
    /// `GiB`, `tokens/param`, `%`, `/gpu/h` (after a dollar): as written, no spaces inside.
    pub unit: Option<Spanned<String>>,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Infix operators; from loosest to tightest: `or`, `and`, comparisons (which do not chain), `+ -`, `* /`, `^`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}
