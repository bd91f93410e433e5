//! Approvals: who must agree.

use claw_runtime::Duration;
use claw_syntax::Span;
use claw_syntax::ast::{self, ApprovalClauseKind as Kind, TextLit};

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{ApprovalId, ModuleId, Quorum, RoleId};
use crate::resolve::{Cx, Vocabulary};

impl Cx<'_> {
    pub(super) fn approval(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::ApprovalDecl, id: ApprovalId) {
        let broken = self.is_broken(module, item.span);
        let (mut by, mut by_lines, mut by_user, mut note) = (Vec::new(), 0, false, false);
        let (mut expires, mut reuse) = (None, None);
        for clause in &decl.clauses {
            match &clause.kind {
                Kind::By { count, roles } => {
                    by_lines += 1;
                    by.extend(self.quorum(module, clause.span, count, roles));
                }
                Kind::ByUser if by_user => self.written_twice(module, clause.span, "by user"),
                Kind::ByUser => by_user = true,
                Kind::NoteRequired if note => self.written_twice(module, clause.span, "note required"),
                Kind::NoteRequired => note = true,
                Kind::Expires(_) if expires.is_some() => self.written_twice(module, clause.span, "expires"),
                Kind::Expires(lit) => expires = Some(self.span_of_time(module, lit)),
                Kind::Reuse(_) if reuse.is_some() => self.written_twice(module, clause.span, "reuse"),
                Kind::Reuse(lit) => reuse = Some(self.span_of_time(module, lit)),
                Kind::Error => {}
            }
        }
        let loc = self.loc(module, decl.name.span);
        let name = &decl.name.name;
        if by_lines == 0 && !by_user && !broken {
            let error = Diagnostic::new(codes::E0408, loc, format!("nobody can give the approval `{name}`"))
                .help("say who has to agree: `by 1 of sre`, or `by user`");
            self.report(error);
        }
        if expires.is_none() && !broken {
            let end = self.loc(module, Span::new(item.span.end.saturating_sub(1), item.span.end));
            let mut error = Diagnostic::new(codes::E0409, loc, format!("the approval `{name}` never expires"))
                .help("say how long an answer may take and hold: `expires 15m`");
            if self.text(end) == "}" {
                let at = self.loc(module, Span::at(item.span.end - 1));
                error = error.fix("add an expiry", at, "  expires 15m\n");
            }
            self.report(error);
        }
        let entry = &mut self.package.approvals[id.index()];
        (entry.by, entry.by_user, entry.note_required) = (by, by_user, note);
        entry.expires = expires.unwrap_or_else(|| Duration::from_millis(0));
        entry.reuse = reuse;
    }

    /// `by 2 of sre, security`
    fn quorum(&mut self, module: ModuleId, span: Span, count: &TextLit, roles: &[ast::Ident]) -> Option<Quorum> {
        let roles: Vec<RoleId> = self.word_list(module, Vocabulary::Role, roles).into_iter().map(RoleId).collect();
        if count.is_hole() {
            return None;
        }
        let loc = self.loc(module, count.span);
        match count.digits().parse::<u32>() {
            Ok(0) => {
                let error = Diagnostic::new(codes::E0408, loc, "an approval by nobody is none")
                    .help("ask for at least one: `by 1 of …`");
                self.report(error);
                None
            }
            Ok(n) if n <= 1000 => Some(Quorum { n, roles, loc: self.loc(module, span) }),
            _ => {
                self.report(Diagnostic::new(codes::E0408, loc, format!("`{}` people can't be asked", count.text)));
                None
            }
        }
    }

    fn span_of_time(&mut self, module: ModuleId, lit: &TextLit) -> Duration {
        let zero = Duration::from_millis(0);
        if lit.is_hole() {
            return zero;
        }
        match ast::duration_millis(&lit.text) {
            Some(millis) if millis > 0 => Duration::from_millis(millis),
            _ => {
                let loc = self.loc(module, lit.span);
                self.report(Diagnostic::new(
                    codes::E0409,
                    loc,
                    format!("`{}` is no span of time that anybody could use", lit.text),
                ));
                zero
            }
        }
    }
}
