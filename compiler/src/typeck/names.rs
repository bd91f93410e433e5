//! Bare names and roots in expressions.

use claw_runtime::{Type, Value, Vocab};
use claw_syntax::Span;
use claw_syntax::ast::{self, Ident};

use super::Exprs;
use super::expr::Args;
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind, Fact};
use crate::resolve::Vocabulary;
use crate::suggest;

/// The words that expressions begin with.
pub(crate) const ROOTS: [&str; 10] =
    ["args", "agent", "user", "context", "session", "tool", "env", "tier", "now", "tenant"];

impl Exprs<'_, '_> {
    pub(super) fn name(&mut self, ident: &Ident, want: Option<&Type>) -> Expr {
        if ident.is_hole() {
            return self.hole(ident.span);
        }
        if let Some(expr) = self.local(ident) {
            return expr;
        }
        if let Some(expr) = self.word_of(ident, want) {
            return expr;
        }
        if ROOTS.contains(&ident.name.as_str()) {
            return self.bare_root(ident);
        }
        let path = ast::Path { segments: vec![ident.clone()], span: ident.span };
        self.named_value(&path, want)
    }

    fn local(&mut self, ident: &Ident) -> Option<Expr> {
        let at = self.locals.iter().rposition(|l| l.name == ident.name)?;
        let local = self.locals[at].clone();
        let loc = self.loc(ident.span);
        self.cx.refer(loc, Symbol::Local(local.loc));
        if local.ty == Type::Error {
            return Some(self.hole(ident.span));
        }
        Some(self.expr(ExprKind::Local(at as u32), local.ty, ident.span))
    }

    /// A word of the vocabulary or enum that is expected.
    fn word_of(&mut self, ident: &Ident, want: Option<&Type>) -> Option<Expr> {
        let loc = self.loc(ident.span);
        match want? {
            ty @ Type::Enum(id) => {
                let variants = &self.cx.package.schema.enums[id.0 as usize].variants;
                let at = variants.iter().position(|v| *v == ident.name)?;
                self.cx.refer(loc, Symbol::Variant(*id, at as u32));
                Some(self.word_value(&ident.name, ty.clone(), ident.span))
            }
            ty @ Type::Word(vocab) => {
                let vocabulary = vocabulary(*vocab)?;
                if !self.cx.vocabulary(vocabulary).contains_key(&ident.name) {
                    return None;
                }
                self.cx.word(self.module, vocabulary, ident)?;
                Some(self.word_value(&ident.name, ty.clone(), ident.span))
            }
            _ => None,
        }
    }

    /// Whether a bare name means something without a type that is expected.
    pub(super) fn is_value_name(&self, name: &str) -> bool {
        let names = &self.cx.spaces[self.module.index()].names;
        self.locals.iter().any(|l| l.name == name)
            || ROOTS.contains(&name)
            || matches!(names.get(name), Some((Symbol::Let(_) | Symbol::Live(_), _)))
    }

    /// A root that stands by itself.
    pub(super) fn bare_root(&mut self, ident: &Ident) -> Expr {
        let span = ident.span;
        let fact = match ident.name.as_str() {
            "env" => Some((Fact::Env, Type::Word(Vocab::Environment))),
            "now" => Some((Fact::Now, Type::Time)),
            "tenant" => Some((Fact::Tenant, Type::Str)),
            _ => None,
        };
        if let Some((fact, ty)) = fact {
            if !self.may_read(span) {
                return self.hole(span);
            }
            return self.expr(ExprKind::Fact(fact), ty, span);
        }
        let loc = self.loc(span);
        let error = match ident.name.as_str() {
            "tier" => Diagnostic::new(codes::E0306, loc, "`tier` can only be compared with a tier")
                .help("write `tier >= high`: more tiers must always mean stricter"),
            "tool" => Diagnostic::new(codes::E0210, loc, "`tool` is no value by itself")
                .help("name the tools after `on`, or compare `tool.name`"),
            root => {
                let example = match root {
                    "args" => "args.name",
                    "agent" => "agent.id",
                    "user" => "user.id",
                    "session" => "session.labels",
                    _ => "context.name",
                };
                Diagnostic::new(codes::E0210, loc, format!("`{root}` is no value by itself"))
                    .help(format!("name one of its members: `{example}`"))
            }
        };
        self.fail_with(span, error)
    }

    /// Reports, in a constant, that nothing of the request is known yet.
    pub(super) fn may_read(&mut self, span: Span) -> bool {
        if self.constant {
            let loc = self.loc(span);
            let text = self.cx.text(loc).to_owned();
            let error = Diagnostic::new(codes::E0214, loc, format!("`{text}` is not constant"))
                .help("a constant is made of literals and other constants");
            self.cx.report(error);
        }
        !self.constant
    }

    /// A constant or live data, perhaps of another module.
    pub(super) fn named_value(&mut self, path: &ast::Path, want: Option<&Type>) -> Expr {
        let span = path.span;
        match self.cx.lookup(self.module, path) {
            Some(symbol @ Symbol::Let(id)) => {
                self.cx.refer_path(self.module, path, symbol);
                if self.constant {
                    self.cx.force_constant(id);
                }
                let entry = &self.cx.package.lets[id.index()];
                if entry.ty == Type::Error {
                    return self.hole(span);
                }
                if let (Some(Type::Decimal), Value::Int(n)) = (want, &entry.value) {
                    return self.expr(ExprKind::Const(Value::Decimal((*n).into())), Type::Decimal, span);
                }
                let ty = entry.ty.clone();
                self.expr(ExprKind::Let(id), ty, span)
            }
            Some(symbol @ Symbol::Live(id)) => {
                self.cx.refer_path(self.module, path, symbol);
                if !self.may_read(span) {
                    return self.hole(span);
                }
                let ty = self.cx.package.lives[id.index()].ty.clone();
                if ty == Type::Error {
                    return self.hole(span);
                }
                self.expr(ExprKind::Live(id), ty, span)
            }
            Some(symbol) => self.no_value(path, symbol),
            None => self.unknown_value(path, want),
        }
    }

    fn no_value(&mut self, path: &ast::Path, symbol: Symbol) -> Expr {
        let (text, loc) = (path.text(), self.loc(path.span));
        self.cx.refer_path(self.module, path, symbol);
        let help = match symbol {
            Symbol::Predicate(_) | Symbol::Extern(_) => Some(format!("call it: `{text}(…)`")),
            Symbol::Window(_) => Some(format!("write `now in {text}`")),
            Symbol::Tool(_) | Symbol::Scope(_) => Some("tools and scopes stand after `on`".to_owned()),
            _ => None,
        };
        let error = Diagnostic::new(codes::E0210, loc, format!("`{text}` is {}, not a value", symbol.kind()));
        self.fail_with(path.span, error.maybe_help(help))
    }

    fn unknown_value(&mut self, path: &ast::Path, want: Option<&Type>) -> Expr {
        let text = path.text();
        let loc = self.loc(path.span);
        if self.cx.perhaps_lost(self.module, path) {
            return self.hole(path.span);
        }
        match want {
            Some(Type::Error) => return self.hole(path.span),
            Some(Type::Word(vocab)) => {
                if let Some(vocabulary) = vocabulary(*vocab) {
                    let words = self.cx.vocabulary_words(vocabulary);
                    self.cx.unknown_word(loc, vocabulary, &text, &words);
                    return self.hole(path.span);
                }
            }
            Some(Type::Enum(id)) => {
                let variants = self.cx.package.schema.enums[id.0 as usize].variants.clone();
                let name = self.show(&Type::Enum(*id));
                let what = format!("the enum `{name}` has no value");
                return self.unknown_word(path.span, &text, &what, &variants, false);
            }
            _ => {}
        }
        if path.segments.len() > 1 {
            let fits = |s: Symbol| matches!(s, Symbol::Let(_) | Symbol::Live(_));
            self.cx.resolve(self.module, path, "a value", fits);
            return self.hole(path.span);
        }
        let error = Diagnostic::new(codes::E0101, loc, format!("`{text}` is not declared"));
        let error = self.help_unknown_value(error, &text);
        self.fail_with(path.span, error)
    }

    /// What an unknown bare name was probably meant to be.
    fn help_unknown_value(&self, error: Diagnostic, text: &str) -> Diagnostic {
        let loc = error.primary.loc;
        if let Args::Of(tools) = &self.args {
            let has = |t: &crate::hir::ToolId| self.cx.package.tools[t.index()].params.iter().any(|p| p.name == text);
            if tools.iter().any(has) {
                let meant = format!("args.{text}");
                return error.help(format!("arguments are always `{meant}`")).fix(
                    format!("change it to `{meant}`"),
                    loc,
                    meant,
                );
            }
        }
        let locals = self.locals.iter().map(|l| l.name.clone());
        let values = |s: Symbol| matches!(s, Symbol::Let(_) | Symbol::Live(_));
        let value = self.cx.suggest_name(self.module, text, values);
        let words: Vec<String> = locals.chain(ROOTS.map(str::to_owned)).chain(value).collect();
        let near = suggest::nearest(text, words.iter().map(String::as_str))
            .or_else(|| words.iter().find(|w| w.ends_with(&format!(".{text}"))).map(String::as_str));
        if near.is_some() {
            return error.did_you_mean(loc, near);
        }
        let kinds =
            [Vocabulary::Role, Vocabulary::Label, Vocabulary::Environment, Vocabulary::Tier, Vocabulary::Origin];
        let kind = kinds.into_iter().find(|v| self.cx.vocabulary(*v).contains_key(text));
        error.maybe_help(kind.map(|kind| match kind {
            Vocabulary::Role => format!("`{text}` is a role: write `{text} in agent.roles`"),
            Vocabulary::Label => format!("`{text}` is a label: write `{text} in session.labels`"),
            Vocabulary::Environment => format!("`{text}` is an environment: write `env == {text}`"),
            Vocabulary::Tier => format!("`{text}` is a tier: write `tier >= {text}`"),
            _ => format!("`{text}` is an origin: write `{text} in origins(args.name)`"),
        }))
    }

    /// The words of a vocabulary that occurs in types, and what each of them is.
    pub(super) fn vocab_words(&self, vocab: Vocab) -> (Vec<String>, &'static str) {
        let what = match vocab {
            Vocab::Role => "a role",
            Vocab::Label => "a label",
            Vocab::Tier => "a tier",
            Vocab::Environment => "an environment",
            Vocab::Origin => "an origin",
            Vocab::Window => "a window",
        };
        (vocabulary(vocab).map(|v| self.cx.vocabulary_words(v)).unwrap_or_default(), what)
    }

    /// A chain of names and dots, as a path.
    pub(super) fn as_path(e: &ast::Expr) -> Option<ast::Path> {
        match &e.kind {
            ast::ExprKind::Name(ident) => Some(ast::Path { segments: vec![ident.clone()], span: ident.span }),
            ast::ExprKind::Field { base, field } => {
                let mut path = Self::as_path(base)?;
                path.segments.push(field.clone());
                path.span = path.span.join(field.span);
                Some(path)
            }
            ast::ExprKind::Paren(inner) => Self::as_path(inner),
            _ => None,
        }
    }
}

pub(super) fn vocabulary(vocab: Vocab) -> Option<Vocabulary> {
    match vocab {
        Vocab::Role => Some(Vocabulary::Role),
        Vocab::Label => Some(Vocabulary::Label),
        Vocab::Tier => Some(Vocabulary::Tier),
        Vocab::Environment => Some(Vocabulary::Environment),
        Vocab::Origin => Some(Vocabulary::Origin),
        Vocab::Window => None,
    }
}
