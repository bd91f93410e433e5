//! What an expression reads of a request.

use claw_runtime::bundle::{Expr, ExprId, Fact};
use claw_runtime::{Collect, Type};

use super::{BaseId, Space, Why};

/// Everything that an expression reads.
#[derive(Debug, Default)]
pub struct Reads {
    /// Parts of the request: a base with the fields below it.
    pub leaves: Vec<(BaseId, Vec<u32>)>,
    /// It reads what no slot stands for.
    pub why: Option<Why>,
    /// It reads a role or a label.
    pub words: bool,
}

impl Reads {
    pub fn is_nothing(&self) -> bool {
        self.leaves.is_empty() && self.why.is_none() && !self.words
    }

    fn because(&mut self, why: Why) {
        self.why.get_or_insert(why);
    }
}

/// Facts that are the same for all calls of a tool.
fn is_of_tool(fact: Fact) -> bool {
    matches!(fact, Fact::ToolName | Fact::ToolServer)
}

impl Space<'_> {
    pub(super) fn reads(&self, side: usize, expr: ExprId) -> Reads {
        let mut reads = Reads::default();
        self.collect(side, expr, true, &mut reads);
        reads.leaves.sort_unstable();
        reads.leaves.dedup();
        reads
    }

    /// The part of the request that an expression is, if it is no more than that.
    pub(in crate::proof) fn leaf(&self, side: usize, expr: ExprId) -> Option<(BaseId, Vec<u32>)> {
        match self.sides[side].expr(expr) {
            Expr::RecordField(inner, field) => {
                let (base, mut path) = self.leaf(side, *inner)?;
                path.push(*field);
                Some((base, path))
            }
            other => Some((self.base_of(side, other)?, Vec::new())),
        }
    }

    fn collect(&self, side: usize, expr: ExprId, outermost: bool, out: &mut Reads) {
        if let Some(leaf) = self.leaf(side, expr) {
            out.leaves.push(leaf);
            return;
        }
        let policy = self.sides[side];
        match policy.expr(expr) {
            Expr::AgentHasRole(_) | Expr::UserHasRole(_) | Expr::HasLabel(_) => {
                out.words = true;
                if !outermost {
                    out.because(Why::Nested);
                }
            }
            Expr::TierAtLeast(_) | Expr::Fact(Fact::Env) => out.because(Why::Nested),
            Expr::Fact(Fact::AgentChain | Fact::AgentDepth) => out.because(Why::Chain),
            Expr::Origins(..) => out.because(Why::Origins),
            Expr::Live(_) | Expr::Extern(..) => out.because(Why::Host),
            Expr::Prior(..) => out.because(Why::History),
            // The variable of a quantifier around the whole space that is not the element's.
            Expr::Local(depth) if *depth + 1 < self.context.depth() => out.because(Why::Several),
            Expr::Collect(kind) => self.collects(side, *kind, out),
            // What a quantifier's body reads that is not the element.
            Expr::Arg(_) | Expr::Attr(..) if self.context.depth() > 0 => out.because(Why::Several),
            Expr::Fact(fact) if self.context.depth() > 0 && !is_of_tool(*fact) => out.because(Why::Several),
            _ => {}
        }
        for operand in policy.operands(expr) {
            self.collect(side, operand, false, out);
        }
    }

    /// The arguments that `paths(args)` and its like look into.
    fn collects(&self, side: usize, kind: Collect, out: &mut Reads) {
        let before = out.leaves.len();
        for (at, base) in self.bases.iter().enumerate() {
            if let super::Place::Arg(_) = base.places[side].unwrap_or(super::Place::Element)
                && self.may_hold(&base.ty, kind)
            {
                out.leaves.push((BaseId(at), Vec::new()));
            }
        }
        if out.leaves.len() > before + 1 {
            out.because(Why::Collected);
        }
    }

    fn may_hold(&self, ty: &Type, kind: Collect) -> bool {
        match ty {
            Type::List(element) | Type::Set(element) => self.may_hold(element, kind),
            Type::Record(_) => self.record(ty).is_none_or(|fields| fields.iter().any(|f| self.may_hold(&f.ty, kind))),
            Type::Json | Type::Command(_) | Type::Sql(_) => true,
            Type::Path => kind == Collect::Paths,
            Type::Url => matches!(kind, Collect::Urls | Collect::Hosts),
            Type::Host | Type::Ip => kind == Collect::Hosts,
            Type::Email => matches!(kind, Collect::Emails | Collect::Hosts),
            _ => false,
        }
    }
}
