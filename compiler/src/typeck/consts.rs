//! Constants: `let`, defaults of parameters, and what of an expression is known while compiling.

use claw_runtime::{Arg, Decoder, Json, Limits, Out, Type, Value};
use claw_syntax::ast::{self, ItemKind, LetValue, StrLit};

use super::Exprs;
use super::literals::set_value;
use crate::analysis::{Missing, MissingKind, Symbol};
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind, LetId, Loc, ModuleId, ToolId};
use crate::resolve::Cx;
use crate::visit;
use crate::workspace::{normalize, parent};

impl Cx<'_> {
    /// Evaluates every `let`, then the defaults of parameters.
    pub(super) fn check_constants(&mut self) {
        let ids = (0..self.package.lets.len() as u32).map(LetId);
        for id in ids {
            self.force_constant(id);
        }
        self.each_item(Cx::check_defaults);
    }

    /// Evaluates one `let`, and those it reads before it. A circle is reported and cut.
    pub(crate) fn force_constant(&mut self, id: LetId) {
        match self.lets_done.get(&id).copied() {
            Some(true) => return,
            Some(false) => return self.report_constant_circle(id),
            None => {}
        }
        self.lets_done.insert(id, false);
        if let Some((module, decl)) = self.let_decl(id) {
            let ty = self.package.lets[id.index()].ty.clone();
            let (value, reads) = match &decl.value {
                LetValue::Expr(e) => self.let_expression(module, e, &ty),
                LetValue::File(lit) => (self.let_file(module, lit, &ty), Vec::new()),
            };
            let entry = &mut self.package.lets[id.index()];
            entry.reads = reads;
            match value {
                Some(value) if entry.ty != Type::Error => entry.value = value,
                _ => entry.ty = Type::Error,
            }
        }
        self.lets_done.insert(id, true);
    }

    fn report_constant_circle(&mut self, id: LetId) {
        let decl = &self.package.lets[id.index()].decl;
        let message = format!("the constant `{}` is defined by itself", decl.name);
        let loc = decl.name_loc;
        self.package.lets[id.index()].ty = Type::Error;
        self.report(Diagnostic::new(codes::E0420, loc, message));
    }

    fn let_decl(&self, id: LetId) -> Option<(ModuleId, ast::LetDecl)> {
        let module = self.package.lets[id.index()].decl.module;
        let at = self.spaces[module.index()].items.iter().position(|s| *s == Some(Symbol::Let(id)))?;
        let file = self.package.modules[module.index()].file;
        let parse = self.parses.get(file.0 as usize)?.as_ref()?;
        match &parse.file.items.get(at)?.kind {
            ItemKind::Let(decl) => Some((module, decl.clone())),
            _ => None,
        }
    }

    fn let_expression(&mut self, module: ModuleId, e: &ast::Expr, ty: &Type) -> (Option<Value>, Vec<LetId>) {
        let value = Exprs::constants(self, module).check(e, ty);
        let mut reads = Vec::new();
        visit::walk(&value, &mut |e| {
            if let ExprKind::Let(id) = e.kind
                && !reads.contains(&id)
            {
                reads.push(id);
            }
        });
        (self.constant(value, ty), reads)
    }

    /// The value of a constant expression; `None` after reporting that it has none.
    fn constant(&mut self, expr: Expr, ty: &Type) -> Option<Value> {
        if expr.ty == Type::Error {
            return None;
        }
        match self.constant_value(&expr) {
            Some(Value::List(items)) if matches!(ty, Type::Set(_)) => Some(set_value(items.to_vec())),
            Some(value) => Some(value),
            None => {
                let error = Diagnostic::new(codes::E0214, expr.loc, "the value of this can't be told while compiling")
                    .help("a constant is made of literals and other constants");
                self.report(error);
                None
            }
        }
    }

    fn let_file(&mut self, module: ModuleId, lit: &StrLit, ty: &Type) -> Option<Value> {
        let loc = self.loc(module, lit.span);
        if lit.value.is_empty() || lit.value.contains('\\') || lit.value.starts_with('/') {
            let message = format!("`{}` is no relative path", lit.value);
            self.report(Diagnostic::new(codes::E0113, loc, message).help("write it relative to this file, with `/`"));
            return None;
        }
        let from = self.sources.get(self.package.modules[module.index()].file).path.clone();
        let path = normalize(parent(&from), &lit.value);
        let Some(bytes) = self.workspace.data(&path).cloned() else {
            self.report(Diagnostic::new(codes::E0103, loc, format!("there is no file `{path}`")));
            self.missing.push(Missing { path, kind: MissingKind::Data, loc });
            return None;
        };
        if *ty == Type::Error {
            return None;
        }
        let limits = Limits { bytes: usize::MAX, nodes: usize::MAX, elements: usize::MAX, ..Limits::default() };
        let json = match Json::parse(&bytes, &limits) {
            Ok(json) => json,
            Err(why) => {
                self.report(Diagnostic::new(codes::E0115, loc, format!("`{path}` can't be read as JSON: {why}")));
                return None;
            }
        };
        match Decoder::constants(&self.package.schema, &limits).value(&json, ty, "") {
            Ok(value) => Some(value),
            Err(why) => {
                let shown = self.show(ty);
                let message = format!("`{path}` does not hold a `{shown}`: {why}");
                self.report(Diagnostic::new(codes::E0115, loc, message));
                None
            }
        }
    }

    fn check_defaults(&mut self, module: ModuleId, item: &ast::Item, symbol: Option<Symbol>) {
        let (ItemKind::Tool(decl), Some(Symbol::Tool(id))) = (&item.kind, symbol) else { return };
        for param in &decl.params {
            if let Some(default) = &param.default {
                self.default(module, id, param, default);
            }
        }
    }

    fn default(&mut self, module: ModuleId, tool: ToolId, param: &ast::Param, default: &ast::Expr) {
        let loc = self.loc(module, param.name.span);
        let entry = &self.package.tools[tool.index()];
        let Some(at) = entry.param_locs.iter().position(|l| *l == loc) else { return };
        let ty = entry.params[at].ty.clone();
        if entry.params[at].optional {
            let loc = self.loc(module, param.span);
            let error =
                Diagnostic::new(codes::E0426, loc, format!("`{}` has a default and is optional", param.name.name))
                    .help("with a default it is never absent: leave out the `?`");
            self.report(error);
        }
        let value = Exprs::constants(self, module).check(default, &ty);
        let value = self.constant(value, &ty);
        self.package.tools[tool.index()].params[at].default = value;
    }

    /// The value of an expression, if it is constant. Reports nothing.
    pub(crate) fn constant_value(&self, expr: &Expr) -> Option<Value> {
        let list = |value: Value| match value {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Const(value) => Some(value.clone()),
            ExprKind::Let(id) => {
                let entry = &self.package.lets[id.index()];
                (entry.ty != Type::Error).then(|| entry.value.clone())
            }
            ExprKind::List(items) => {
                let values: Option<Vec<Value>> = items.iter().map(|e| self.constant_value(e)).collect();
                Some(Value::List(values?.into()))
            }
            ExprKind::Concat(a, b) => {
                let (a, b) = (list(self.constant_value(a)?)?, list(self.constant_value(b)?)?);
                Some(Value::List(a.iter().chain(b.iter()).cloned().collect()))
            }
            ExprKind::Builtin(id, args) => {
                let values: Option<Vec<Value>> = args.iter().map(|e| self.constant_value(e)).collect();
                let values = values?;
                let args: Vec<Arg<'_>> = values.iter().map(Arg::Known).collect();
                match id.call(&args) {
                    Out::Known(value) => Some(value),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(crate) fn hole_at(loc: Loc) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Error, loc }
    }
}
