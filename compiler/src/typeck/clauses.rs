//! Predicates, scopes, grants, classifications and invariants.

use claw_syntax::{Span, ast, lex};

use super::{Args, Exprs};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{
    ApprovalId, Claim, ClassifyArm, Decl, Expr, Grant, Invariant, ModuleId, PredicateId, RoleId, ScopeArm, ScopeId,
    Target, TierId,
};
use crate::resolve::targets::Reach;
use crate::resolve::{Cx, Vocabulary};
use crate::suggest;

/// Why a predicate has no arguments.
const NO_ARGS_IN_PREDICATE: &str = "a predicate is not about one tool: give it a parameter and pass the argument";

impl Cx<'_> {
    pub(super) fn predicate(&mut self, module: ModuleId, decl: &ast::PredicateDecl, id: PredicateId) {
        let params = self.package.predicates[id.index()].params.clone();
        let mut exprs = Exprs::new(self, module, Args::None(NO_ARGS_IN_PREDICATE));
        for ((name, ty), param) in params.into_iter().zip(&decl.params) {
            let loc = exprs.loc(param.name.span);
            exprs.locals.push(super::expr::Local { name, ty, loc });
        }
        let body = exprs.condition(&decl.body);
        self.package.predicates[id.index()].body = body;
    }

    /// What a scope covers; its conditions come later, when all scopes are covered.
    pub(super) fn scope(&mut self, module: ModuleId, decl: &ast::ScopeDecl, id: ScopeId) {
        let mut arms = Vec::new();
        for arm in &decl.arms {
            let mut target = self.on_clause(module, &arm.on, Reach::Visible);
            target.envs = None;
            arms.push(ScopeArm { target, condition: None, loc: self.loc(module, arm.span) });
        }
        let span = self.package.scopes[id.index()].decl.loc.span;
        if arms.is_empty() && !self.is_broken(module, span) {
            let loc = self.loc(module, decl.name.span);
            let error = Diagnostic::new(codes::E0413, loc, format!("the scope `{}` covers nothing", decl.name.name))
                .help("say what it is about: `on tool_name`");
            self.report(error);
        }
        self.package.scopes[id.index()].arms = arms;
    }

    pub(super) fn scope_conditions(&mut self, module: ModuleId, decl: &ast::ScopeDecl, id: ScopeId) {
        for (at, arm) in decl.arms.iter().enumerate() {
            let Some(condition) = &arm.condition else { continue };
            let tools = self.package.scopes[id.index()].arms[at].target.tools.clone();
            let condition = Exprs::new(self, module, Args::Of(tools)).condition(condition);
            self.package.scopes[id.index()].arms[at].condition = Some(condition);
        }
    }

    pub(super) fn grant(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::GrantDecl) {
        let start = item.attrs.last().map_or(item.span.start, |a| a.span.end);
        let span = self.trimmed(module, Span::new(start, item.span.end));
        let name = self.clause_text(module, span);
        let target = self.target(module, &decl.targets, &decl.envs, span, Reach::Visible);
        let to_any = decl.roles.iter().any(|r| r.name == "any");
        if to_any && decl.roles.len() > 1 {
            let any = decl.roles.iter().find(|r| r.name == "any").map_or(span, |r| r.span);
            let error = Diagnostic::new(
                codes::E0426,
                self.loc(module, any),
                "`any` stands for all roles: the others add nothing",
            )
            .help("leave out the others, or `any`");
            self.report(error);
        }
        let roles: Vec<ast::Ident> = decl.roles.iter().filter(|r| r.name != "any").cloned().collect();
        let to: Vec<RoleId> = self.word_list(module, Vocabulary::Role, &roles).into_iter().map(RoleId).collect();
        for any in decl.for_roles.iter().filter(|r| r.name == "any") {
            let loc = self.loc(module, any.span);
            let error = Diagnostic::new(codes::E0426, loc, "`for any` says nothing")
                .help("leave it out: a grant without `for` is for all users");
            self.report(error);
        }
        let for_roles: Vec<ast::Ident> = decl.for_roles.iter().filter(|r| r.name != "any").cloned().collect();
        let for_user: Vec<RoleId> =
            self.word_list(module, Vocabulary::Role, &for_roles).into_iter().map(RoleId).collect();
        let decl = self.decl(module, item, name, span);
        let status = crate::resolve::status(&decl);
        // A user's role that is not known must not widen the grant to all users: an unknown word was reported.
        let to = if to_any { Vec::new() } else { to };
        self.package.grants.push(Grant { decl, target, to, to_any, for_user, status });
    }

    pub(super) fn classify(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::ClassifyDecl) {
        let outer = self.decl(module, item, "classify", item.span);
        for arm in &decl.arms {
            let target = self.on_clause(module, &arm.on, Reach::Everything);
            let tier = self.word(module, Vocabulary::Tier, &arm.tier);
            let (when, unless) = self.guards(module, &arm.guards, &target);
            let name = self.clause_text(module, arm.span);
            let loc = self.loc(module, arm.span);
            let Some(tier) = tier else { continue };
            let decl = Cx::inner_decl(&outer, name, loc, outer.doc.clone());
            self.package.classify.push(ClassifyArm { decl, tier: TierId(tier), target, when, unless });
        }
    }

    /// `when` and `unless` conditions about a target.
    pub(super) fn guards(
        &mut self,
        module: ModuleId,
        guards: &[ast::Guard],
        target: &Target,
    ) -> (Vec<Expr>, Vec<Expr>) {
        let (mut when, mut unless) = (Vec::new(), Vec::new());
        for guard in guards {
            let condition = Exprs::new(self, module, Args::Of(target.tools.clone())).condition(&guard.condition);
            if guard.unless { &mut unless } else { &mut when }.push(condition);
        }
        (when, unless)
    }

    pub(super) fn invariant(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::InvariantDecl) {
        use ast::InvariantClauseKind as Kind;
        let title = decl.title.value.clone();
        let mut on = None;
        let mut verdict = None;
        for clause in &decl.clauses {
            match &clause.kind {
                Kind::On(clause) if on.is_none() => on = Some(self.on_clause(module, clause, Reach::Everything)),
                Kind::Verdict { always, outcome } if verdict.is_none() => {
                    verdict = Some(self.claim(module, clause.span, *always, outcome))
                }
                Kind::On(_) => self.written_twice(module, clause.span, "on"),
                Kind::Verdict { .. } => self.written_twice(module, clause.span, "the promise"),
                Kind::When(_) | Kind::Unless(_) | Kind::Error => {}
            }
        }
        let broken = self.is_broken(module, item.span);
        let at = self.loc(module, decl.title.span);
        if verdict.is_none() && !broken {
            let error = Diagnostic::new(codes::E0413, at, "this invariant promises nothing")
                .help("say what never or always happens: `never allow`, `always require on_call`");
            self.report(error);
        }
        if on.is_none() && !broken {
            self.report(
                Diagnostic::new(codes::E0413, at, "this invariant is about nothing")
                    .help("say what it is about: `on any`"),
            );
        }
        let target = on.unwrap_or_default();
        let (mut when, mut unless) = (Vec::new(), Vec::new());
        for clause in &decl.clauses {
            let (condition, list) = match &clause.kind {
                Kind::When(c) => (c, &mut when),
                Kind::Unless(c) => (c, &mut unless),
                _ => continue,
            };
            list.push(Exprs::new(self, module, Args::Of(target.tools.clone())).condition(condition));
        }
        let decl = self.decl(module, item, title, decl.title.span);
        let claim = verdict.unwrap_or(Claim::Error);
        self.package.invariants.push(Invariant { decl, target, when, unless, claim });
    }

    fn claim(&mut self, module: ModuleId, span: Span, always: bool, outcome: &ast::OutcomeKind) -> Claim {
        use ast::OutcomeKind::{Allow, Deny, Error, Require};
        let loc = self.loc(module, span);
        match (always, outcome) {
            (_, Error) => Claim::Error,
            (false, Allow) => Claim::NeverAllow,
            (false, Deny) => Claim::NeverDeny,
            (true, Deny) => Claim::AlwaysDeny,
            (true, Require(list)) => match list.as_slice() {
                [one] => self.approval_named(module, one).map_or(Claim::Error, Claim::AlwaysRequire),
                _ => {
                    self.report(
                        Diagnostic::new(codes::E0426, loc, "an invariant promises one approval")
                            .help("write an invariant for each"),
                    );
                    Claim::Error
                }
            },
            (true, Allow) => {
                let error = Diagnostic::new(codes::E0426, loc, "`always allow` is no promise that can be made")
                    .help("a call may lack a grant, or a fact that is needed; write `never deny`");
                self.report(error);
                Claim::Error
            }
            (false, Require(_)) => {
                let error = Diagnostic::new(codes::E0426, loc, "`never require` is no promise that can be made")
                    .help("write `never deny` or `never allow`");
                self.report(error);
                Claim::Error
            }
        }
    }

    pub(super) fn written_twice(&mut self, module: ModuleId, span: Span, what: &str) {
        let loc = self.loc(module, span);
        let what = if what.starts_with("the ") { what.to_owned() } else { format!("`{what}`") };
        self.report(Diagnostic::new(codes::E0414, loc, format!("{what} is written twice")).unnecessary());
    }

    pub(super) fn approval_named(&mut self, module: ModuleId, path: &ast::Path) -> Option<ApprovalId> {
        let fits = |s: Symbol| matches!(s, Symbol::Approval(_));
        match self.resolve(module, path, "an approval", fits) {
            Some(Symbol::Approval(id)) => Some(id),
            _ => None,
        }
    }

    /// Approvals, sorted, without duplicates.
    pub(super) fn approval_list(&mut self, module: ModuleId, paths: &[ast::Path]) -> Vec<ApprovalId> {
        let mut out: Vec<ApprovalId> = paths.iter().filter_map(|p| self.approval_named(module, p)).collect();
        out.sort();
        out.dedup();
        out
    }

    /// A clause's own text without comments and layout: what identifies it if it has no name.
    pub(super) fn clause_text(&self, module: ModuleId, span: Span) -> String {
        let source = self.text(self.loc(module, span));
        normal_text(source)
    }

    /// `span` without blanks and comments at its beginning.
    fn trimmed(&self, module: ModuleId, span: Span) -> Span {
        let source = self.text(self.loc(module, span));
        let first = lex(source).into_iter().find(|t| !t.kind.is_trivia()).map_or(0, |t| t.span.start);
        Span::new(span.start + first, span.end)
    }

    /// Which clauses without a name exist, as tests may name them: module, text.
    pub(super) fn anonymous_clauses(&self) -> Vec<&Decl> {
        let p = &self.package;
        let grants = p.grants.iter().map(|g| &g.decl);
        grants.chain(p.classify.iter().map(|c| &c.decl)).chain(p.matrix.iter().map(|m| &m.decl)).collect()
    }

    pub(super) fn nearest_of(&self, word: &str, words: &[String]) -> Option<String> {
        suggest::nearest(word, words.iter().map(String::as_str)).map(str::to_owned)
    }
}

/// Tokens with one blank between them where a reader expects one.
pub(crate) fn normal_text(source: &str) -> String {
    let mut out = String::new();
    let mut last = String::new();
    for token in lex(source).into_iter().filter(|t| !t.kind.is_trivia()) {
        let text = token.span.text(source);
        let tight = matches!(text, "," | ")" | "]" | "." | ":")
            || matches!(last.as_str(), "" | "(" | "[" | ".")
            || (text == "(" && last.chars().all(|c| c.is_alphanumeric() || c == '_') && !is_word_operator(&last));
        if !tight {
            out.push(' ');
        }
        out.push_str(text);
        last = text.to_owned();
    }
    out
}

fn is_word_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in" | "under" | "like" | "matches" | "else" | "when" | "unless" | "where")
}

#[cfg(test)]
mod tests {
    use super::normal_text;

    #[test]
    fn layout_and_comments_are_no_part_of_a_clause() {
        let text = normal_text("grant mail ,orders // why\n  to support in dev,staging");
        assert_eq!(text, "grant mail, orders to support in dev, staging");
        let text = normal_text("low on x when f ( args . a )>3 and ( now in w )");
        assert_eq!(text, "low on x when f(args.a) > 3 and (now in w)");
    }
}
