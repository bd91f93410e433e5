//! `test` blocks: their names and settings. What a call answers is for the runner to find out.

use std::sync::Arc;

use claw_runtime::{Json, Reason, Time, value_to_json};
use claw_syntax::Span;
use claw_syntax::ast::{self, ClauseRef, ExpectDetailKind, ExprKind as Ast, TestStepKind as Kind};

use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{EnvId, Expect, LabelId, Loc, ModuleId, OriginId, Test, TestStep, TierId, ToolId};
use crate::resolve::{Cx, Vocabulary};
use crate::suggest;

/// A call that waits for its expectation.
struct Pending {
    tool: Option<ToolId>,
    args: Option<Json>,
    fails: bool,
    span: Span,
}

impl Cx<'_> {
    pub(super) fn test(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::TestDecl) {
        let mut steps = Vec::new();
        let mut pending: Option<Pending> = None;
        let (mut agent, mut env, mut complained) = (false, false, false);
        for step in &decl.steps {
            if !matches!(step.kind, Kind::Fails | Kind::Expect { .. } | Kind::Error) {
                self.check_answered(module, pending.take());
            }
            match &step.kind {
                Kind::Call { tool, args } => {
                    let incomplete = !agent || !env;
                    if incomplete && !complained {
                        complained = true;
                        self.report_incomplete(module, step.span, agent, env);
                    }
                    pending = Some(self.test_call(module, tool, args.as_ref(), step.span));
                }
                Kind::Fails => match &mut pending {
                    Some(call) if !call.fails => call.fails = true,
                    Some(_) => self.written_twice(module, step.span, "fails"),
                    None => self.report_unpaired(module, step.span, "`fails` belongs to a `call` before it"),
                },
                Kind::Expect { outcome, details } => {
                    let expect = self.expectation(module, outcome, details, step.span);
                    match pending.take() {
                        Some(call) => steps.extend(finish_call(call, expect)),
                        None => self.report_unpaired(module, step.span, "`expect` belongs to a `call` before it"),
                    }
                }
                Kind::Error => pending = None,
                other => {
                    agent |= matches!(other, Kind::AsAgent { .. });
                    env |= matches!(other, Kind::In(_));
                    steps.extend(self.setting(module, other));
                }
            }
        }
        self.check_answered(module, pending);
        let decl = self.decl(module, item, decl.title.value.clone(), decl.title.span);
        self.package.tests.push(Test { decl, steps });
    }

    fn check_answered(&mut self, module: ModuleId, pending: Option<Pending>) {
        if let Some(call) = pending {
            self.report_unpaired(module, call.span, "this call has no `expect`");
        }
    }

    fn report_unpaired(&mut self, module: ModuleId, span: Span, message: &str) {
        let loc = self.loc(module, span);
        let error = Diagnostic::new(codes::E0502, loc, message).help("each `call` is followed by one `expect`");
        self.report(error);
    }

    fn report_incomplete(&mut self, module: ModuleId, span: Span, agent: bool, env: bool) {
        let (what, help) = match (agent, env) {
            (true, _) => ("no environment", "write `in prod` before it"),
            (false, true) => ("no agent", "write `as agent \"bot\" { roles: [support] }` before it"),
            (false, false) => (
                "neither agent nor environment",
                "write `as agent \"bot\" { roles: [support] }` and `in prod` before it",
            ),
        };
        let loc = self.loc(module, span);
        self.report(Diagnostic::new(codes::E0501, loc, format!("this call has {what}")).help(help));
    }

    fn test_call(&mut self, module: ModuleId, tool: &ast::Path, args: Option<&ast::Expr>, span: Span) -> Pending {
        let fits = |s: Symbol| matches!(s, Symbol::Tool(_));
        let tool = match self.resolve(module, tool, "a tool", fits) {
            Some(Symbol::Tool(id)) => Some(id),
            _ => None,
        };
        let args = match args {
            Some(args) => self.object(module, args),
            None => Some(Json::Obj(Vec::new())),
        };
        Pending { tool, args, fails: false, span }
    }

    fn setting(&mut self, module: ModuleId, kind: &Kind) -> Option<TestStep> {
        match kind {
            Kind::AsAgent { id, attrs } => {
                let known = self.attribute_names(true);
                let attrs = self.attributes_object(module, attrs.as_ref(), "an agent", &known)?;
                Some(TestStep::AsAgent(id.value.clone(), attrs))
            }
            Kind::AsUser { id, attrs } => {
                let known = self.attribute_names(false);
                let attrs = self.attributes_object(module, attrs.as_ref(), "a user", &known)?;
                Some(TestStep::AsUser(id.value.clone(), attrs))
            }
            Kind::In(env) => Some(TestStep::In(EnvId(self.word(module, Vocabulary::Environment, env)?))),
            // The grammar reports what is no time with a zone.
            Kind::At(lit) => Time::parse(&lit.text).ok().map(TestStep::At),
            Kind::With { what, value } => self.with(module, what, value),
            _ => None,
        }
    }

    fn attribute_names(&self, agent: bool) -> Vec<String> {
        let (table, host): (_, &[&str]) = match agent {
            true => (&self.package.agent, &["roles", "owner", "chain"]),
            false => (&self.package.user, &["roles"]),
        };
        host.iter().map(|w| (*w).to_owned()).chain(table.iter().map(|a| a.field.name.clone())).collect()
    }

    fn attributes_object(
        &mut self,
        module: ModuleId,
        attrs: Option<&ast::Expr>,
        what: &str,
        known: &[String],
    ) -> Option<Json> {
        let Some(attrs) = attrs else { return Some(Json::Obj(Vec::new())) };
        self.check_keys(module, attrs, what, known);
        self.check_roles(module, attrs);
        self.object(module, attrs)
    }

    /// A misspelt attribute would silently be ignored by the runtime.
    fn check_keys(&mut self, module: ModuleId, object: &ast::Expr, what: &str, known: &[String]) {
        let Ast::Object(fields) = &object.unparen().kind else { return };
        for field in fields.iter().filter(|f| !f.key.is_hole() && !known.contains(&f.key.name)) {
            let loc = self.loc(module, field.key.span);
            let near = self.nearest_of(&field.key.name, known);
            let error = Diagnostic::new(codes::E0506, loc, format!("{what} has no attribute `{}`", field.key.name));
            let error = match near {
                None if known.is_empty() => error,
                None => error.help(format!("there are {}", suggest::list(known.iter().map(String::as_str)))),
                near => error.did_you_mean(loc, near.as_deref()),
            };
            self.report(error);
        }
    }

    fn check_roles(&mut self, module: ModuleId, object: &ast::Expr) {
        let Ast::Object(fields) = &object.unparen().kind else { return };
        for field in fields {
            match (field.key.name.as_str(), &field.value.unparen().kind) {
                ("roles", Ast::List(items)) => {
                    for item in items {
                        if let Ast::Name(role) = &item.unparen().kind {
                            self.word(module, Vocabulary::Role, role);
                        }
                    }
                }
                ("chain", Ast::List(items)) => items.iter().for_each(|agent| self.check_roles(module, agent)),
                _ => {}
            }
        }
    }

    fn with(&mut self, module: ModuleId, what: &ast::Ident, value: &ast::Expr) -> Option<TestStep> {
        match what.name.as_str() {
            "context" => {
                let known: Vec<String> = self.package.context.iter().map(|a| a.field.name.clone()).collect();
                self.check_keys(module, value, "the context", &known);
                Some(TestStep::WithContext(self.object(module, value)?))
            }
            "labels" => {
                let labels = self.names(module, value)?;
                let ids = labels.iter().filter_map(|p| self.word(module, Vocabulary::Label, p.as_ident()?));
                Some(TestStep::WithLabels(ids.map(LabelId).collect()))
            }
            "approvals" => {
                let names = self.names(module, value)?;
                Some(TestStep::WithApprovals(self.approval_list(module, &names)))
            }
            "origins" => {
                let mut out = Vec::new();
                for field in self.entries(module, value)? {
                    let pointer = self.pointer(module, &field.key)?;
                    let words = self.names(module, &field.value)?;
                    let ids = words.iter().filter_map(|p| self.word(module, Vocabulary::Origin, p.as_ident()?));
                    out.push((pointer, ids.map(OriginId).collect()));
                }
                Some(TestStep::WithOrigins(out))
            }
            "resolved" => {
                let mut out = Vec::new();
                for field in self.entries(module, value)? {
                    let pointer = self.pointer(module, &field.key)?;
                    let Some(Json::Str(path)) = self.json(module, &field.value) else {
                        let loc = self.loc(module, field.value.span);
                        self.report(Diagnostic::new(codes::E0505, loc, "a path has to stand here, as a string"));
                        continue;
                    };
                    out.push((pointer, path.to_string()));
                }
                Some(TestStep::WithResolved(out))
            }
            "live" => {
                let found = self.named_values(module, value, "live data", |s| match s {
                    Symbol::Live(id) => Some(id),
                    _ => None,
                })?;
                Some(TestStep::WithLive(found))
            }
            "extern" => {
                let found = self.named_values(module, value, "an extern function", |s| match s {
                    Symbol::Extern(id) => Some(id),
                    _ => None,
                })?;
                Some(TestStep::WithExtern(found))
            }
            // The grammar reports other words.
            _ => None,
        }
    }

    fn named_values<T>(
        &mut self,
        module: ModuleId,
        value: &ast::Expr,
        what: &str,
        pick: fn(Symbol) -> Option<T>,
    ) -> Option<Vec<(T, Json)>> {
        let mut out = Vec::new();
        for field in self.entries(module, value)? {
            let segments =
                field.key.name.split('.').map(|name| ast::Ident { name: name.to_owned(), span: field.key.span });
            let path = ast::Path { segments: segments.collect(), span: field.key.span };
            let symbol = self.resolve(module, &path, what, |s| pick(s).is_some());
            let json = self.json(module, &field.value);
            if let (Some(id), Some(json)) = (symbol.and_then(pick), json) {
                out.push((id, json));
            }
        }
        Some(out)
    }

    fn pointer(&mut self, module: ModuleId, key: &ast::Ident) -> Option<String> {
        if key.name.starts_with('/') {
            return Some(key.name.clone());
        }
        let loc = self.loc(module, key.span);
        let error = Diagnostic::new(codes::E0505, loc, format!("`{}` is no JSON pointer", key.name))
            .help(format!("say where in the request: `\"/args/{}\"`", key.name));
        self.report(error);
        None
    }

    /// The fields of an object.
    fn entries<'e>(&mut self, module: ModuleId, value: &'e ast::Expr) -> Option<&'e [ast::ObjectField]> {
        match &value.unparen().kind {
            Ast::Object(fields) => Some(fields),
            Ast::Error => None,
            _ => {
                let loc = self.loc(module, value.span);
                self.report(
                    Diagnostic::new(codes::E0505, loc, "an object has to stand here").help("write `{ name: value }`"),
                );
                None
            }
        }
    }

    /// A list of names, or a single one.
    fn names(&mut self, module: ModuleId, value: &ast::Expr) -> Option<Vec<ast::Path>> {
        let items = match &value.unparen().kind {
            Ast::List(items) => items.as_slice(),
            Ast::Error => return None,
            _ => std::slice::from_ref(value),
        };
        let mut out = Vec::new();
        for item in items {
            match super::Exprs::as_path(item) {
                Some(path) => out.push(path),
                None if matches!(item.kind, Ast::Error) => {}
                None => {
                    let loc = self.loc(module, item.span);
                    self.report(
                        Diagnostic::new(codes::E0505, loc, "a name has to stand here").help("write it without quotes"),
                    );
                }
            }
        }
        Some(out)
    }

    fn object(&mut self, module: ModuleId, e: &ast::Expr) -> Option<Json> {
        self.entries(module, e)?;
        self.json(module, e)
    }

    /// A test value as the host would send it. `None` for holes, and after reporting what is no literal.
    fn json(&mut self, module: ModuleId, e: &ast::Expr) -> Option<Json> {
        let number = |text: String| Some(Json::Num(Arc::from(text)));
        match &e.unparen().kind {
            Ast::Error => None,
            Ast::Str(lit) => Some(Json::str(lit.value.as_str())),
            Ast::Bool(b) => Some(Json::Bool(*b)),
            Ast::Int(lit)
            | Ast::Decimal(lit)
            | Ast::Duration(lit)
            | Ast::Time(lit)
            | Ast::Date(lit)
            | Ast::DateTime(lit)
                if lit.is_hole() =>
            {
                None
            }
            Ast::Int(lit) | Ast::Decimal(lit) => number(plain_number(&lit.digits())),
            Ast::Duration(lit) | Ast::Time(lit) | Ast::Date(lit) | Ast::DateTime(lit) => {
                Some(Json::str(lit.text.as_str()))
            }
            Ast::Unary { op: ast::UnaryOp::Neg, operand, .. } => match &operand.unparen().kind {
                Ast::Int(lit) | Ast::Decimal(lit) if !lit.is_hole() => {
                    number(plain_number(&format!("-{}", lit.digits())))
                }
                _ => self.no_literal(module, e),
            },
            Ast::List(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.json(module, item)).collect();
                Some(Json::Arr(items.into_iter().collect::<Option<Vec<Json>>>()?))
            }
            Ast::Object(fields) => {
                let mut out = Vec::new();
                for field in fields {
                    let value = self.json(module, &field.value);
                    out.push((Arc::from(field.key.name.as_str()), value?));
                }
                Some(Json::Obj(out))
            }
            Ast::Name(_) | Ast::Field { .. } => match super::Exprs::as_path(e) {
                Some(path) => self.name_as_json(module, e, &path),
                None => self.no_literal(module, e),
            },
            _ => self.no_literal(module, e),
        }
    }

    /// A constant by name, or a word of a vocabulary or enum.
    fn name_as_json(&mut self, module: ModuleId, e: &ast::Expr, path: &ast::Path) -> Option<Json> {
        if path.is_hole() {
            return None;
        }
        let text = path.text();
        if text == "null" {
            return Some(Json::Null);
        }
        if let Some(symbol @ Symbol::Let(id)) = self.lookup(module, path) {
            self.refer_path(module, path, symbol);
            let entry = &self.package.lets[id.index()];
            return Some(value_to_json(&entry.value, &entry.ty, &self.package.schema));
        }
        let kinds =
            [Vocabulary::Role, Vocabulary::Label, Vocabulary::Environment, Vocabulary::Tier, Vocabulary::Origin];
        let is_word = kinds.into_iter().any(|v| self.vocabulary(v).contains_key(&text))
            || self.package.schema.enums.iter().any(|e| e.variants.contains(&text));
        if is_word {
            return Some(Json::str(text));
        }
        // An unknown role has been reported already; a missing module may have declared it.
        let excused = !self.lost.is_empty() || self.is_garbled(&text);
        if excused || self.diagnostics.iter().any(|d| d.primary.loc == self.loc(module, e.span)) {
            return None;
        }
        let loc = self.loc(module, e.span);
        let error =
            Diagnostic::new(codes::E0505, loc, format!("`{text}` is neither a constant nor a word that is declared"))
                .help(format!("as a text write it in quotes: `\"{text}\"`"));
        self.report(error);
        None
    }

    fn no_literal(&mut self, module: ModuleId, e: &ast::Expr) -> Option<Json> {
        let loc = self.loc(module, e.span);
        let error = Diagnostic::new(codes::E0505, loc, "a test takes literals, lists and names")
            .help("a test says what the host sends; nothing is computed");
        self.report(error);
        None
    }

    fn expectation(
        &mut self,
        module: ModuleId,
        outcome: &ast::OutcomeKind,
        details: &[ast::ExpectDetail],
        span: Span,
    ) -> Option<Expect> {
        let outcome = self.outcome(module, outcome);
        let (mut tier, mut reason) = (None, None);
        let (mut because, mut marks) = (Vec::new(), Vec::new());
        for detail in details {
            match &detail.kind {
                ExpectDetailKind::Tier(_) if tier.is_some() => self.written_twice(module, detail.span, "tier"),
                ExpectDetailKind::Tier(word) => tier = self.word(module, Vocabulary::Tier, word).map(TierId),
                ExpectDetailKind::Because(refs) => {
                    for clause in refs {
                        because.extend(self.clause_ref(module, clause));
                    }
                }
                ExpectDetailKind::Marks(labels) => {
                    marks.extend(self.word_list(module, Vocabulary::Label, labels).into_iter().map(LabelId));
                }
                ExpectDetailKind::Reason(_) if reason.is_some() => self.written_twice(module, detail.span, "reason"),
                ExpectDetailKind::Reason(word) => reason = self.reason(module, word),
            }
        }
        Some(Expect { outcome: outcome?, tier, because, marks, reason, loc: self.loc(module, span) })
    }

    fn reason(&mut self, module: ModuleId, word: &ast::Ident) -> Option<String> {
        if word.is_hole() {
            return None;
        }
        if word.name.parse::<Reason>().is_ok() {
            return Some(word.name.clone());
        }
        let loc = self.loc(module, word.span);
        let words = Reason::ALL.map(Reason::code);
        let error = Diagnostic::new(codes::E0504, loc, format!("no decision has the reason `{}`", word.name))
            .help(format!("there are {}", words.map(|w| format!("`{w}`")).join(", ")))
            .did_you_mean(loc, suggest::nearest(&word.name, words));
        self.report(error);
        None
    }

    /// The qualified name of a clause.
    fn clause_ref(&mut self, module: ModuleId, clause: &ClauseRef) -> Option<(String, Loc)> {
        match clause {
            ClauseRef::Name(path) => {
                let loc = self.loc(module, path.span);
                let fits = |s: Symbol| matches!(s, Symbol::Rule(_) | Symbol::Limit(_));
                if !path.is_hole() && !self.perhaps_lost(module, path) && self.lookup(module, path).is_none() {
                    let near = self.suggest_name(module, &path.text(), fits);
                    let error =
                        Diagnostic::new(codes::E0503, loc, format!("no rule or limit is called `{}`", path.text()))
                            .help("clauses without a name are given by their own text, in quotes")
                            .did_you_mean(loc, near.as_deref());
                    self.report(error);
                    return None;
                }
                let decl = match self.resolve(module, path, "a rule or a limit", fits)? {
                    Symbol::Rule(id) => &self.package.rules[id.index()].decl,
                    Symbol::Limit(id) => &self.package.limits[id.index()].decl,
                    _ => return None,
                };
                Some((self.qualified(decl.module, &decl.name), loc))
            }
            ClauseRef::Text(lit) => {
                let loc = self.loc(module, lit.span);
                let text = super::clauses::normal_text(&lit.value);
                let clauses = self.anonymous_clauses();
                let own = clauses.iter().find(|d| d.module == module && d.name == text);
                if let Some(decl) = own.or_else(|| clauses.iter().find(|d| d.name == text)) {
                    return Some((self.qualified(decl.module, &decl.name), loc));
                }
                let near = suggest::nearest(&text, clauses.iter().map(|d| d.name.as_str())).map(str::to_owned);
                let error = Diagnostic::new(codes::E0503, loc, "no clause has this text")
                    .maybe_help(near.map(|near| format!("did you mean `{near}`?")));
                self.report(error);
                None
            }
        }
    }

    fn qualified(&self, module: ModuleId, name: &str) -> String {
        format!("{}.{name}", self.package.modules[module.index()].name)
    }
}

fn finish_call(call: Pending, expect: Option<Expect>) -> Option<TestStep> {
    let expect = expect?;
    let loc = Loc { span: call.span, ..expect.loc };
    Some(TestStep::Call { tool: call.tool?, args: call.args?, fails: call.fails, expect, loc })
}

/// A number literal in canonical plain form.
fn plain_number(text: &str) -> String {
    claw_runtime::Decimal::parse(text).map_or_else(|_| text.to_owned(), |d| d.to_string())
}
