//! Expressions and type expressions.

use super::{Ident, Path, StrLit, TextLit};
use crate::span::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is written.
    pub span: Span,
}

impl Expr {
    /// An expression that is missing or unreadable.
    pub fn hole(span: Span) -> Expr {
        Expr { kind: ExprKind::Error, span }
    }

    /// The expression inside any parentheses.
    pub fn unparen(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

/// The forms of an [`Expr`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// `12`, `1_000`
    Int(TextLit),
    /// `9.50`
    Decimal(TextLit),
    /// `"text"` or `r"raw"`
    Str(StrLit),
    /// `true`, `false`
    Bool(bool),
    /// `2h30m`; see [`duration_millis`](super::duration_millis).
    Duration(TextLit),
    /// `09:00`
    Time(TextLit),
    /// `2026-03-02`
    Date(TextLit),
    /// `2026-03-02T10:00:00+01:00`
    DateTime(TextLit),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ a: 1, "b": 2 }`, in tests.
    Object(Vec<ObjectField>),
    /// A name: a root, a constant, a variable, a role, …
    Name(Ident),
    /// `base.field`
    Field {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The word after it.
        field: Ident,
    },
    /// `f(x)` or `base.method(x)`
    Call {
        /// What is called: a name or a field.
        callee: Box<Expr>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `not x`, `-x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Where it is written.
        op_span: Span,
        /// What it applies to.
        operand: Box<Expr>,
    },
    /// `a and b`, `a == b`, `a in b`, `a else b`, …
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where it is written.
        op_span: Span,
        /// Its left side.
        lhs: Box<Expr>,
        /// Its right side.
        rhs: Box<Expr>,
    },
    /// `x as T`
    As {
        /// What is converted.
        expr: Box<Expr>,
        /// To which type.
        ty: TypeExpr,
    },
    /// `any(v in xs: c)` and its like.
    Quant {
        /// Which quantifier.
        kind: QuantKind,
        /// The variable.
        var: Ident,
        /// What it runs over.
        list: Box<Expr>,
        /// What is asked of each element.
        body: Box<Expr>,
    },
    /// `prior tool(conditions) within D`
    Prior {
        /// The tool that was called.
        tool: Path,
        /// The conditions, if there are any.
        conditions: Option<Box<Expr>>,
        /// How long ago at most.
        within: TextLit,
    },
    /// `(x)`
    Paren(Box<Expr>),
    /// Missing or unreadable, reported.
    Error,
}

/// `key: value` in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectField {
    /// The key: a word, or the content of a string.
    pub key: Ident,
    /// The value.
    pub value: Expr,
    /// Both.
    pub span: Span,
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `not`
    Not,
    /// `-`
    Neg,
}

impl UnaryOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Not => "not",
            UnaryOp::Neg => "-",
        }
    }
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `under`
    Under,
    /// `like`
    Like,
    /// `matches`
    Matches,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `else`
    Else,
}

impl BinaryOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::Under => "under",
            BinaryOp::Like => "like",
            BinaryOp::Matches => "matches",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Else => "else",
        }
    }

    /// Whether it compares: `==`, `in`, `under`, … These don't chain.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        matches!(self, Eq | Ne | Lt | Le | Gt | Ge | In | NotIn | Under | Like | Matches)
    }
}

/// The quantifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuantKind {
    /// `any`
    Any,
    /// `all`
    All,
    /// `none`
    None,
    /// `count`
    Count,
}

impl QuantKind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            QuantKind::Any => "any",
            QuantKind::All => "all",
            QuantKind::None => "none",
            QuantKind::Count => "count",
        }
    }
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeExprKind,
    /// Where it is written.
    pub span: Span,
}

impl TypeExpr {
    /// A type that is missing or unreadable.
    pub fn hole(span: Span) -> TypeExpr {
        TypeExpr { kind: TypeExprKind::Error, span }
    }
}

/// The forms of a [`TypeExpr`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeExprKind {
    /// `string`, `email`, `company.ticket`
    Name(Path),
    /// `list<T>`, `set<T>`
    Generic {
        /// The word before `<`.
        name: Ident,
        /// The types in angle brackets; one in every correct program.
        args: Vec<TypeExpr>,
    },
    /// `command(bash)`, `sql(postgres)`
    Dialect {
        /// The word before the parenthesis.
        name: Ident,
        /// The word inside.
        dialect: Ident,
    },
    /// Missing or unreadable, reported.
    Error,
}
