//! What a clause is about: tools, patterns, tags and scopes become sets of tools.

use claw_runtime::glob_matches;
use claw_syntax::Span;
use claw_syntax::ast::{self, Ident};

use super::{Cx, Vocabulary};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{EnvId, Loc, ModuleId, ScopeId, TagId, Target, TargetArm, TargetKind, ToolId};
use crate::suggest;

/// What `any` and `tagged` range over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Grants and scopes: the tools that can be named in their module.
    Visible,
    /// Everything that restricts: all tools of the bundle.
    Everything,
}

impl Cx<'_> {
    /// `on targets [in envs]`
    pub(crate) fn on_clause(&mut self, module: ModuleId, on: &ast::OnClause, reach: Reach) -> Target {
        self.target(module, &on.targets, &on.envs, on.span, reach)
    }

    /// Targets and environments, with every tool they cover.
    pub(crate) fn target(
        &mut self,
        module: ModuleId,
        targets: &[ast::Target],
        envs: &[Ident],
        span: Span,
        reach: Reach,
    ) -> Target {
        let arms: Vec<TargetArm> = targets
            .iter()
            .map(|t| TargetArm { kind: self.target_kind(module, t, reach), loc: self.loc(module, t.span) })
            .collect();
        let envs = (!envs.is_empty()).then(|| self.environments(module, envs));
        let mut target = Target { arms, envs, tools: Vec::new(), loc: Some(self.loc(module, span)) };
        self.cover(&mut target);
        target
    }

    fn environments(&mut self, module: ModuleId, envs: &[Ident]) -> Vec<EnvId> {
        let mut out: Vec<EnvId> =
            self.word_list(module, Vocabulary::Environment, envs).into_iter().map(EnvId).collect();
        out.sort();
        out
    }

    /// Collects the tools of all arms. Scopes must have been covered before.
    pub(crate) fn cover(&self, target: &mut Target) {
        let mut tools: Vec<ToolId> = Vec::new();
        for arm in &target.arms {
            match &arm.kind {
                TargetKind::Any(list) | TargetKind::Glob(_, list) | TargetKind::Tagged(_, list) => tools.extend(list),
                TargetKind::Tool(id) => tools.push(*id),
                TargetKind::Scope(id) => {
                    let arms = &self.package.scopes[id.index()].arms;
                    tools.extend(arms.iter().flat_map(|a| a.target.tools.iter()));
                }
                TargetKind::Error => {}
            }
        }
        tools.sort();
        tools.dedup();
        target.tools = tools;
    }

    fn target_kind(&mut self, module: ModuleId, target: &ast::Target, reach: Reach) -> TargetKind {
        let loc = self.loc(module, target.span);
        match &target.kind {
            ast::TargetKind::Error => TargetKind::Error,
            ast::TargetKind::Any => TargetKind::Any(self.reachable(module, reach)),
            ast::TargetKind::Tagged(tag) => match self.word(module, Vocabulary::Tag, tag) {
                Some(id) => {
                    let tag = TagId(id);
                    let tools = self.reachable(module, reach);
                    let tagged = |t: &ToolId| self.package.tools[t.index()].tags.contains(&tag);
                    TargetKind::Tagged(tag, tools.into_iter().filter(tagged).collect())
                }
                None => TargetKind::Error,
            },
            ast::TargetKind::Name(path) => {
                let fits = |s: Symbol| matches!(s, Symbol::Tool(_) | Symbol::Scope(_));
                match self.resolve(module, path, "a tool or a scope", fits) {
                    Some(Symbol::Tool(id)) => TargetKind::Tool(id),
                    Some(Symbol::Scope(id)) => TargetKind::Scope(id),
                    _ => TargetKind::Error,
                }
            }
            ast::TargetKind::Glob(glob) => self.glob(module, loc, glob),
            ast::TargetKind::Quoted(lit) => self.glob(module, loc, &lit.value),
        }
    }

    fn reachable(&self, module: ModuleId, reach: Reach) -> Vec<ToolId> {
        let mut tools: Vec<ToolId> = match reach {
            Reach::Everything => (0..self.package.tools.len() as u32).map(ToolId).collect(),
            Reach::Visible => self.spaces[module.index()].tools.values().copied().collect(),
        };
        tools.sort();
        tools.dedup();
        tools
    }

    fn glob(&mut self, module: ModuleId, loc: Loc, glob: &str) -> TargetKind {
        let visible = &self.spaces[module.index()].tools;
        // Only names with the pattern's literal beginning can match.
        let literal = glob.find(['*', '?']).map_or(glob, |at| &glob[..at]);
        let names = visible.range(literal.to_owned()..).take_while(|(name, _)| name.starts_with(literal));
        let mut tools: Vec<ToolId> = names.filter(|(name, _)| glob_matches(glob, name)).map(|(_, id)| *id).collect();
        tools.sort();
        tools.dedup();
        if !tools.is_empty() {
            for tool in &tools {
                self.refer(loc, Symbol::Tool(*tool));
            }
            return TargetKind::Glob(glob.to_owned(), tools);
        }
        let error = Diagnostic::new(codes::E0111, loc, format!("`{glob}` matches no tool"));
        let stem = glob.trim_end_matches(['*', '.', '_', '-']);
        let prefixes = visible.keys().map(|name| name.split('.').next().unwrap_or(name));
        let near = suggest::nearest(stem, visible.keys().map(String::as_str))
            .or_else(|| suggest::nearest(stem.split('.').next().unwrap_or(stem), prefixes))
            .map(|name| format!("the nearest tools are called like `{name}`"));
        self.report(error.maybe_help(near));
        TargetKind::Error
    }

    /// Finds scopes that are part of themselves, cuts the circles, and covers all scopes' targets.
    pub(crate) fn cover_scopes(&mut self) {
        let count = self.package.scopes.len();
        let mut state = vec![Visit::New; count];
        for id in 0..count {
            self.cover_scope(ScopeId(id as u32), &mut state, &mut Vec::new());
        }
    }

    fn cover_scope(&mut self, id: ScopeId, state: &mut [Visit], path: &mut Vec<ScopeId>) {
        if state[id.index()] != Visit::New {
            return;
        }
        state[id.index()] = Visit::Open;
        path.push(id);
        for arm in 0..self.package.scopes[id.index()].arms.len() {
            for at in 0..self.package.scopes[id.index()].arms[arm].target.arms.len() {
                let inner = &self.package.scopes[id.index()].arms[arm].target.arms[at];
                let (TargetKind::Scope(used), loc) = (&inner.kind, inner.loc) else { continue };
                let used = *used;
                if state[used.index()] == Visit::Open {
                    self.report_scope_circle(used, loc, path);
                    self.package.scopes[id.index()].arms[arm].target.arms[at].kind = TargetKind::Error;
                } else {
                    self.cover_scope(used, state, path);
                }
            }
            let mut target = std::mem::take(&mut self.package.scopes[id.index()].arms[arm].target);
            self.cover(&mut target);
            self.package.scopes[id.index()].arms[arm].target = target;
        }
        path.pop();
        state[id.index()] = Visit::Done;
    }

    fn report_scope_circle(&mut self, used: ScopeId, loc: Loc, path: &[ScopeId]) {
        let start = path.iter().position(|s| *s == used).unwrap_or(0);
        let name = |id: &ScopeId| format!("`{}`", self.package.scopes[id.index()].decl.name);
        let circle: Vec<String> = path[start..].iter().chain([&used]).map(name).collect();
        let message = match circle.len() {
            2 => format!("the scope {} contains itself", circle[0]),
            _ => format!("scopes contain each other in a circle: {}", circle.join(" → ")),
        };
        self.report(Diagnostic::new(codes::E0419, loc, message));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}
