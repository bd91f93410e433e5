//! What tests look like: which are simple comparisons, and which are properties of a text.

use claw_runtime::bundle::{Expr, ExprId, Range};
use claw_runtime::{PathValue, Type, Value, parse_text};

use super::{Fail, Req, Theory};
use crate::proof::answers::Answers;
use crate::proof::formula::TestId;
use crate::proof::side::{Side, turned};
use crate::proof::space::{SlotId, Space};
use crate::proof::text::{Kind, Lang, Part, Solved, Want, solve_with};

/// What a test's subject is to its slot.
enum Subject {
    Itself,
    Part(Part),
    Length,
}

impl<'a> Space<'a> {
    /// The side that a test is from, with its expression.
    pub(in crate::proof) fn source(&self, test: TestId) -> (usize, ExprId) {
        let exprs = &self.tests[test.0 as usize].exprs;
        let side = exprs.iter().position(Option::is_some).expect("a test is from somewhere");
        (side, exprs[side].expect("just found"))
    }

    /// Whether it compares the slot's value as it is with constants, so that trying the values at and between the
    /// constants tries everything.
    pub(super) fn is_simple(&self, slot: SlotId, test: TestId) -> bool {
        let (side, expr) = self.source(test);
        let policy = self.sides[side];
        let own = |e: ExprId| self.is_slot(side, e, slot);
        let constant = |e: ExprId| matches!(policy.expr(e), Expr::Const(_));
        match policy.expr(expr) {
            Expr::Eq(a, b) | Expr::Compare(_, a, b) => (own(*a) && constant(*b)) || (constant(*a) && own(*b)),
            Expr::In(a, b) => own(*a) && constant(*b),
            Expr::InWindow(time, _) => own(*time),
            Expr::Present(e) => own(*e),
            Expr::Builtin(..) if self.slots[slot.0].ty == Type::Ip => {
                policy.operands(expr).iter().all(|e| own(*e) || constant(*e))
            }
            // The slot itself, where it is a condition.
            _ => own(expr),
        }
    }

    /// Whether an expression is the slot's value; with `else`, where there is one.
    pub(super) fn is_slot(&self, side: usize, expr: ExprId, slot: SlotId) -> bool {
        let slot = &self.slots[slot.0];
        match self.sides[side].expr(expr) {
            Expr::Else(inner, other) if self.is_constant(side, *other) => {
                self.leaf(side, *inner).is_some_and(|leaf| leaf == (slot.base, slot.path.clone()))
            }
            _ => self.leaf(side, expr).is_some_and(|leaf| leaf == (slot.base, slot.path.clone())),
        }
    }

    pub(super) fn is_constant(&self, side: usize, expr: ExprId) -> bool {
        match self.sides[side].expr(expr) {
            Expr::Const(_) => true,
            Expr::List(Range { len, .. }) => *len == 0,
            _ => false,
        }
    }

    /// The property of the slot's text that a test is.
    fn lang(&self, slot: SlotId, test: TestId) -> Option<Lang> {
        let (side, expr) = self.source(test);
        let policy = self.sides[side];
        let constant = |e: ExprId| constant(policy, e);
        let (subject, lang) = match policy.expr(expr) {
            Expr::Eq(a, b) => match (constant(*a), constant(*b)) {
                (None, Some(value)) => (*a, Lang::OneOf(texts(value)?)),
                (Some(value), None) => (*b, Lang::OneOf(texts(value)?)),
                _ => return None,
            },
            Expr::In(a, b) => (*a, Lang::OneOf(texts(constant(*b)?)?)),
            Expr::Match(a, pattern) => {
                let (glob, text) = policy.lowered.pattern_sources.get(*pattern as usize)?.clone();
                (*a, if glob { Lang::Like(text) } else { Lang::Matches(text) })
            }
            Expr::Compare(op, a, b) => {
                let (subject, op, value) = match (constant(*a), constant(*b)) {
                    (None, Some(value)) => (*a, *op, value),
                    (Some(value), None) => (*b, turned(*op), value),
                    _ => return None,
                };
                let Value::Int(n) = value else { return None };
                match self.subject(side, subject, slot)? {
                    Subject::Length => return Some(Lang::Chars(op, *n)),
                    _ => return None,
                }
            }
            Expr::Builtin(id, _) => {
                let operands = policy.operands(expr);
                let [subject, bases] = operands[..] else { return None };
                let bases = texts(constant(bases)?)?;
                let lang = match policy.lowered.tables.builtins[*id as usize].as_str() {
                    "host.under" | "host.under_any" => Lang::Under(bases),
                    "path.under" | "path.under_any" | "remote_path.under" | "remote_path.under_any" => {
                        Lang::Within(bases)
                    }
                    _ => return None,
                };
                (subject, lang)
            }
            _ => return None,
        };
        match self.subject(side, subject, slot)? {
            Subject::Itself => Some(lang),
            Subject::Part(part) => Some(Lang::Part(part, Box::new(lang))),
            Subject::Length => None,
        }
    }

    fn subject(&self, side: usize, expr: ExprId, slot: SlotId) -> Option<Subject> {
        if self.is_slot(side, expr, slot) {
            return Some(Subject::Itself);
        }
        let policy = self.sides[side];
        match policy.expr(expr) {
            Expr::Len(inner) if self.is_slot(side, *inner, slot) => Some(Subject::Length),
            Expr::Builtin(id, _) => {
                let operands = policy.operands(expr);
                let [inner] = operands[..] else { return None };
                if !self.is_slot(side, inner, slot) {
                    return None;
                }
                let part = match policy.lowered.tables.builtins[*id as usize].as_str() {
                    "string.len" => return Some(Subject::Length),
                    "email.local" => Part::EmailLocal,
                    "email.domain" => Part::EmailDomain,
                    "url.scheme" => Part::UrlScheme,
                    "url.host" => Part::UrlHost,
                    "url.path" => Part::UrlPath,
                    "url.query" => Part::UrlQuery,
                    "path.name" | "remote_path.name" => Part::PathName,
                    "path.extension" | "remote_path.extension" => Part::PathExtension,
                    _ => return None,
                };
                Some(Subject::Part(part))
            }
            _ => None,
        }
    }
}

impl<'a> Theory<'a> {
    /// A text for which the tests answer so.
    pub(super) fn text(&mut self, space: &Space<'a>, slot: SlotId, reqs: &[Req]) -> Result<Value, Fail> {
        let ty = space.slots[slot.0].ty.clone();
        let kind = match ty {
            Type::Email => Kind::Email,
            Type::Host => Kind::Host,
            Type::Url => Kind::Url,
            Type::Path | Type::RemotePath => Kind::Path,
            _ => Kind::Text,
        };
        let mut wants = Vec::with_capacity(reqs.len());
        for req in reqs {
            if let Some(answer) = space.presence(slot, req.test) {
                if !req.allowed.has(answer) {
                    return Err(Fail::Never);
                }
                continue;
            }
            let Some(lang) = space.lang(slot, req.test) else { return Err(Fail::Stuck("a test of a text")) };
            wants.push(Want { lang, allowed: req.allowed });
        }
        match self.solved(kind, &wants)? {
            Some(text) => parse_text(&text, &ty).map_err(|_| Fail::Stuck("a text that is not accepted")),
            None if ty == Type::Path => self.path(&wants),
            None => Err(Fail::Never),
        }
    }

    /// A text, or `None` if there is none.
    fn solved(&mut self, kind: Kind, wants: &[Want]) -> Result<Option<String>, Fail> {
        match solve_with(&mut self.machines, kind, wants) {
            Solved::Text(text) => Ok(Some(text)),
            Solved::Nothing => Ok(None),
            Solved::TooLarge => Err(Fail::Stuck("patterns that are too large together")),
        }
    }

    /// A path that does not agree with what it leads to, or of which nobody says where it leads.
    ///
    /// Tests of where a path is are true if it and its target are inside, false if both are outside, and else unknown;
    /// tests of its text look at the path alone.
    fn path(&mut self, wants: &[Want]) -> Result<Value, Fail> {
        const MOST: u32 = 6;
        let refused = |_| Fail::Stuck("a path that is not accepted");
        let is_place = |want: &&Want| matches!(want.lang, Lang::Within(_) | Lang::OneOf(_));
        let (places, texts): (Vec<&Want>, Vec<&Want>) = wants.iter().partition(is_place);
        let texts: Vec<Want> = texts.into_iter().cloned().collect();
        // Without a target all places are unknown.
        if places.iter().all(|want| want.allowed.covers(Answers::UNKNOWN)) {
            return match self.solved(Kind::Path, &texts)? {
                Some(text) => Ok(Value::Path(PathValue::unresolved(&text).map_err(refused)?.into())),
                None => Err(Fail::Never),
            };
        }
        // With one, each test that may be unknown holds for the path or for the target; the others hold for both.
        let (open, both): (Vec<&Want>, Vec<&Want>) =
            places.into_iter().partition(|want| want.allowed.covers(Answers::UNKNOWN));
        let both: Vec<Want> = both.into_iter().cloned().collect();
        if both.iter().any(|want| want.allowed.is_empty()) {
            return Err(Fail::Never);
        }
        let count = u32::try_from(open.len()).unwrap_or(u32::MAX);
        if count > MOST || both.iter().any(|want| want.allowed == Answers::KNOWN) {
            return Err(Fail::Stuck("paths that lead elsewhere"));
        }
        for split in 0..(1u32 << count) {
            let side = |bit: u32| {
                let one = |i: u32| one_side(open[i as usize], split >> i & 1 == bit);
                (0..count).filter_map(one).chain(both.iter().cloned()).collect::<Vec<_>>()
            };
            let lexical = [side(0), texts.clone()].concat();
            if let Some(text) = self.solved(Kind::Path, &lexical)?
                && let Some(target) = self.solved(Kind::Path, &side(1))?
            {
                return Ok(Value::Path(PathValue::resolved_to(&text, &target).map_err(refused)?.into()));
            }
        }
        Err(Fail::Never)
    }
}

/// What a test that may be unknown wants of one side, a path or its target, if this is the side that it is left to.
/// One that has to be unknown wants the other side to disagree.
fn one_side(want: &Want, chosen: bool) -> Option<Want> {
    let only = |allowed| Some(Want { lang: want.lang.clone(), allowed });
    match (want.allowed == Answers::UNKNOWN, chosen) {
        (true, true) => only(Answers::TRUE),
        (true, false) => only(Answers::FALSE),
        (false, true) => Some(want.clone()),
        (false, false) => None,
    }
}

/// The value of a constant.
pub(super) fn constant(policy: &Side, expr: ExprId) -> Option<&Value> {
    match policy.expr(expr) {
        Expr::Const(id) => Some(&policy.lowered.tables.consts[id.index()]),
        _ => None,
    }
}

/// The canonical texts of a constant, or of the elements of one.
fn texts(value: &Value) -> Option<Vec<String>> {
    Some(match value {
        Value::Str(text) => vec![text.to_string()],
        Value::Email(email) => vec![email.to_string()],
        Value::Host(host) => vec![host.to_string()],
        Value::Url(url) => vec![url.as_str().to_owned()],
        Value::Path(path) => vec![path.as_str().to_owned()],
        Value::List(items) | Value::Set(items) => {
            let mut all = Vec::with_capacity(items.len());
            for item in items.iter() {
                all.extend(texts(item)?);
            }
            all
        }
        _ => return None,
    })
}
