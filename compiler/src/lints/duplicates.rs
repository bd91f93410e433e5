//! W0104 and W0201: the same thing said twice under two names.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;

use rustc_hash::{FxHashMap, FxHasher};

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{W0104, W0201};
use crate::hir::{Decl, EffectKind, Expr, ExprKind, Message, MessagePart, Package, Rule};

/// W0104: two constants of one module with the same type and value.
pub fn constants(package: &Package, out: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<_, &Decl> = BTreeMap::new();
    for constant in &package.lets {
        let decl = &constant.decl;
        if let Some(first) = seen.get(&(decl.module, &constant.ty, &constant.value)) {
            out.push(twice(W0104, "constant", decl, first, "has the same value as"));
        } else {
            seen.insert((decl.module, &constant.ty, &constant.value), decl);
        }
    }
}

/// W0201: two rules with the same targets, conditions and effects.
pub fn rules(package: &Package, out: &mut Vec<Diagnostic>) {
    let sketches: Vec<u64> = package.rules.iter().map(sketch).collect();
    let mut alike: FxHashMap<u64, u32> = FxHashMap::default();
    sketches.iter().for_each(|sketch| *alike.entry(*sketch).or_default() += 1);
    let mut seen: BTreeMap<String, &Decl> = BTreeMap::new();
    for (rule, _) in package.rules.iter().zip(&sketches).filter(|(_, sketch)| alike[sketch] > 1) {
        let meaning = fingerprint(rule);
        if let Some(first) = seen.get(&meaning) {
            out.push(twice(W0201, "rule", &rule.decl, first, "does the same as"));
        } else {
            seen.insert(meaning, &rule.decl);
        }
    }
}

fn twice(code: crate::diagnostics::Code, what: &str, decl: &Decl, first: &Decl, verb: &str) -> Diagnostic {
    let message = format!("{what} `{}` {verb} `{}`", decl.name, first.name);
    Diagnostic::new(code, decl.name_loc, message)
        .label(first.name_loc, "the first one")
        .help(format!("keep one {what}"))
        .unnecessary()
}

/// A hash of the most telling parts of a rule: equal for rules with equal fingerprints, which cost far more to write.
fn sketch(rule: &Rule) -> u64 {
    // Sums, since the order of conditions says nothing.
    let sum = |list: &[Expr]| {
        list.iter().fold(0u64, |sum, expr| {
            let mut hasher = FxHasher::default();
            crate::visit::walk(expr, &mut |part| part_hash(part, &mut hasher));
            sum.wrapping_add(hasher.finish())
        })
    };
    let mut hasher = FxHasher::default();
    (&rule.target.tools, &rule.target.envs, sum(&rule.when), sum(&rule.unless)).hash(&mut hasher);
    rule.effects.iter().for_each(|effect| discriminant(&effect.kind).hash(&mut hasher));
    hasher.finish()
}

fn part_hash(part: &Expr, hasher: &mut FxHasher) {
    discriminant(&part.kind).hash(hasher);
    match &part.kind {
        ExprKind::Const(value) => value.hash(hasher),
        ExprKind::Arg(name) => name.hash(hasher),
        _ => {}
    }
}

/// What a rule says, without where it says so. Two rules that only word a message differently are not the same.
fn fingerprint(rule: &Rule) -> String {
    let mut text = format!("{:?} {:?} {:?}", rule.target.tools, rule.target.envs, rule.status);
    for arm in &rule.target.arms {
        text.push_str(&format!(" on {:?}", arm.kind));
    }
    let conditions = |text: &mut String, word: &str, list: &[Expr]| {
        let mut parts: Vec<String> = list.iter().map(shape).collect();
        parts.sort();
        parts.iter().for_each(|part| text.push_str(&format!(" {word} {part}")));
    };
    conditions(&mut text, "when", &rule.when);
    conditions(&mut text, "unless", &rule.unless);
    for effect in &rule.effects {
        match &effect.kind {
            EffectKind::Deny(m) => text.push_str(&format!(" deny {}", message(m))),
            EffectKind::Constrain(id, value) => text.push_str(&format!(" {id:?} {}", shape(value))),
            other => text.push_str(&format!(" {other:?}")),
        }
    }
    text
}

fn message(message: &Message) -> String {
    let part = |part: &MessagePart| match part {
        MessagePart::Text(text) => text.clone(),
        MessagePart::Expr(expr, _) => format!("{{{}}}", shape(expr)),
    };
    message.parts.iter().map(part).collect()
}

/// The expression's structure without places.
fn shape(expr: &Expr) -> String {
    let mut operands = Vec::new();
    crate::visit::children(expr, &mut |child| operands.push(shape(child)));
    // The head: the kind's own data, with every nested expression (which starts with `Expr {`) cut off.
    let head = format!("{:?}", expr.kind);
    let head = head.split("Expr {").next().unwrap_or_default();
    let tail: String = match &expr.kind {
        crate::hir::ExprKind::RecordField(_, index) => format!("#{index}"),
        crate::hir::ExprKind::Like(_, text) | crate::hir::ExprKind::Matches(_, text) => format!("#{text}"),
        crate::hir::ExprKind::InWindow(_, id) => format!("#{id:?}"),
        crate::hir::ExprKind::JsonAt(_, pointer, ty) => format!("#{pointer}{ty:?}"),
        crate::hir::ExprKind::Prior { keys, within, .. } => {
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            format!("#{names:?}{within:?}")
        }
        _ => String::new(),
    };
    format!("({head}{tail} {})", operands.join(" "))
}
