//! What parameters of tools and fields of records have in common, as the author wrote them.

use claw_syntax::ast::{DocLine, Expr, Field, Ident, Param, TypeExpr};
use claw_syntax::{Span, TokenKind};

/// A parameter or a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    pub docs: &'a [DocLine],
    pub name: &'a Ident,
    pub optional: bool,
    pub ty: &'a TypeExpr,
    pub default: Option<&'a Expr>,
    pub span: Span,
}

impl<'a> From<&'a Param> for Slot<'a> {
    fn from(p: &'a Param) -> Slot<'a> {
        Slot {
            docs: &p.docs,
            name: &p.name,
            optional: p.optional,
            ty: &p.ty,
            default: p.default.as_ref(),
            span: p.span,
        }
    }
}

impl<'a> From<&'a Field> for Slot<'a> {
    fn from(f: &'a Field) -> Slot<'a> {
        Slot { docs: &f.docs, name: &f.name, optional: f.optional, ty: &f.ty, default: None, span: f.span }
    }
}

/// A list of slots and where it stands.
#[derive(Debug)]
pub(super) struct SlotList<'a> {
    pub slots: Vec<Slot<'a>>,
    /// The end of the name before it.
    pub head: u32,
    /// The bracket that closes it.
    pub close: TokenKind,
    /// What one of them is called: `args.x` or `Record.x`.
    pub prefix: String,
    /// Whether they may have defaults.
    pub defaults: bool,
}
