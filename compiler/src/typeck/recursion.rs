//! Predicates that use each other in a circle: conditions are finite.

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{ExprKind, Loc, PredicateId};
use crate::resolve::Cx;
use crate::visit;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl Cx<'_> {
    /// Reports each circle at the call that closes it, and makes a hole of the body there.
    pub(super) fn check_predicate_circles(&mut self) {
        let mut state = vec![State::New; self.package.predicates.len()];
        for id in 0..state.len() as u32 {
            self.follow_predicate(PredicateId(id), &mut state, &mut Vec::new());
        }
    }

    fn follow_predicate(&mut self, id: PredicateId, state: &mut [State], path: &mut Vec<PredicateId>) {
        if state[id.index()] != State::New {
            return;
        }
        state[id.index()] = State::Open;
        path.push(id);
        for (used, loc) in self.predicates_in(id) {
            if state[used.index()] == State::Open {
                self.report_predicate_circle(used, loc, path);
                let body = self.package.predicates[id.index()].body.loc;
                self.package.predicates[id.index()].body = Cx::hole_at(body);
            } else {
                self.follow_predicate(used, state, path);
            }
        }
        path.pop();
        state[id.index()] = State::Done;
    }

    fn predicates_in(&self, id: PredicateId) -> Vec<(PredicateId, Loc)> {
        let mut out = Vec::new();
        visit::walk(&self.package.predicates[id.index()].body, &mut |e| {
            if let ExprKind::Predicate(used, _) = e.kind {
                out.push((used, e.loc));
            }
        });
        out
    }

    fn report_predicate_circle(&mut self, used: PredicateId, loc: Loc, path: &[PredicateId]) {
        let start = path.iter().position(|p| *p == used).unwrap_or(0);
        let name = |id: &PredicateId| format!("`{}`", self.package.predicates[id.index()].decl.name);
        let circle: Vec<String> = path[start..].iter().chain([&used]).map(name).collect();
        let message = match circle.len() {
            2 => format!("the predicate {} uses itself", circle[0]),
            _ => format!("predicates use each other in a circle: {}", circle.join(" → ")),
        };
        self.report(Diagnostic::new(codes::E0418, loc, message));
    }
}
