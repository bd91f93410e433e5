//! Checks of the expression and condition arenas: operands stand earlier, and neither depth nor cost is unbounded.

use crate::LoadError;
use crate::bundle::{Cond, Expr};
use crate::load::{Check, Checker, MAX_DEPTH, MAX_WEIGHT, bad, slice, within};

/// How deep an entry nests, and how much it costs.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    depth: u32,
    weight: u32,
}

impl Size {
    fn add(&mut self, operand: Size) {
        self.depth = self.depth.max(operand.depth.saturating_add(1));
        self.weight = self.weight.saturating_add(operand.weight);
    }

    fn check(self, table: &str, entry: usize) -> Check {
        if self.depth > MAX_DEPTH || self.weight > MAX_WEIGHT {
            Err(bad(table, entry, "too deep or too costly"))
        } else {
            Ok(())
        }
    }
}

/// The size of an operand, which must stand before `entry`.
fn earlier(sizes: &[Size], operand: u32, table: &str, entry: usize) -> Result<Size, LoadError> {
    sizes.get(operand as usize).copied().ok_or_else(|| bad(table, entry, "an operand that does not stand earlier"))
}

impl Checker<'_> {
    pub(super) fn exprs(&self) -> Check {
        let b = self.bundle;
        let mut sizes: Vec<Size> = Vec::with_capacity(b.exprs.len());
        for (i, expr) in b.exprs.iter().enumerate() {
            let mut size = Size { depth: 1, weight: 1 };
            let (own, range) = expr.operands();
            let listed = range.map_or(Ok(&[][..]), |range| slice(&b.operands, range, "exprs", i))?;
            for operand in own.into_iter().flatten().chain(listed.iter().copied()) {
                size.add(earlier(&sizes, operand.0, "exprs", i)?);
            }
            size.check("exprs", i)?;
            self.references(expr, i)?;
            sizes.push(size);
        }
        for (i, atom) in b.atoms.iter().enumerate() {
            within(atom.expr.0, b.exprs.len(), "atoms", i, "expression")?;
        }
        Ok(())
    }

    /// What an expression names besides its operands.
    fn references(&self, expr: &Expr, i: usize) -> Check {
        use crate::bundle::AttrRoot;
        let b = self.bundle;
        let one = |index: u32, len: usize, what: &str| within(index, len, "exprs", i, what);
        let arity = |given: u32, expected: usize, what: &str| {
            if given as usize == expected {
                Ok(())
            } else {
                Err(bad("exprs", i, &format!("a wrong number of arguments for a {what}")))
            }
        };
        match expr {
            Expr::Const(id) => one(id.0, b.consts.len(), "constant"),
            Expr::Attr(AttrRoot::Agent, attr) => one(*attr, b.agent.len(), "attribute"),
            Expr::Attr(AttrRoot::User, attr) => one(*attr, b.user.len(), "attribute"),
            Expr::Attr(AttrRoot::Context, attr) => one(*attr, b.context.len(), "attribute"),
            Expr::Live(live) => one(*live, b.lives.len(), "live value"),
            Expr::Builtin(builtin, range) => {
                one(*builtin, b.builtins.len(), "builtin")?;
                let row = self.index.builtins.get(*builtin as usize).copied();
                arity(range.len, row.map_or(0, |row| row.params.len()), "builtin")
            }
            Expr::Match(_, pattern) => one(*pattern, b.patterns.len(), "pattern"),
            Expr::InWindow(_, window) => one(*window, b.windows.len(), "window"),
            Expr::HasLabel(label) => one(*label, b.labels.len(), "label"),
            Expr::AgentHasRole(role) | Expr::UserHasRole(role) => one(*role, b.roles.len(), "role"),
            Expr::TierAtLeast(tier) => one(*tier, b.tiers.len(), "tier"),
            Expr::JsonAt(_, pointer, ty) => {
                one(pointer.0, b.consts.len(), "constant")?;
                self.ty(ty, "exprs", i)
            }
            Expr::Extern(function, range) => {
                one(*function, b.externs.len(), "extern")?;
                arity(range.len, b.externs.get(*function as usize).map_or(0, |f| f.params.len()), "extern")
            }
            Expr::Prior(prior, range, _) => {
                one(prior.0, b.priors.len(), "query of history")?;
                arity(range.len, b.priors.get(prior.index()).map_or(0, |p| p.params.len()), "query of history")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn conds(&self) -> Check {
        let b = self.bundle;
        let mut sizes: Vec<Size> = Vec::with_capacity(b.conds.len());
        // The width of a shift must be below 64, which a full table would reach.
        let envs = 1u64
            .checked_shl(u32::try_from(b.environments.len()).unwrap_or(u32::MAX))
            .map_or(u64::MAX, |bit| bit.wrapping_sub(1));
        for (i, cond) in b.conds.iter().enumerate() {
            let mut size = Size { depth: 1, weight: 1 };
            match cond {
                Cond::True | Cond::False => {}
                Cond::Ask(atom, _) => within(atom.0, b.atoms.len(), "conds", i, "atom")?,
                Cond::Envs(set) => {
                    if set & !envs != 0 {
                        return Err(bad("conds", i, "an environment that does not exist"));
                    }
                }
                Cond::TierAtLeast(tier) => within(*tier, b.tiers.len(), "conds", i, "tier")?,
                Cond::All(range) | Cond::Any(range) => {
                    for operand in slice(&b.cond_operands, *range, "conds", i)? {
                        size.add(earlier(&sizes, operand.0, "conds", i)?);
                    }
                }
            }
            size.check("conds", i)?;
            sizes.push(size);
        }
        Ok(())
    }
}
