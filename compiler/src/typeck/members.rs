//! `x.name`: attributes of roots, arguments, fields of records, members of the builtin table.

use claw_runtime::{Field, Type, lookup_member, members_of};
use claw_syntax::ast::{self, ExprKind as Ast, Ident};

use super::Exprs;
use super::compare::ask_of_command;
use super::expr::{Args, fits};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{AttrRoot, Expr, ExprKind, Fact, ToolId};
use crate::suggest;

impl Exprs<'_, '_> {
    pub(super) fn field(&mut self, whole: &ast::Expr, base: &ast::Expr, field: &Ident) -> Expr {
        if field.is_hole() {
            return self.hole(whole.span);
        }
        if let Ast::Name(root) = &base.unparen().kind
            && !self.locals.iter().any(|l| l.name == root.name)
        {
            if root.name == "prior" {
                return self.prior_argument(whole, field);
            }
            if super::names::ROOTS.contains(&root.name.as_str()) {
                return self.root_member(whole, root, field);
            }
        }
        if let Some(path) = Self::as_path(whole)
            && let Some(first) = path.segments.first()
            && !self.is_value_name(&first.name)
            && (self.cx.alias(self.module, &first.name).is_some() || self.cx.perhaps_lost(self.module, &path))
        {
            return self.aliased(whole, base, field, &path);
        }
        let receiver = self.infer(base, None);
        self.member(whole, receiver, field)
    }

    /// `company.domains`, and members of what `company.x` is.
    fn aliased(&mut self, whole: &ast::Expr, base: &ast::Expr, field: &Ident, path: &ast::Path) -> Expr {
        let is_value = |s| matches!(s, Symbol::Let(_) | Symbol::Live(_));
        if path.segments.len() > 2
            && let Some(inner) = Self::as_path(base)
            && self.cx.lookup(self.module, path).is_none()
            && self.cx.lookup(self.module, &inner).is_some_and(is_value)
        {
            let receiver = self.infer(base, None);
            return self.member(whole, receiver, field);
        }
        self.named_value(path, None)
    }

    /// A field of a record or a member of the builtin table.
    pub(super) fn member(&mut self, whole: &ast::Expr, receiver: Expr, field: &Ident) -> Expr {
        let loc = self.loc(field.span);
        match &receiver.ty {
            Type::Error => self.hole(whole.span),
            Type::Record(id) => {
                let id = *id;
                let record = &self.cx.package.schema.records[id.0 as usize];
                let Some(at) = record.fields.iter().position(|f| f.name == field.name) else {
                    let name = record.name.clone();
                    let fields: Vec<String> = record.fields.iter().map(|f| f.name.clone()).collect();
                    return self.no_member(whole, field, format!("the record `{name}` has no field"), &fields);
                };
                let ty = record.fields[at].ty.clone();
                self.cx.refer(loc, Symbol::Field(id, at as u32));
                self.typed(ExprKind::RecordField(Box::new(receiver), at as u32), ty, whole)
            }
            ty => match lookup_member(ty, &field.name) {
                Some(found) => {
                    self.cx.refer(loc, Symbol::Builtin(found.id));
                    self.typed(ExprKind::Builtin(found.id, vec![receiver]), found.result, whole)
                }
                None => self.no_builtin_member(whole, &receiver, field),
            },
        }
    }

    fn typed(&self, kind: ExprKind, ty: Type, whole: &ast::Expr) -> Expr {
        if ty == Type::Error { self.hole(whole.span) } else { self.expr(kind, ty, whole.span) }
    }

    fn no_builtin_member(&mut self, whole: &ast::Expr, receiver: &Expr, field: &Ident) -> Expr {
        let (shown, loc) = (self.show(&receiver.ty), self.loc(field.span));
        let members: Vec<String> = members_of(&receiver.ty).map(|row| row.surface().to_owned()).collect();
        if members.contains(&field.name) {
            let error = Diagnostic::new(codes::E0203, loc, format!("`.{}` takes arguments", field.name))
                .help(format!("call it: `.{}(…)`", field.name));
            return self.fail_with(whole.span, error);
        }
        if let Some(element) = receiver.ty.element()
            && lookup_member(element, &field.name).is_some()
        {
            let list = self.cx.text(receiver.loc).to_owned();
            let error = Diagnostic::new(
                codes::E0203,
                loc,
                format!("`{shown}` has no member `{}`, its elements have", field.name),
            )
            .help(format!("ask each of them: `any(x in {list}: x.{} …)`", field.name));
            return self.fail_with(whole.span, error);
        }
        if receiver.ty == Type::Json {
            let error = Diagnostic::new(codes::E0203, loc, "nothing is known of what a `json` value holds")
                .help(format!("read it as a type: `(….at(\"/{}\") as string)`", field.name));
            return self.fail_with(whole.span, error);
        }
        if let Some(help) = ask_of_command(receiver, self.cx.text(receiver.loc), &field.name) {
            let error = Diagnostic::new(codes::E0203, loc, format!("`{shown}` has no member `{}`", field.name));
            return self.fail_with(whole.span, error.help(help));
        }
        self.no_member(whole, field, format!("`{shown}` has no member"), &members)
    }

    fn no_member(&mut self, whole: &ast::Expr, field: &Ident, what: String, known: &[String]) -> Expr {
        let loc = self.loc(field.span);
        let near = suggest::nearest(&field.name, known.iter().map(String::as_str));
        let error = Diagnostic::new(codes::E0203, loc, format!("{what} `{}`", field.name));
        let error = match near {
            None if known.is_empty() => error,
            None => error.help(format!("it has {}", suggest::list(known.iter().map(String::as_str)))),
            near => error.did_you_mean(loc, near),
        };
        self.fail_with(whole.span, error)
    }

    fn root_member(&mut self, whole: &ast::Expr, root: &Ident, field: &Ident) -> Expr {
        if root.name != "args" && !self.may_read(whole.span) {
            return self.hole(whole.span);
        }
        let fact = |this: &Self, fact, ty| this.expr(ExprKind::Fact(fact), ty, whole.span);
        match (root.name.as_str(), field.name.as_str()) {
            ("args", _) => self.argument(whole, field),
            ("agent", "id") => fact(self, Fact::AgentId, Type::Str),
            ("agent", "owner") => fact(self, Fact::AgentOwner, Type::Str),
            ("agent", "chain") => fact(self, Fact::AgentChain, Type::list(Type::Agent)),
            ("agent", "depth") => fact(self, Fact::AgentDepth, Type::Int),
            ("agent" | "user", "roles") => {
                let root = &root.name;
                let loc = self.loc(whole.span);
                let error =
                    Diagnostic::new(codes::E0307, loc, format!("`{root}.roles` can only be asked for one role"))
                        .help(format!("write `admin in {root}.roles`"));
                self.fail_with(whole.span, error)
            }
            ("agent", _) => self.attribute(whole, AttrRoot::Agent, root, field),
            ("user", "id") => fact(self, Fact::UserId, Type::Str),
            ("user", _) => self.attribute(whole, AttrRoot::User, root, field),
            ("context", _) => self.attribute(whole, AttrRoot::Context, root, field),
            ("session", "id") => fact(self, Fact::SessionId, Type::Str),
            ("session", "labels") => {
                let loc = self.loc(whole.span);
                let error = Diagnostic::new(codes::E0305, loc, "`session.labels` can only be asked for one label")
                    .help("write `untrusted in session.labels`: more labels must always mean stricter");
                self.fail_with(whole.span, error)
            }
            ("session", _) => {
                self.no_member(whole, field, "`session` has no member".into(), &["id".into(), "labels".into()])
            }
            ("tool", "name") => fact(self, Fact::ToolName, Type::Str),
            ("tool", "server") => fact(self, Fact::ToolServer, Type::Str),
            ("tool", _) => {
                self.no_member(whole, field, "`tool` has no member".into(), &["name".into(), "server".into()])
            }
            ("tier", _) => self.fail(codes::E0306, whole.span, "`tier` can only be compared with a tier"),
            // `env.x`, `now.x`, `tenant.x`: members of the value itself.
            _ => {
                let receiver = self.bare_root(root);
                self.member(whole, receiver, field)
            }
        }
    }

    fn attribute(&mut self, whole: &ast::Expr, root: AttrRoot, word: &Ident, field: &Ident) -> Expr {
        let table = match root {
            AttrRoot::Agent => &self.cx.package.agent,
            AttrRoot::User => &self.cx.package.user,
            AttrRoot::Context => &self.cx.package.context,
        };
        if let Some(at) = table.iter().position(|a| a.field.name == field.name) {
            let ty = table[at].field.ty.clone();
            self.cx.refer(self.loc(field.span), Symbol::Attr(root, at as u32));
            return self.typed(ExprKind::Attr(root, at as u32), ty, whole);
        }
        let host: &[&str] = match root {
            AttrRoot::Agent => &["id", "owner", "chain", "depth", "roles"],
            AttrRoot::User => &["id", "roles"],
            AttrRoot::Context => &[],
        };
        let known: Vec<String> =
            table.iter().map(|a| a.field.name.clone()).chain(host.iter().map(|w| w.to_string())).collect();
        let loc = self.loc(field.span);
        let word = &word.name;
        let near = suggest::nearest(&field.name, known.iter().map(String::as_str));
        let error = Diagnostic::new(codes::E0203, loc, format!("`{word}` has no attribute `{}`", field.name));
        let error = match near {
            Some(_) => error.did_you_mean(loc, near),
            None => error.help(format!("declare it: `{word} {{ {}: string }}`", field.name)),
        };
        self.fail_with(whole.span, error)
    }

    /// `args.name`: must be there, with one type, in every tool that the clause is about.
    fn argument(&mut self, whole: &ast::Expr, field: &Ident) -> Expr {
        let tools = match &self.args {
            Args::Of(tools) => tools.clone(),
            Args::None(why) => {
                let loc = self.loc(whole.span);
                let error = Diagnostic::new(codes::E0221, loc, "there are no arguments here").help(*why);
                return self.fail_with(whole.span, error);
            }
        };
        let mut found: Option<(ToolId, Field)> = None;
        for tool in &tools {
            let entry = &self.cx.package.tools[tool.index()];
            let Some(at) = entry.params.iter().position(|p| p.name == field.name) else {
                return self.no_argument(whole, field, *tool, &tools);
            };
            let param = entry.params[at].clone();
            if found.is_none() || tools.len() <= 16 {
                self.cx.refer(self.loc(field.span), Symbol::Param(*tool, at as u32));
            }
            match &found {
                Some((first, other)) if !fits(&param.ty, &other.ty) => {
                    return self.differing_argument(whole, field, (*first, &other.ty.clone()), (*tool, &param.ty));
                }
                Some(_) => {}
                None => found = Some((*tool, param)),
            }
        }
        match found {
            Some((_, param)) => self.typed(ExprKind::Arg(field.name.clone()), param.ty, whole),
            None if self.cx.package.tools.is_empty() && !self.cx.diagnostics.iter().any(Diagnostic::is_error) => {
                let message = format!("there is no tool here that has an argument `{}`", field.name);
                let error = Diagnostic::new(codes::E0204, self.loc(field.span), message)
                    .help("`any` ranges over all tools of the bundle, and there are none: declare one, or use a module that does");
                self.fail_with(whole.span, error)
            }
            None => self.hole(whole.span),
        }
    }

    fn no_argument(&mut self, whole: &ast::Expr, field: &Ident, tool: ToolId, tools: &[ToolId]) -> Expr {
        let loc = self.loc(field.span);
        let entry = &self.cx.package.tools[tool.index()];
        // The parameter may be what could not be read of the tool.
        if self.cx.is_broken(entry.decl.module, entry.decl.loc.span) {
            return self.hole(whole.span);
        }
        let name = &field.name;
        let known: Vec<&str> = entry.params.iter().map(|p| p.name.as_str()).collect();
        let has = |t: &ToolId| self.cx.package.tools[t.index()].params.iter().any(|p| p.name == *name);
        let message = format!("`{}` has no argument `{name}`", entry.decl.name);
        let error = Diagnostic::new(codes::E0204, loc, message).label(entry.decl.name_loc, "declared here");
        let near = suggest::nearest(name, known.iter().copied());
        let error = if tools.iter().any(has) {
            error.help("this clause is about several tools: write one for those that have it")
        } else if near.is_some() {
            error.did_you_mean(loc, near)
        } else if known.is_empty() {
            error.help("it takes none")
        } else {
            error.help(format!("it has {}", suggest::list(known.iter().copied())))
        };
        self.fail_with(whole.span, error)
    }

    fn differing_argument(
        &mut self,
        whole: &ast::Expr,
        field: &Ident,
        first: (ToolId, &Type),
        other: (ToolId, &Type),
    ) -> Expr {
        let name = |t: ToolId| self.cx.package.tools[t.index()].decl.name.clone();
        let place = |t: ToolId| {
            let tool = &self.cx.package.tools[t.index()];
            let at = tool.params.iter().position(|p| p.name == field.name).unwrap_or(0);
            tool.param_locs[at]
        };
        let message = format!(
            "`args.{}` is `{}` in `{}` and `{}` in `{}`",
            field.name,
            self.show(first.1),
            name(first.0),
            self.show(other.1),
            name(other.0)
        );
        let error = Diagnostic::new(codes::E0205, self.loc(whole.span), message)
            .label(place(first.0), "one type here")
            .label(place(other.0), "another here")
            .help("write one clause for each type");
        self.fail_with(whole.span, error)
    }

    fn prior_argument(&mut self, whole: &ast::Expr, field: &Ident) -> Expr {
        let Some(tool) = self.prior else {
            let loc = self.loc(whole.span);
            let error = Diagnostic::new(codes::E0221, loc, "`prior` only stands inside `prior tool(…)`")
                .help("write `prior get_order(prior.id == args.order_id) within 10m`");
            return self.fail_with(whole.span, error);
        };
        let entry = &self.cx.package.tools[tool.index()];
        match entry.params.iter().position(|p| p.name == field.name) {
            Some(at) => {
                let ty = entry.params[at].ty.clone();
                self.cx.refer(self.loc(field.span), Symbol::Param(tool, at as u32));
                self.typed(ExprKind::PriorArg(field.name.clone()), ty, whole)
            }
            None => self.no_argument(whole, field, tool, &[tool]),
        }
    }
}
