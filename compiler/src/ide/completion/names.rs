//! Lists of names: vocabularies, targets, types, and what an expression can begin with.

use claw_runtime::{Form, Type, Vocab, builtins};
use claw_syntax::TokenKind;

use super::{CompletionKind, Offers};
use crate::hir::{Decl, Word};
use crate::ide::facts;
use crate::resolve::type_words;

/// The closed vocabularies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Tiers,
    Environments,
    Roles,
    Labels,
    Tags,
    Origins,
}

impl Offers<'_> {
    pub(super) fn words(&mut self, of: Words, order: u32) {
        let package = &self.place.cursor.analysis.package;
        let plain = |words: &'static str, list: &[Word]| -> Vec<(String, String, &'static str)> {
            list.iter().map(|w| (w.decl.name.clone(), w.decl.doc.clone(), words)).collect()
        };
        let list = match of {
            Words::Tiers => plain("tier", &package.tiers),
            Words::Environments => plain("environment", &package.environments),
            Words::Labels => plain("label", &package.labels),
            Words::Tags => plain("tag", &package.tags),
            Words::Origins => plain("origin", &package.origins),
            Words::Roles => package.roles.iter().map(|r| (r.decl.name.clone(), r.decl.doc.clone(), "role")).collect(),
        };
        for ((name, doc, detail), at) in list.into_iter().zip(order..) {
            self.push(CompletionKind::Word, at, &name, detail, &doc);
        }
    }

    fn decl(&mut self, kind: CompletionKind, order: u32, decl: &Decl, detail: &str) {
        if let Some(name) = self.place.written(decl) {
            self.push(kind, order, &name, detail, &decl.doc);
        }
    }

    /// `tool(a: T, b?: U)`'s parentheses.
    fn parameters(&self, params: &[claw_runtime::Field]) -> String {
        let schema = &self.place.cursor.analysis.package.schema;
        let shown = |p: &claw_runtime::Field| {
            format!("{}{}: {}", p.name, if p.optional { "?" } else { "" }, p.ty.display(schema))
        };
        format!("({})", params.iter().map(shown).collect::<Vec<_>>().join(", "))
    }

    pub(super) fn tools(&mut self, order: u32) {
        let analysis = self.place.cursor.analysis;
        for tool in &analysis.package.tools {
            let detail = self.parameters(&tool.params);
            self.decl(CompletionKind::Tool, order, &tool.decl, &detail);
        }
    }

    /// What can stand after `on`, and in a grant.
    pub(super) fn targets(&mut self) {
        let analysis = self.place.cursor.analysis;
        self.tools(0);
        for (scope, id) in analysis.package.scopes.iter().zip(0..) {
            let covered = crate::ide::place::covered(&analysis.package, crate::hir::ScopeId(id)).len();
            self.decl(CompletionKind::Scope, 1, &scope.decl, &format!("scope of {covered} tools"));
        }
        self.globs();
        self.keywords(3, &["any"]);
        if !analysis.package.tags.is_empty() {
            self.snippet(CompletionKind::Keyword, 4, "tagged", "tools with a tag", "tagged(${1:tag})$0");
        }
    }

    /// `jira.*` for every first word that several tools share.
    fn globs(&mut self) {
        let tools = &self.place.cursor.analysis.package.tools;
        let names = tools.iter().filter_map(|tool| self.place.written(&tool.decl));
        let mut firsts: Vec<String> = names.filter_map(|n| n.split_once('.').map(|(a, _)| a.to_owned())).collect();
        firsts.sort();
        let mut at = firsts.as_slice();
        let mut globs = Vec::new();
        while let Some(first) = at.first() {
            let many = at.iter().take_while(|name| *name == first).count();
            if many > 1 {
                globs.push((format!("{first}.*"), format!("{many} tools")));
            }
            at = at.get(many..).unwrap_or_default();
        }
        for (glob, detail) in globs {
            self.push(CompletionKind::Tool, 2, &glob, &detail, "");
        }
    }

    pub(super) fn approvals(&mut self, order: u32) {
        let analysis = self.place.cursor.analysis;
        for approval in &analysis.package.approvals {
            let detail = facts::approval(&analysis.package, approval);
            self.decl(CompletionKind::Approval, order, &approval.decl, &detail);
        }
    }

    pub(super) fn clause_names(&mut self) {
        let analysis = self.place.cursor.analysis;
        for rule in &analysis.package.rules {
            self.decl(CompletionKind::Rule, 0, &rule.decl, "rule");
        }
        for limit in &analysis.package.limits {
            self.decl(CompletionKind::Rule, 1, &limit.decl, "limit");
        }
    }

    pub(super) fn constraints(&mut self) {
        let analysis = self.place.cursor.analysis;
        for constraint in &analysis.package.constraints {
            let detail = constraint.ty.display(&analysis.package.schema);
            self.decl(CompletionKind::Constant, 0, &constraint.decl, &detail);
        }
    }

    pub(super) fn types(&mut self) {
        for word in type_words() {
            self.push(CompletionKind::Type, 1, &word, "", "");
        }
        for generic in ["list", "set"] {
            self.snippet(CompletionKind::Type, 2, generic, "", &format!("{generic}<${{1:string}}>$0"));
        }
        let analysis = self.place.cursor.analysis;
        for decl in &analysis.package.record_decls {
            self.decl(CompletionKind::Type, 0, decl, "record");
        }
        for decl in &analysis.package.enum_decls {
            self.decl(CompletionKind::Type, 0, decl, "enum");
        }
    }

    /// What an operand can begin with; first what its neighbour asks for.
    pub(super) fn operand(&mut self) {
        let variables = self.place.variables();
        if self.expected(&variables) {
            return;
        }
        let analysis = self.place.cursor.analysis;
        let (package, schema) = (&analysis.package, &analysis.package.schema);
        for (name, ty) in &variables {
            self.push(CompletionKind::Variable, 0, name, &ty.display(schema), "");
        }
        if self.place.prior().is_some() {
            self.push(CompletionKind::Keyword, 1, "prior", "the earlier call", "");
        }
        if self.place.head() != Some(TokenKind::KwPredicate) {
            self.push(CompletionKind::Keyword, 2, "args", "the call's arguments", "");
        }
        for predicate in &package.predicates {
            let params = facts::parameters(&predicate.params, schema);
            self.decl(CompletionKind::Function, 10, &predicate.decl, &format!("({params}): bool"));
        }
        for external in &package.externs {
            let params = facts::parameters(&external.params, schema);
            let detail = format!("({params}): {}", external.result.display(schema));
            self.decl(CompletionKind::Function, 11, &external.decl, &detail);
        }
        for constant in &package.lets {
            self.decl(CompletionKind::Constant, 12, &constant.decl, &constant.ty.display(schema));
        }
        for live in &package.lives {
            self.decl(CompletionKind::Constant, 13, &live.decl, &live.ty.display(schema));
        }
        self.functions();
        for (root, detail) in [
            ("agent", "who calls"),
            ("user", "for whom"),
            ("context", "what the host says of the call"),
            ("session", "what happened before"),
            ("env", "the environment"),
            ("tier", "how risky the call is"),
            ("now", "the time"),
            ("tool", "what is called"),
            ("tenant", "the tenant"),
        ] {
            self.push(CompletionKind::Keyword, 30, root, detail, "");
        }
        self.keywords(40, &["not", "prior", "true", "false"]);
        self.words(Words::Labels, 60);
        self.words(Words::Roles, 80);
    }

    fn functions(&mut self) {
        for quantifier in ["any", "all", "none", "count"] {
            let insert = format!("{quantifier}(${{1:x}} in ${{2:list}}: ${{3:true}})$0");
            self.snippet(CompletionKind::Function, 20, quantifier, super::snippets::meaning(quantifier), &insert);
        }
        self.snippet(CompletionKind::Function, 20, "present", "whether it was given", "present($1)$0");
        for kind in ["paths", "urls", "hosts", "emails", "commands"] {
            let detail = format!("all {kind} of the call, nested ones too");
            self.snippet(CompletionKind::Function, 22, kind, &detail, &format!("{kind}(args)$0"));
        }
        self.snippet(CompletionKind::Function, 22, "origins", "where a value came from", "origins(args.$1)$0");
        for row in builtins().iter().filter(|row| row.form == Form::Function) {
            self.snippet(
                CompletionKind::Function,
                21,
                row.surface(),
                &row.signature(),
                &format!("{}($1)$0", row.surface()),
            );
            if let Some(last) = self.found.last_mut() {
                row.doc.clone_into(&mut last.doc);
            }
        }
    }

    /// Words that the left side of a comparison asks for; whether there are such.
    fn expected(&mut self, variables: &[(String, Type)]) -> bool {
        use TokenKind::{Comma, EqEq, Ge, Gt, KwIn, KwNot, LBracket, NotEq};
        let mut op = self.place.tokens.len().saturating_sub(1);
        if matches!(self.place.last(), Some(LBracket | Comma)) {
            match self.place.open.last() {
                Some(open) if self.place.kind(*open) == Some(LBracket) && *open > 0 => op = open - 1,
                _ => return false,
            }
        }
        if !matches!(self.place.kind(op), Some(EqEq | NotEq | KwIn | Gt | Ge)) {
            return false;
        }
        let listed = self.place.kind(op) == Some(KwIn) && op + 1 == self.place.tokens.len();
        let left = if op > 0 && self.place.kind(op - 1) == Some(KwNot) { op - 1 } else { op };
        match self.place.type_before(left, variables) {
            Some(Type::Enum(id)) if !listed => {
                let schema = &self.place.cursor.analysis.package.schema;
                let Some(choice) = schema.enumeration(id) else { return false };
                for (variant, order) in choice.variants.iter().zip(0..) {
                    self.push(CompletionKind::Word, order, variant, &choice.name, "");
                }
            }
            Some(Type::Word(Vocab::Environment)) if !listed => self.words(Words::Environments, 0),
            Some(Type::Word(Vocab::Tier)) if !listed => self.words(Words::Tiers, 0),
            Some(Type::Word(Vocab::Origin)) if !listed => self.words(Words::Origins, 0),
            Some(Type::Time) if listed => {
                let analysis = self.place.cursor.analysis;
                for window in &analysis.package.windows {
                    self.decl(CompletionKind::Constant, 0, &window.decl, "window");
                }
            }
            _ => return false,
        }
        true
    }
}
