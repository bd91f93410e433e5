//! W0306: arguments that say where something goes, read by nothing but clauses that never apply.

use super::look::Look;
use crate::lints::unread_argument;

pub fn run(look: &mut Look<'_, '_>) {
    let mut found = Vec::new();
    unread_argument::read_in_vain(look.package(), &|decl| look.never_applies(decl), &mut found);
    found.into_iter().for_each(|finding| look.cx.report(finding));
}
