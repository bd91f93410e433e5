//! `==` and the order.

use claw_runtime::{Form, Op, Type, Value, lookup_operator, members_of};
use claw_syntax::Span;
use claw_syntax::ast::{self, BinaryOp, ExprKind as Ast};

use super::Exprs;
use super::expr::is_name;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{CompareOp, Expr, ExprKind, Fact, TierId};
use crate::resolve::Vocabulary;
use crate::suggest;

/// There is no text to compare, like or match: `rm  -rf /`, `'rm' -rf /` and `"$(echo rm)" -rf /` do the same.
const COMMAND_HELP: &str = "text says little of what a command does: ask for its `.calls`, `.programs`, `.only([…])`";
const SQL_HELP: &str = "text says little of what a statement does: ask for its `.read_only`, `.kinds`, `.tables`";
const CALL_HELP: &str = "ask for its parts: `.program`, `.has([…])`, `.args`, `.starts([…])`";

/// What to ask of a value whose text says nothing.
pub(super) fn ask_instead(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Command(_) | Type::AnyCommand => Some(COMMAND_HELP),
        Type::Sql(_) | Type::AnySql => Some(SQL_HELP),
        Type::Call => Some(CALL_HELP),
        _ => None,
    }
}

/// What to write where a command was asked for what its calls have, or for its text.
pub(super) fn ask_of_command(receiver: &Expr, text: &str, name: &str) -> Option<String> {
    if !receiver.ty.is_kin(&Type::AnyCommand) {
        return None;
    }
    let row = members_of(&Type::Call).find(|row| row.surface() == name);
    match row.map(|row| row.form) {
        Some(Form::Method) => Some(format!("ask its calls: `any(c in {text}.calls: c.{name}([…]))`")),
        Some(_) => Some(format!("ask its calls: `any(c in {text}.calls: c.{name} …)`")),
        None => (name == "text").then(|| COMMAND_HELP.to_owned()),
    }
}

impl Exprs<'_, '_> {
    pub(super) fn equality(&mut self, span: Span, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        if self.is_tier(lhs) || self.is_tier(rhs) {
            let loc = self.loc(span);
            let error = Diagnostic::new(codes::E0306, loc, "a tier can't be compared for equality")
                .help("write `tier >= …`: a higher tier must always mean stricter");
            return self.fail_with(span, error);
        }
        let (left, right) = self.pair(lhs, rhs);
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        let (left, right) = self.widen(left, right);
        let (a, b) = (left.ty.clone(), right.ty.clone());
        let (left, right) = (self.whole(left, &b), self.whole(right, &a));
        if lookup_operator(Op::Eq, &left.ty, &right.ty).is_none() {
            return self.unequal_types(span, &left, &right);
        }
        self.check_tool_name(&left, &right);
        self.check_tool_name(&right, &left);
        self.expr(ExprKind::Eq(Box::new(left), Box::new(right)), Type::Bool, span)
    }

    /// Makes an integer constant a decimal beside one.
    fn widen(&mut self, left: Expr, right: Expr) -> (Expr, Expr) {
        match (&left.ty, &right.ty) {
            (Type::Int, Type::Decimal) if self.cx.constant_value(&left).is_some() => {
                (self.expect(left, &Type::Decimal), right)
            }
            (Type::Decimal, Type::Int) if self.cx.constant_value(&right).is_some() => {
                let right = self.expect(right, &Type::Decimal);
                (left, right)
            }
            _ => (left, right),
        }
    }

    /// A whole decimal constant beside an integer, as the integer that it equals.
    fn whole(&self, side: Expr, other: &Type) -> Expr {
        match self.cx.constant_value(&side) {
            Some(Value::Decimal(d)) if *other == Type::Int => match d.to_i64() {
                Some(n) => Expr { kind: ExprKind::Const(Value::Int(n)), ty: Type::Int, loc: side.loc },
                None => side,
            },
            _ => side,
        }
    }

    fn unequal_types(&mut self, span: Span, left: &Expr, right: &Expr) -> Expr {
        let (a, b) = (self.show(&left.ty), self.show(&right.ty));
        let loc = self.loc(span);
        if left.ty == right.ty {
            let help = match left.ty {
                Type::Json => Some("read it as a type first: `(x.at(\"/pointer\") as string)`"),
                Type::Record(_) => Some("compare the fields one by one"),
                ref other => ask_instead(other),
            };
            let error = Diagnostic::new(codes::E0206, loc, format!("values of type `{a}` can't be compared"));
            return self.fail_with(span, error.maybe_help(help.map(str::to_owned)));
        }
        let message = format!("these can never be equal: `{a}` and `{b}`");
        let text = |e: &Expr| self.cx.text(e.loc).to_owned();
        let help = match (left.ty.element(), right.ty.element()) {
            (Some(element), None) if *element == right.ty || (element.is_domain() && right.ty == Type::Str) => {
                Some(format!("write `{} in {}`", text(right), text(left)))
            }
            (None, Some(element)) if *element == left.ty || (element.is_domain() && left.ty == Type::Str) => {
                Some(format!("write `{} in {}`", text(left), text(right)))
            }
            _ => ask_instead(&left.ty).or_else(|| ask_instead(&right.ty)).map(str::to_owned),
        };
        let error = Diagnostic::new(codes::E0206, loc, message)
            .label(left.loc, format!("this is `{a}`"))
            .label(right.loc, format!("this is `{b}`"));
        self.fail_with(span, error.maybe_help(help))
    }

    pub(super) fn order(&mut self, span: Span, op: BinaryOp, op_span: Span, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        let compare = match op {
            BinaryOp::Lt => CompareOp::Lt,
            BinaryOp::Le => CompareOp::Le,
            BinaryOp::Gt => CompareOp::Gt,
            _ => CompareOp::Ge,
        };
        match (self.is_tier(lhs), self.is_tier(rhs)) {
            (true, false) => return self.tier_order(span, compare, rhs),
            (false, true) => return self.tier_order(span, mirrored(compare), lhs),
            _ => {}
        }
        let (left, right) = self.pair(lhs, rhs);
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        let (left, right) = self.widen(left, right);
        let table = match compare {
            CompareOp::Lt => Op::Lt,
            CompareOp::Le => Op::Le,
            CompareOp::Gt => Op::Gt,
            CompareOp::Ge => Op::Ge,
        };
        if lookup_operator(table, &left.ty, &right.ty).is_none() {
            let (a, b) = (self.show(&left.ty), self.show(&right.ty));
            let loc = self.loc(op_span);
            let message = format!("`{}` does not work on `{a}` and `{b}`", op.text());
            let help = "numbers, durations, times and dates have an order, and only with their own kind";
            return self.fail_with(span, Diagnostic::new(codes::E0207, loc, message).help(help));
        }
        self.expr(ExprKind::Compare(compare, Box::new(left), Box::new(right)), Type::Bool, span)
    }

    pub(super) fn is_tier(&self, e: &ast::Expr) -> bool {
        is_name(e, "tier") && !self.locals.iter().any(|l| l.name == "tier")
    }

    /// `tier >= t` and its kin, as a test for *at least*.
    fn tier_order(&mut self, span: Span, op: CompareOp, other: &ast::Expr) -> Expr {
        if !self.may_read(span) {
            return self.hole(span);
        }
        let Ast::Name(word) = &other.unparen().kind else {
            if !matches!(other.unparen().kind, Ast::Error) {
                let loc = self.loc(other.span);
                let words = self.cx.vocabulary_words(Vocabulary::Tier);
                let error = Diagnostic::new(codes::E0306, loc, "a tier is only compared with the name of one")
                    .help(format!("declared are {}", suggest::list(words.iter().map(String::as_str))));
                self.cx.report(error);
            }
            return self.hole(span);
        };
        let Some(tier) = self.cx.word(self.module, Vocabulary::Tier, word) else { return self.hole(span) };
        let at_least = |this: &Self, tier: u32| {
            let kind = match (tier as usize) < this.cx.package.tiers.len() {
                true => ExprKind::TierAtLeast(TierId(tier)),
                false => ExprKind::Const(Value::Bool(false)),
            };
            this.expr(kind, Type::Bool, span)
        };
        match op {
            CompareOp::Ge => at_least(self, tier),
            CompareOp::Gt => at_least(self, tier + 1),
            CompareOp::Lt => self.not(at_least(self, tier), span),
            CompareOp::Le => self.not(at_least(self, tier + 1), span),
        }
    }

    /// A tool's name in quotes must be declared: a misspelt one would be a rule that never applies.
    pub(super) fn check_tool_name(&mut self, subject: &Expr, other: &Expr) {
        let ExprKind::Fact(Fact::ToolName) = subject.kind else { return };
        let names: Vec<String> = match self.cx.constant_value(other) {
            Some(Value::Str(name)) => vec![name.to_string()],
            Some(Value::List(items) | Value::Set(items)) => {
                items.iter().filter_map(|v| if let Value::Str(s) = v { Some(s.to_string()) } else { None }).collect()
            }
            _ => return,
        };
        for name in names {
            let tools = &self.cx.package.tools;
            if tools.iter().any(|t| t.decl.name == name) {
                continue;
            }
            let near = suggest::nearest(&name, tools.iter().map(|t| t.decl.name.as_str())).map(str::to_owned);
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let error = Diagnostic::new(codes::E0101, other.loc, format!("no tool is called `{name}`"));
            self.cx.report(error.maybe_help(help));
        }
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
    }
}
