//! `x in xs`, and what else `in` asks: labels, roles, windows, address ranges.

use claw_runtime::{Op, Type, Vocab, expected_left, expected_right, lookup_operator};
use claw_syntax::Span;
use claw_syntax::ast::{self, ExprKind as Ast};

use super::Exprs;
use super::compare::ask_instead;
use super::expr::fits;
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind, LabelId, RoleId};
use crate::resolve::Vocabulary;

impl Exprs<'_, '_> {
    pub(super) fn membership(&mut self, span: Span, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        match self.special_collection(rhs) {
            Some(("session", _)) => {
                return self.has_word(span, lhs, Vocabulary::Label, |id| ExprKind::HasLabel(LabelId(id)));
            }
            Some(("agent", _)) => {
                return self.has_word(span, lhs, Vocabulary::Role, |id| ExprKind::AgentHasRole(RoleId(id)));
            }
            Some((_, _)) => return self.has_word(span, lhs, Vocabulary::Role, |id| ExprKind::UserHasRole(RoleId(id))),
            None => {}
        }
        if self.is_tier(lhs) {
            let loc = self.loc(span);
            let error = Diagnostic::new(codes::E0306, loc, "a tier can't be looked up in a list")
                .help("write `tier >= …`: a higher tier must always mean stricter");
            return self.fail_with(span, error);
        }
        if let Some(expr) = self.in_window(span, lhs, rhs) {
            return expr;
        }
        let (left, right) = self.member_and_list(lhs, rhs);
        self.in_list(span, left, right)
    }

    /// `session.labels`, `agent.roles`, `user.roles`
    fn special_collection(&self, e: &ast::Expr) -> Option<(&'static str, Span)> {
        let Ast::Field { base, field } = &e.unparen().kind else { return None };
        let Ast::Name(root) = &base.unparen().kind else { return None };
        if self.locals.iter().any(|l| l.name == root.name) {
            return None;
        }
        match (root.name.as_str(), field.name.as_str()) {
            ("session", "labels") => Some(("session", e.span)),
            ("agent", "roles") => Some(("agent", e.span)),
            ("user", "roles") => Some(("user", e.span)),
            _ => None,
        }
    }

    fn has_word(
        &mut self,
        span: Span,
        lhs: &ast::Expr,
        vocabulary: Vocabulary,
        kind: impl Fn(u32) -> ExprKind,
    ) -> Expr {
        if !self.may_read(span) {
            return self.hole(span);
        }
        match &lhs.unparen().kind {
            Ast::Error => self.hole(span),
            Ast::Name(word) if !self.locals.iter().any(|l| l.name == word.name) => {
                match self.cx.word(self.module, vocabulary, word) {
                    Some(id) => self.expr(kind(id), Type::Bool, span),
                    None => self.hole(span),
                }
            }
            Ast::Str(lit) => {
                let vocab = if vocabulary == Vocabulary::Label { Vocab::Label } else { Vocab::Role };
                self.string(lit, Some(&Type::Word(vocab)));
                self.hole(span)
            }
            _ => {
                let (code, what) = match vocabulary {
                    Vocabulary::Label => (codes::E0305, "label"),
                    _ => (codes::E0307, "role"),
                };
                let loc = self.loc(lhs.span);
                let error = Diagnostic::new(code, loc, format!("the name of one {what} has to stand here"))
                    .help(format!("ask for each {what} by itself and join them with `or` or `and`"));
                self.fail_with(span, error)
            }
        }
    }

    /// `now in office_hours`
    fn in_window(&mut self, span: Span, lhs: &ast::Expr, rhs: &ast::Expr) -> Option<Expr> {
        let path = Self::as_path(rhs)?;
        let first = path.segments.first()?;
        if self.locals.iter().any(|l| l.name == first.name) {
            return None;
        }
        let symbol = self.cx.lookup(self.module, &path)?;
        let Symbol::Window(window) = symbol else { return None };
        self.cx.refer_path(self.module, &path, symbol);
        let left = self.check(lhs, &Type::Time);
        if left.ty == Type::Error {
            return Some(self.hole(span));
        }
        Some(self.expr(ExprKind::InWindow(Box::new(left), window), Type::Bool, span))
    }

    /// Both sides, the more telling one first.
    fn member_and_list(&mut self, lhs: &ast::Expr, rhs: &ast::Expr) -> (Expr, Expr) {
        if self.needs_context(lhs) && !self.needs_context(rhs) {
            let right = self.infer(rhs, None);
            let hint = right.ty.element().map(|_| expected_left(Op::In, &right.ty));
            let hint = if right.ty == Type::Error { Some(Type::Error) } else { hint };
            let left = self.infer(lhs, hint.as_ref());
            return (left, right);
        }
        let left = self.infer(lhs, None);
        let element = expected_right(Op::In, &left.ty);
        let hint = match &rhs.unparen().kind {
            _ if left.ty == Type::Error => Type::Error,
            Ast::List(items) if left.ty == Type::Ip && !items.iter().any(is_range) => Type::set(Type::Ip),
            // `args.to in ["a@b.c"]` compares a list with its elements: say so, rather than that they are no lists.
            Ast::List(_) => Type::set(left.ty.element().cloned().unwrap_or(element)),
            _ => element,
        };
        // A string after `in` is a mistake, except that a range of addresses is one.
        let hint = match &rhs.unparen().kind {
            Ast::Str(_) if left.ty != Type::Ip => None,
            _ => Some(&hint),
        };
        let right = self.infer(rhs, hint);
        (left, right)
    }

    fn in_list(&mut self, span: Span, left: Expr, right: Expr) -> Expr {
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        let Some(element) = right.ty.element() else {
            if let Some(found) = lookup_operator(Op::In, &left.ty, &right.ty) {
                return self.expr(ExprKind::Builtin(found.id, vec![left, right]), found.result, span);
            }
            return self.not_a_list(span, &left, &right);
        };
        let same = fits(&left.ty, element) && lookup_operator(Op::Eq, &left.ty, element).is_some();
        if same {
            self.check_tool_name(&left, &right);
            return self.expr(ExprKind::In(Box::new(left), Box::new(right)), Type::Bool, span);
        }
        match lookup_operator(Op::In, &left.ty, &right.ty) {
            Some(found) if left.ty == Type::Ip => {
                self.expr(ExprKind::Builtin(found.id, vec![left, right]), found.result, span)
            }
            _ => self.not_an_element(span, &left, &right),
        }
    }

    fn not_a_list(&mut self, span: Span, left: &Expr, right: &Expr) -> Expr {
        let text = |e: &Expr| self.cx.text(e.loc).to_owned();
        let shown = self.show(&right.ty);
        let message = format!("`in` looks into a list or a set, but this is `{shown}`");
        let help = match (&left.ty, &right.ty) {
            (list, element) if list.element().is_some_and(|e| fits(element, e)) => {
                format!("the other way round: `{} in {}`", text(right), text(left))
            }
            (Type::Str, Type::Str) => match (&left.kind, &right.kind) {
                (ExprKind::Const(_), _) => {
                    format!("for a part of a text write `{} like \"*{}*\"`", text(right), text(left).trim_matches('"'))
                }
                _ => format!("write `{} == {}`, or make a list of it: `[{}]`", text(left), text(right), text(right)),
            },
            (_, right) if ask_instead(right).is_some() => ask_instead(right).unwrap_or_default().to_owned(),
            (Type::Host, _) => {
                format!("for a domain and what is below it write `{} under {}`", text(left), text(right))
            }
            _ => format!("write `{} in [{}]`, or compare with `==`", text(left), text(right)),
        };
        let error = Diagnostic::new(codes::E0211, right.loc, message).help(help);
        self.fail_with(span, error)
    }

    fn not_an_element(&mut self, span: Span, left: &Expr, right: &Expr) -> Expr {
        let (a, b) = (self.show(&left.ty), self.show(&right.ty));
        let text = |e: &Expr| self.cx.text(e.loc).to_owned();
        let message = format!("`{b}` can never contain a `{a}`");
        let help = match (left.ty.element(), right.ty.element()) {
            (Some(inner), Some(element)) if fits(inner, element) => {
                let (l, r) = (text(left), text(right));
                Some(format!("ask of the elements: `any(x in {l}: x in {r})`, or `all(…)`"))
            }
            (None, Some(element)) if left.ty == Type::Str && element.is_domain() => {
                let name = self.show(element);
                Some(format!("give `{}` the type `{name}` where it is declared", text(left)))
            }
            _ => ask_instead(&left.ty).map(str::to_owned),
        };
        let error = Diagnostic::new(codes::E0206, self.loc(span), message)
            .label(left.loc, format!("this is `{a}`"))
            .label(right.loc, format!("this is `{b}`"));
        self.fail_with(span, error.maybe_help(help))
    }
}

fn is_range(e: &ast::Expr) -> bool {
    matches!(&e.unparen().kind, Ast::Str(lit) if lit.value.contains('/'))
}
