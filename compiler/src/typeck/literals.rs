//! Literals take the type that is expected, and their canonical form, while compiling.

use std::sync::Arc;

use claw_runtime::{Date, Decimal, Duration, Time, Type, Value, Vocab, parse_text};
use claw_syntax::Span;
use claw_syntax::ast::{self, ExprKind as Ast, StrLit, TextLit};

use super::Exprs;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind};
use crate::suggest;

impl Exprs<'_, '_> {
    pub(super) fn literal(&mut self, e: &ast::Expr, want: Option<&Type>) -> Expr {
        let constant = |this: &Self, value, ty| this.expr(ExprKind::Const(value), ty, e.span);
        match &e.kind {
            Ast::Bool(b) => constant(self, Value::Bool(*b), Type::Bool),
            Ast::Str(lit) => self.string(lit, want),
            Ast::Int(lit) | Ast::Decimal(lit) if lit.is_hole() => self.hole(e.span),
            Ast::Int(lit) => self.number(e.span, lit, false, want),
            Ast::Decimal(lit) => self.decimal(e.span, lit, false),
            Ast::Duration(lit) | Ast::Time(lit) | Ast::Date(lit) | Ast::DateTime(lit) if lit.is_hole() => {
                self.hole(e.span)
            }
            Ast::Duration(lit) => match ast::duration_millis(&lit.text) {
                Some(millis) => constant(self, Value::Duration(Duration::from_millis(millis)), Type::Duration),
                None => self.fail(codes::E0215, e.span, format!("the duration `{}` is too long", lit.text)),
            },
            Ast::Date(lit) => match Date::parse(&lit.text) {
                Ok(date) => constant(self, Value::Date(date), Type::Date),
                // The grammar reports it.
                Err(_) => self.hole(e.span),
            },
            Ast::DateTime(lit) => match Time::parse(&lit.text) {
                Ok(time) => constant(self, Value::Time(time), Type::Time),
                Err(_) => self.hole(e.span),
            },
            Ast::Time(lit) => {
                let loc = self.loc(e.span);
                let error = Diagnostic::new(
                    codes::E0202,
                    loc,
                    format!("`{}` is a time of day, which only windows have", lit.text),
                )
                .help("declare a `window` with these hours and write `now in` its name");
                self.fail_with(e.span, error)
            }
            _ => self.hole(e.span),
        }
    }

    /// An integer literal, or a decimal one where that is expected.
    fn number(&mut self, span: Span, lit: &TextLit, negative: bool, want: Option<&Type>) -> Expr {
        if want == Some(&Type::Decimal) {
            return self.decimal(span, lit, negative);
        }
        let sign = if negative { "-" } else { "" };
        match format!("{sign}{}", lit.digits()).parse::<i64>() {
            Ok(n) => self.expr(ExprKind::Const(Value::Int(n)), Type::Int, span),
            Err(_) => {
                let loc = self.loc(span);
                let message = format!("`{sign}{}` does not fit into 64 bits", lit.text);
                self.fail_with(span, Diagnostic::new(codes::E0215, loc, message).help("write it as a decimal: `….0`"))
            }
        }
    }

    fn decimal(&mut self, span: Span, lit: &TextLit, negative: bool) -> Expr {
        let sign = if negative { "-" } else { "" };
        match Decimal::parse(&format!("{sign}{}", lit.digits())) {
            Ok(d) => self.expr(ExprKind::Const(Value::Decimal(d)), Type::Decimal, span),
            Err(_) => self.fail(codes::E0215, span, format!("`{sign}{}` has too many digits", lit.text)),
        }
    }

    /// `-x`: of a literal, or of what has a difference.
    pub(super) fn negate(&mut self, span: Span, operand: &ast::Expr, want: Option<&Type>) -> Expr {
        match &operand.unparen().kind {
            Ast::Int(lit) if !lit.is_hole() => return self.number(span, lit, true, want),
            Ast::Decimal(lit) if !lit.is_hole() => return self.decimal(span, lit, true),
            Ast::Duration(lit) if !lit.is_hole() => {
                if let Some(millis) = ast::duration_millis(&lit.text) {
                    let value = Value::Duration(Duration::from_millis(-millis));
                    return self.expr(ExprKind::Const(value), Type::Duration, span);
                }
            }
            _ => {}
        }
        let inner = self.infer(operand, want);
        self.negation(span, inner)
    }

    /// A string literal, read as what is expected.
    pub(super) fn string(&mut self, lit: &StrLit, want: Option<&Type>) -> Expr {
        let text = lit.value.as_str();
        match want {
            Some(Type::Error) => self.hole(lit.span),
            Some(Type::Enum(id)) => {
                let variants = self.cx.package.schema.enums[id.0 as usize].variants.clone();
                if variants.iter().any(|v| v == text) {
                    return self.word_value(text, Type::Enum(*id), lit.span);
                }
                let name = self.show(&Type::Enum(*id));
                self.unknown_word(lit.span, text, &format!("the enum `{name}` has no value"), &variants, true)
            }
            Some(Type::Word(vocab)) => self.quoted_word(lit, *vocab),
            Some(ty) if ty.is_domain() || matches!(ty, Type::Secret | Type::Bytes) => match parse_text(text, ty) {
                Ok(value) => self.expr(ExprKind::Const(value), ty.clone(), lit.span),
                Err(why) => {
                    let name = self.show(ty);
                    let loc = self.loc(lit.span);
                    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
                    let name = if name.contains(' ') { name } else { format!("`{name}`") };
                    let message = format!("`{}` can't be {article} {name}: {why}", lit.source.trim_matches('"'));
                    self.fail_with(lit.span, Diagnostic::new(codes::E0202, loc, message))
                }
            },
            Some(ty @ (Type::Duration | Type::Time | Type::Date)) if parse_text(text, ty).is_ok() => {
                let loc = self.loc(lit.span);
                let name = self.show(ty);
                let error = Diagnostic::new(codes::E0201, loc, format!("expected `{name}`, found `string`"))
                    .help("write it without quotes")
                    .fix("remove the quotes", loc, text);
                self.fail_with(lit.span, error)
            }
            _ => self.expr(ExprKind::Const(Value::Str(Arc::from(text))), Type::Str, lit.span),
        }
    }

    fn quoted_word(&mut self, lit: &StrLit, vocab: Vocab) -> Expr {
        let (words, kind) = self.vocab_words(vocab);
        let loc = self.loc(lit.span);
        let text = &lit.value;
        let error = if words.contains(text) {
            Diagnostic::new(codes::E0201, loc, format!("`{text}` is {kind}, not a string"))
                .help("write it without quotes")
                .fix("remove the quotes", loc, text.clone())
        } else {
            let near = suggest::nearest(text, words.iter().map(String::as_str));
            Diagnostic::new(codes::E0201, loc, format!("{kind} is needed here, not a string")).did_you_mean(loc, near)
        };
        self.fail_with(lit.span, error)
    }

    pub(super) fn word_value(&self, word: &str, ty: Type, span: Span) -> Expr {
        self.expr(ExprKind::Const(Value::Str(Arc::from(word))), ty, span)
    }

    pub(super) fn unknown_word(&mut self, span: Span, word: &str, what: &str, words: &[String], quoted: bool) -> Expr {
        let loc = self.loc(span);
        let near = suggest::nearest(word, words.iter().map(String::as_str));
        let error = Diagnostic::new(codes::E0109, loc, format!("{what} `{word}`"));
        let error = match near {
            Some(near) if quoted => error.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                loc,
                format!("\"{near}\""),
            ),
            Some(near) => error.did_you_mean(loc, Some(near)),
            None if words.is_empty() => error,
            None => error.help(format!("there are {}", suggest::list(words.iter().map(String::as_str)))),
        };
        self.fail_with(span, error)
    }

    /// `[a, b]`: a constant where all elements are.
    pub(super) fn list(&mut self, span: Span, items: &[ast::Expr], want: Option<&Type>) -> Expr {
        if want == Some(&Type::Error) {
            for item in items {
                self.infer(item, Some(&Type::Error));
            }
            return self.hole(span);
        }
        let mut element = want.and_then(Type::element).cloned();
        // The first element that can speak for itself speaks for all.
        let leader = if element.is_none() { items.iter().position(|i| !self.needs_context(i)) } else { None };
        let mut led = None;
        if let Some(at) = leader {
            let expr = self.infer(&items[at], None);
            element = Some(expr.ty.clone());
            led = Some((at, expr));
        }
        let mut out: Vec<Expr> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let expr = match (&led, &element) {
                (Some((led_at, expr)), _) if *led_at == at => expr.clone(),
                (_, Some(ty)) => self.check(item, ty),
                (_, None) => {
                    let expr = self.infer(item, None);
                    element = Some(expr.ty.clone());
                    expr
                }
            };
            out.push(expr);
        }
        if out.iter().any(|e| e.ty == Type::Error) {
            return self.hole(span);
        }
        let Some(element) = element else {
            let loc = self.loc(span);
            let error = Diagnostic::new(codes::E0222, loc, "the type of this empty list can't be told")
                .help("compare with `len(…) == 0` to ask whether a list is empty");
            return self.fail_with(span, error);
        };
        self.build_list(span, out, element, matches!(want, Some(Type::Set(_))))
    }

    fn build_list(&mut self, span: Span, items: Vec<Expr>, element: Type, as_set: bool) -> Expr {
        let values: Option<Vec<Value>> = items.iter().map(|e| self.cx.constant_value(e)).collect();
        match values {
            Some(values) if as_set => self.expr(ExprKind::Const(set_value(values)), Type::set(element), span),
            Some(values) => self.expr(ExprKind::Const(Value::List(values.into())), Type::list(element), span),
            None => self.expr(ExprKind::List(items), Type::list(element), span),
        }
    }

    /// Whether an expression means nothing without a type that is expected: a literal or a bare word.
    pub(super) fn needs_context(&self, e: &ast::Expr) -> bool {
        match &e.unparen().kind {
            Ast::Int(_) | Ast::Str(_) | Ast::List(_) => true,
            Ast::Unary { op: ast::UnaryOp::Neg, operand, .. } => self.needs_context(operand),
            Ast::Name(name) => !self.is_value_name(&name.name),
            _ => false,
        }
    }

    /// Two expressions that are compared: the one that can speak for itself goes first.
    pub(super) fn pair(&mut self, lhs: &ast::Expr, rhs: &ast::Expr) -> (Expr, Expr) {
        if self.needs_context(lhs) && !self.needs_context(rhs) {
            let right = self.infer(rhs, None);
            let left = self.infer(lhs, Some(&right.ty));
            return (left, right);
        }
        // Of two literals the more telling one: a decimal makes its neighbour one.
        let hint = matches!(lhs.unparen().kind, Ast::Int(_)) && matches!(rhs.unparen().kind, Ast::Decimal(_));
        let left = self.infer(lhs, hint.then_some(&Type::Decimal));
        let right = self.infer(rhs, Some(&left.ty));
        (left, right)
    }
}

/// A set in canonical form.
pub(crate) fn set_value(mut values: Vec<Value>) -> Value {
    values.sort();
    values.dedup();
    Value::Set(values.into())
}
