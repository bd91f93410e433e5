//! Warnings that need to know what clauses mean: each rests on a proof that some call does not exist.
//!
//! Only the root module is judged: what a shared module says may matter to others. What is reported once is done:
//! it is no reason for another warning, and gets none.

mod approvals;
mod arguments;
mod conditions;
mod grants;
mod limits;
mod look;
mod rules;
mod tiers;

use super::findings::Cx;
use look::Look;

/// Reports all of them.
pub fn run(cx: &mut Cx<'_>) {
    let mut look = Look::new(cx);
    conditions::run(&mut look);
    if crate::lints::is_policy(look.package()) {
        tiers::arms(&mut look);
        rules::run(&mut look);
        grants::run(&mut look);
        limits::run(&mut look);
        tiers::tiers(&mut look);
        tiers::cells(&mut look);
        approvals::run(&mut look);
        arguments::run(&mut look);
    }
}

#[cfg(test)]
mod tests;
