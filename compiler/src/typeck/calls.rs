//! Calls: the language's own functions, predicates, externs, methods.

use claw_runtime::{Collect, Type, Value, Vocab, lookup_function, lookup_member, lookup_method, members_of};
use claw_syntax::Span;
use claw_syntax::ast::{self, ExprKind as Ast, Ident, TypeExpr};

use super::Exprs;
use super::compare::ask_of_command;
use super::expr::{Args, is_name};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind, Fact};
use crate::suggest;

/// The functions of the language itself.
pub(crate) const FUNCTIONS: [&str; 12] =
    ["present", "len", "origins", "paths", "urls", "hosts", "emails", "commands", "any", "all", "none", "count"];

impl Exprs<'_, '_> {
    pub(super) fn call(&mut self, span: Span, callee: &ast::Expr, args: &[ast::Expr]) -> Expr {
        match &callee.unparen().kind {
            Ast::Error => {
                self.infer_all(args);
                self.hole(span)
            }
            Ast::Name(name) if name.is_hole() => self.hole(span),
            Ast::Name(name) => self.call_name(span, name, args),
            Ast::Field { base, field } => self.call_field(span, callee, base, field, args),
            _ => {
                self.infer_all(args);
                self.fail(codes::E0208, callee.span, "only a name can be called")
            }
        }
    }

    fn infer_all(&mut self, args: &[ast::Expr]) -> Vec<Expr> {
        args.iter().map(|arg| self.infer(arg, Some(&Type::Error))).collect()
    }

    fn call_name(&mut self, span: Span, name: &Ident, args: &[ast::Expr]) -> Expr {
        match (name.name.as_str(), args) {
            ("present", [arg]) => self.present(span, arg),
            ("len", [arg]) => self.len(span, arg),
            ("origins", [arg]) => self.origins(span, arg),
            ("any" | "all" | "none" | "count", _) => {
                let loc = self.loc(span);
                let word = &name.name;
                let error =
                    Diagnostic::new(codes::E0209, loc, format!("`{word}` needs a variable, a list and a condition"))
                        .help(format!("write `{word}(x in xs: …)`"));
                self.fail_with(span, error)
            }
            ("present" | "len" | "origins", _) => self.wrong_count(span, &name.name, 1, args.len()),
            (word, args) => match (Collect::by_name(word), args) {
                (Some(kind), [arg]) => self.collect(span, word, kind, arg),
                (Some(_), _) => self.wrong_count(span, word, 1, args.len()),
                (None, _) => {
                    let path = ast::Path { segments: vec![name.clone()], span: name.span };
                    self.call_path(span, &path, args)
                }
            },
        }
    }

    fn wrong_count(&mut self, span: Span, name: &str, wanted: usize, found: usize) -> Expr {
        let plural = if wanted == 1 { "" } else { "s" };
        self.fail(codes::E0209, span, format!("`{name}` takes {wanted} argument{plural}, not {found}"))
    }

    /// A predicate or an extern, perhaps of another module.
    fn call_path(&mut self, span: Span, path: &ast::Path, args: &[ast::Expr]) -> Expr {
        let text = path.text();
        let loc = self.loc(path.span);
        match self.cx.lookup(self.module, path) {
            Some(symbol @ Symbol::Predicate(id)) => {
                self.cx.refer_path(self.module, path, symbol);
                let params = self.cx.package.predicates[id.index()].params.clone();
                let Some(args) = self.arguments(span, &text, &params, args) else { return self.hole(span) };
                self.expr(ExprKind::Predicate(id, args), Type::Bool, span)
            }
            Some(symbol @ Symbol::Extern(id)) => {
                self.cx.refer_path(self.module, path, symbol);
                let entry = &self.cx.package.externs[id.index()];
                let (params, result) = (entry.params.clone(), entry.result.clone());
                if !self.may_read(span) {
                    return self.hole(span);
                }
                let Some(args) = self.arguments(span, &text, &params, args) else { return self.hole(span) };
                if result == Type::Error {
                    return self.hole(span);
                }
                self.expr(ExprKind::Extern(id, args), result, span)
            }
            Some(symbol) => {
                self.cx.refer_path(self.module, path, symbol);
                self.infer_all(args);
                let declared = self.cx.declaration_of(symbol);
                let mut error =
                    Diagnostic::new(codes::E0208, loc, format!("`{text}` is {}, not a function", symbol.kind()));
                if let Some(declared) = declared {
                    error = error.label(declared, "declared here");
                }
                self.fail_with(span, error)
            }
            None => {
                self.infer_all(args);
                self.unknown_function(span, path)
            }
        }
    }

    fn unknown_function(&mut self, span: Span, path: &ast::Path) -> Expr {
        if self.cx.perhaps_lost(self.module, path) {
            return self.hole(span);
        }
        let text = path.text();
        let loc = self.loc(path.span);
        let fits = |s: Symbol| matches!(s, Symbol::Predicate(_) | Symbol::Extern(_));
        let near = suggest::nearest(&text, FUNCTIONS).map(str::to_owned);
        let near = near.or_else(|| self.cx.suggest_name(self.module, &text, fits));
        let foreign = match text.as_str() {
            "exists" | "has" | "defined" => Some("`present(x)` asks whether something is there"),
            "contains" | "includes" => Some("write `x in xs`; for a part of a text `x like \"*part*\"`"),
            "startswith" | "starts_with" => Some("write `x like \"start*\"`"),
            "endswith" | "ends_with" => Some("write `x like \"*end\"`"),
            "size" | "length" => Some("`len(x)` is the length"),
            "some" | "every" | "filter" => Some("write `any(x in xs: …)` or `all(x in xs: …)`"),
            _ => None,
        };
        let error = Diagnostic::new(codes::E0101, loc, format!("there is no function `{text}`"));
        let error = match foreign {
            Some(help) => error.help(help),
            None => error.did_you_mean(loc, near.as_deref()),
        };
        self.fail_with(span, error)
    }

    /// Arguments by their parameters' types; `None` if some is wrong, which was reported.
    fn arguments(
        &mut self,
        span: Span,
        name: &str,
        params: &[(String, Type)],
        args: &[ast::Expr],
    ) -> Option<Vec<Expr>> {
        if params.len() != args.len() {
            self.infer_all(args);
            self.wrong_count(span, name, params.len(), args.len());
            return None;
        }
        let args: Vec<Expr> = args.iter().zip(params).map(|(arg, (_, ty))| self.check(arg, ty)).collect();
        let fine = args.iter().all(|a| a.ty != Type::Error) && params.iter().all(|(_, ty)| *ty != Type::Error);
        fine.then_some(args)
    }

    fn call_field(
        &mut self,
        span: Span,
        callee: &ast::Expr,
        base: &ast::Expr,
        field: &Ident,
        args: &[ast::Expr],
    ) -> Expr {
        if field.is_hole() {
            self.infer_all(args);
            return self.hole(span);
        }
        if let Some(path) = Self::as_path(callee)
            && let Some(first) = path.segments.first()
            && !self.is_value_name(&first.name)
            && path.segments.len() == 2
            && (self.cx.alias(self.module, &first.name).is_some() || self.cx.perhaps_lost(self.module, &path))
        {
            return self.call_path(span, &path, args);
        }
        let receiver = self.infer(base, None);
        if receiver.ty == Type::Error {
            self.infer_all(args);
            return self.hole(span);
        }
        self.method(span, receiver, field, args)
    }

    fn method(&mut self, span: Span, receiver: Expr, field: &Ident, args: &[ast::Expr]) -> Expr {
        let loc = self.loc(field.span);
        let args: Vec<Expr> = args.iter().map(|a| self.infer(a, None)).collect();
        if args.iter().any(|a| a.ty == Type::Error) {
            return self.hole(span);
        }
        let types: Vec<&Type> = args.iter().map(|a| &a.ty).collect();
        if let Some(found) = lookup_method(&receiver.ty, &field.name, &types) {
            self.cx.refer(loc, Symbol::Builtin(found.id));
            if receiver.ty == Type::Json && field.name == "at" {
                let error = Diagnostic::new(
                    codes::E0218,
                    self.loc(span),
                    "nothing is known of this value until it is read as a type",
                )
                .help("write `(x.at(\"/pointer\") as string)`");
                return self.fail_with(span, error);
            }
            let all = std::iter::once(receiver).chain(args).collect();
            return self.expr(ExprKind::Builtin(found.id, all), found.result, span);
        }
        let shown = self.show(&receiver.ty);
        let rows: Vec<_> = members_of(&receiver.ty).collect();
        if let Some(row) = rows.iter().find(|row| row.surface() == field.name) {
            let error = match lookup_member(&receiver.ty, &field.name) {
                Some(_) => Diagnostic::new(codes::E0208, loc, format!("`.{}` is a value, not a function", field.name))
                    .help("leave out the parentheses"),
                None => Diagnostic::new(
                    codes::E0209,
                    self.loc(span),
                    format!("`.{}` does not take these arguments", field.name),
                )
                .help(format!("it is `{}`", row.signature())),
            };
            return self.fail_with(span, error);
        }
        let names: Vec<&str> = rows.iter().map(|row| row.surface()).collect();
        let near = suggest::nearest(&field.name, names.iter().copied());
        let error = Diagnostic::new(codes::E0203, loc, format!("`{shown}` has no member `{}`", field.name));
        if let Some(help) = ask_of_command(&receiver, self.cx.text(receiver.loc), &field.name) {
            return self.fail_with(span, error.help(help));
        }
        let error = match near {
            None if names.is_empty() => error,
            None => error.help(format!("it has {}", suggest::list(names.iter().copied()))),
            near => error.did_you_mean(loc, near),
        };
        self.fail_with(span, error)
    }

    /// `present(x)`: of something that may be absent.
    fn present(&mut self, span: Span, arg: &ast::Expr) -> Expr {
        let inner = self.infer(arg, None);
        if inner.ty == Type::Error {
            return self.hole(span);
        }
        match self.may_be_absent(&inner) {
            Some(true) => self.expr(ExprKind::Present(Box::new(inner)), Type::Bool, span),
            Some(false) => {
                let text = self.cx.text(inner.loc).to_owned();
                let error = Diagnostic::new(codes::E0217, inner.loc, format!("`{text}` is never absent"))
                    .help("only optional fields, declared with `?`, can be absent");
                self.fail_with(span, error)
            }
            None => {
                let error =
                    Diagnostic::new(codes::E0217, inner.loc, "`present` asks for an argument, an attribute or a field")
                        .help("a value that was computed is not absent, but may be unknown");
                self.fail_with(span, error)
            }
        }
    }

    /// Whether a field may be absent; `None` if it is no field.
    fn may_be_absent(&self, expr: &Expr) -> Option<bool> {
        use crate::hir::AttrRoot;
        match &expr.kind {
            ExprKind::Arg(name) => {
                let Args::Of(tools) = &self.args else { return Some(true) };
                let tools = tools.iter().map(|t| &self.cx.package.tools[t.index()]);
                Some(tools.flat_map(|t| t.params.iter()).any(|p| p.name == *name && p.optional))
            }
            ExprKind::PriorArg(name) => {
                let tool = &self.cx.package.tools[self.prior?.index()];
                Some(tool.params.iter().any(|p| p.name == *name && p.optional))
            }
            // The whole root may be missing, but that is unknown, not absent.
            ExprKind::Attr(root, at) => {
                let table = match root {
                    AttrRoot::Agent => &self.cx.package.agent,
                    AttrRoot::User => &self.cx.package.user,
                    AttrRoot::Context => &self.cx.package.context,
                };
                table.get(*at as usize).map(|a| a.field.optional)
            }
            ExprKind::RecordField(base, at) => {
                let Type::Record(id) = base.ty else { return None };
                let field = self.cx.package.schema.records[id.0 as usize].fields.get(*at as usize)?;
                Some(field.optional || self.may_be_absent(base) == Some(true))
            }
            ExprKind::Fact(Fact::AgentOwner | Fact::ToolServer) => Some(true),
            ExprKind::Fact(_) => Some(false),
            _ => None,
        }
    }

    fn len(&mut self, span: Span, arg: &ast::Expr) -> Expr {
        let inner = self.infer(arg, None);
        match &inner.ty {
            Type::Error => self.hole(span),
            Type::List(_) | Type::Set(_) => self.expr(ExprKind::Len(Box::new(inner)), Type::Int, span),
            ty => match lookup_function("len", &[ty]) {
                Some(found) => self.expr(ExprKind::Builtin(found.id, vec![inner]), found.result, span),
                None => {
                    let message = format!("`len` works on lists, sets, strings and bytes, not on `{}`", self.show(ty));
                    self.fail(codes::E0207, arg.span, message)
                }
            },
        }
    }

    /// `origins(args.name.field)`
    fn origins(&mut self, span: Span, arg: &ast::Expr) -> Expr {
        let place = self.infer(arg, None);
        if place.ty == Type::Error {
            return self.hole(span);
        }
        let mut fields = Vec::new();
        let mut at = &place;
        while let ExprKind::RecordField(base, index) = &at.kind {
            if let Type::Record(id) = base.ty {
                fields.push(self.cx.package.schema.records[id.0 as usize].fields[*index as usize].name.clone());
            }
            at = base;
        }
        let ExprKind::Arg(name) = &at.kind else {
            let error = Diagnostic::new(codes::E0221, place.loc, "only arguments have origins")
                .help("write `origins(args.name)`");
            return self.fail_with(span, error);
        };
        fields.reverse();
        self.expr(ExprKind::Origins(name.clone(), fields), Type::set(Type::Word(Vocab::Origin)), span)
    }

    /// `paths(args)` and its kin.
    fn collect(&mut self, span: Span, word: &str, kind: Collect, arg: &ast::Expr) -> Expr {
        if matches!(arg.unparen().kind, Ast::Error) {
            return self.hole(span);
        }
        if !is_name(arg, "args") {
            let error =
                Diagnostic::new(codes::E0209, self.loc(arg.span), format!("`{word}` looks through all arguments"))
                    .help(format!("write `{word}(args)`"));
            return self.fail_with(span, error);
        }
        if let Args::None(why) = self.args {
            let error = Diagnostic::new(codes::E0221, self.loc(span), "there are no arguments here").help(why);
            return self.fail_with(span, error);
        }
        self.expr(ExprKind::Collect(kind), Type::list(kind.element()), span)
    }

    /// `x.at("/pointer") as T`
    pub(super) fn json_at(&mut self, span: Span, e: &ast::Expr, ty: &TypeExpr) -> Expr {
        let ty = self.cx.type_expr(self.module, ty);
        let bad = |this: &mut Self| {
            let error =
                Diagnostic::new(codes::E0218, this.loc(span), "`as` only reads a place of a `json` value as a type")
                    .help("write `(x.at(\"/pointer\") as string)`");
            this.fail_with(span, error)
        };
        let Ast::Call { callee, args } = &e.unparen().kind else {
            let inner = self.infer(e, None);
            return if inner.ty == Type::Error { self.hole(span) } else { bad(self) };
        };
        let Ast::Field { base, field } = &callee.unparen().kind else { return bad(self) };
        let receiver = self.infer(base, None);
        if receiver.ty == Type::Error {
            return self.hole(span);
        }
        let [pointer] = args.as_slice() else { return bad(self) };
        if receiver.ty != Type::Json || field.name != "at" {
            return bad(self);
        }
        let pointer_expr = self.check(pointer, &Type::Str);
        let pointer_loc = pointer_expr.loc;
        if pointer_expr.ty == Type::Error || ty == Type::Error {
            return self.hole(span);
        }
        let Some(Value::Str(pointer)) = self.cx.constant_value(&pointer_expr) else {
            return self.fail(codes::E0214, pointer.span, "the pointer has to be constant");
        };
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let error = Diagnostic::new(codes::E0202, pointer_loc, format!("`{pointer}` is no JSON pointer"))
                .help(format!("a pointer begins with `/`: `\"/{pointer}\"`"));
            return self.fail_with(span, error);
        }
        self.expr(ExprKind::JsonAt(Box::new(receiver), pointer.to_string(), ty.clone()), ty, span)
    }
}
