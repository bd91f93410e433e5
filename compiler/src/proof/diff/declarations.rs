//! Declarations that changed: tools and their arguments, environments, roles, approvals, limits, attributes.
//!
//! What only one policy understands is refused by the other, so more declarations let more through; what that comes
//! to is asked of the prover where it is not plain.

use std::fmt::Write as _;

use claw_runtime::bundle::{ApprovalDef, Bundle, InstanceEffect, LimitDef, LimitId, ToolId};
use claw_runtime::{Duration, Field, Json, Outcome};

use super::example::decided;
use super::pairs::{Pairs, lines, local, shape};
use super::{Change, Diff, Direction, Shown};
use crate::proof::prover::{Example, ToolProver};
use crate::proof::samples;
use crate::proof::words;

const LOOSENED: Option<Direction> = Some(Direction::Loosened);
const TIGHTENED: Option<Direction> = Some(Direction::Tightened);

/// Finds all changes of declarations.
pub fn compare(pairs: &Pairs<'_>, diff: &mut Diff) {
    let mut changes = Changes { pairs, out: &mut diff.changes };
    changes.names();
    changes.tools();
    changes.attributes();
    changes.approvals();
    changes.limits();
    changes.status();
}

struct Changes<'p, 'a> {
    pairs: &'p Pairs<'a>,
    out: &'p mut Vec<Change>,
}

impl<'a> Changes<'_, 'a> {
    fn add(&mut self, direction: Option<Direction>, text: String) {
        self.out.push(Change { direction, text, example: None });
    }

    fn tables(&self) -> (&'a Bundle, &'a Bundle) {
        (&self.pairs.old.lowered.tables, &self.pairs.new.lowered.tables)
    }

    /// Environments, roles and labels.
    fn names(&mut self) {
        let (old, new) = self.tables();
        let lost =
            |of: &[String], other: &[String]| of.iter().filter(|n| !other.contains(n)).cloned().collect::<Vec<_>>();
        for name in lost(&old.environments, &new.environments) {
            self.add(TIGHTENED, format!("environment `{name}` is gone: calls in it are refused"));
        }
        for name in lost(&new.environments, &old.environments) {
            self.add(None, format!("environment `{name}` is new: calls in it were refused"));
        }
        let roles = |tables: &Bundle| tables.roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>();
        for name in lost(&roles(old), &roles(new)) {
            self.add(TIGHTENED, format!("role `{name}` is gone: calls by its holders are refused"));
        }
        for name in lost(&roles(new), &roles(old)) {
            self.add(None, format!("role `{name}` is new: calls by its holders were refused"));
        }
        for name in lost(&old.labels, &new.labels) {
            let text = format!("label `{name}` is gone: nothing depends any longer on whether a session carries it");
            self.add(LOOSENED, text);
        }
        for name in lost(&new.labels, &old.labels) {
            self.add(None, format!("label `{name}` is new"));
        }
    }

    fn tools(&mut self) {
        let (old, new) = self.tables();
        for id in &self.pairs.removed_tools {
            let name = &old.tools[id.index()].name;
            self.add(TIGHTENED, format!("tool `{name}` is gone: calls of it are refused"));
        }
        for id in &self.pairs.added_tools {
            self.add(None, format!("tool `{}` is new: calls of it were refused", new.tools[id.index()].name));
        }
        for (a, b) in self.pairs.tools.clone() {
            self.signature(a, b);
            let (pinned, pins) = (old.tools[a.index()].pinned, new.tools[b.index()].pinned);
            let name = &new.tools[b.index()].name;
            match (pinned, pins) {
                (Some(_), None) => self.add(LOOSENED, format!("`{name}` is no longer pinned to a definition")),
                (None, Some(_)) => self.add(TIGHTENED, format!("`{name}` is pinned to a definition")),
                (Some(a), Some(b)) if a != b => {
                    self.add(LOOSENED, format!("`{name}` is pinned to another definition"));
                }
                _ => {}
            }
        }
    }

    fn signature(&mut self, a: ToolId, b: ToolId) {
        let (old, new) = self.tables();
        let name = new.tools[b.index()].name.clone();
        let fields = Fields { old: &old.tools[a.index()].params, new: &new.tools[b.index()].params };
        for mut change in fields.changes(self.pairs, "args", true) {
            let text = format!("`{name}`: {}", change.text);
            let (mut direction, mut example) = (change.direction, None);
            if direction == LOOSENED {
                let given = change.given.take();
                match self.lets_through(b, given.as_ref()) {
                    Reach::Nothing => direction = None,
                    Reach::Something(shown) => example = shown,
                }
            }
            self.out.push(Change { direction, text, example });
        }
    }

    /// Whether the new policy lets any call of the tool through; with the argument that the old one refuses, if it is
    /// given.
    fn lets_through(&self, tool: ToolId, given: Option<&(String, Json)>) -> Reach {
        let mut prover = ToolProver::new(self.pairs.new, tool);
        let denied = prover.outcomes[0].denied;
        let goal = prover.space().f.not(denied);
        match prover.example(goal, &mut |decisions| decisions[0].outcome != Outcome::Deny) {
            Example::None => Reach::Nothing,
            Example::Unknown(_) => Reach::Something(None),
            Example::Call(witness) => {
                let mut request = witness.request;
                if let Some((name, value)) = given
                    && let Json::Obj(members) = &mut request
                    && let Some((_, Json::Obj(args))) = members.iter_mut().find(|(key, _)| &**key == "args")
                {
                    args.retain(|(key, _)| **key != **name);
                    args.push((name.as_str().into(), value.clone()));
                }
                let shown = decided(self.pairs, request, witness.past, witness.earlier);
                let shows = shown.old.outcome == Outcome::Deny && shown.new.outcome != Outcome::Deny;
                Reach::Something(shows.then(|| Box::new(shown)))
            }
        }
    }

    fn attributes(&mut self) {
        let (old, new) = self.tables();
        let roots = [
            ("agent", &old.agent, &new.agent),
            ("user", &old.user, &new.user),
            ("context", &old.context, &new.context),
        ];
        for (root, a, b) in roots {
            let fields = Fields { old: a, new: b };
            for change in fields.changes(self.pairs, root, false) {
                self.add(change.direction, change.text);
            }
        }
    }

    fn approvals(&mut self) {
        let (old, new) = self.tables();
        for (a, b) in self.pairs.approvals.clone() {
            let a = a.map(|id| &old.approvals[id.index()]);
            let b = b.map(|id| &new.approvals[id.index()]);
            match (a, b) {
                (Some(a), None) => self.add(None, format!("approval `{}` is gone", a.short)),
                (None, Some(b)) => self.add(None, format!("approval `{}` is new", b.short)),
                (Some(a), Some(b)) => {
                    let (was, is) = (terms(old, a), terms(new, b));
                    let looser = !is_as_strict((new, b), (old, a));
                    let direction = if looser { LOOSENED } else { TIGHTENED };
                    if was != is {
                        self.add(direction, format!("approval `{}`: was {was}, is {is}", b.short));
                    } else if lines(old, a) != lines(new, b) {
                        let text = format!("approval `{}`: the roles that count as {is} include others", b.short);
                        self.add(direction, text);
                    }
                }
                (None, None) => {}
            }
        }
    }

    fn limits(&mut self) {
        let (old, new) = self.tables();
        for (a, b) in self.pairs.limits.clone() {
            let (was, is) = (&old.limits[a.index()], &new.limits[b.index()]);
            let name = local(new, &new.clauses[is.clause.index()].id).to_owned();
            let (from, to) = (budget(old, was), budget(new, is));
            if from != to {
                let looser = !self.limits_as_much(was, is);
                let direction = if looser { LOOSENED } else { TIGHTENED };
                self.add(direction, format!("limit `{name}`: was {from}, is {to}"));
            }
            if self.addends(0, a) != self.addends(1, b) {
                self.add(LOOSENED, format!("limit `{name}` adds up something else, or over other calls"));
            }
        }
    }

    /// Whether a limit lets no more through than another one, over the same calls.
    fn limits_as_much(&self, was: &LimitDef, is: &LimitDef) -> bool {
        let index = |side: usize, id| {
            let of = |pair: &(Option<_>, Option<_>)| if side == 0 { pair.0 } else { pair.1 };
            self.pairs.approvals.iter().position(|pair| of(pair) == Some(id))
        };
        let beyond = |side: usize, limit: &LimitDef| limit.beyond.iter().map(|id| index(side, *id)).collect::<Vec<_>>();
        let (before, after) = (beyond(0, was), beyond(1, is));
        let beyond = after.is_empty() || (!before.is_empty() && before.iter().all(|id| after.contains(id)));
        // More keys are more pots.
        let keys = is.keys.iter().all(|key| was.keys.contains(key));
        is.max <= was.max && is.window_ms >= was.window_ms && keys && beyond && is.sums == was.sums
    }

    /// What each tool that both policies have adds to a limit.
    fn addends(&self, side: usize, limit: LimitId) -> Vec<(usize, Vec<String>)> {
        let policy = self.pairs.sides()[side];
        let tables = &policy.lowered.tables;
        let mut out = Vec::new();
        for (at, pair) in self.pairs.tools.iter().enumerate() {
            let tool = if side == 0 { pair.0 } else { pair.1 };
            let mut texts = Vec::new();
            for instance in policy.lowered.instances(tool.index()) {
                if let InstanceEffect::Limit { limit: of, addend } = &instance.effect
                    && *of == limit
                {
                    texts.push(addend.map_or_else(|| "1".to_owned(), |expr| words::expr(policy, tool, expr)));
                }
            }
            texts.sort_unstable();
            if !texts.is_empty() {
                out.push((at, texts));
            }
        }
        let _ = tables;
        out
    }

    /// Clauses of one name that began or ceased to count.
    fn status(&mut self) {
        let (old, new) = self.tables();
        for clause in &new.clauses {
            let name = local(new, &clause.id);
            let Some(was) = old.clauses.iter().find(|other| local(old, &other.id) == name) else { continue };
            match (was.shadow, clause.shadow) {
                (false, true) => self.add(None, format!("`{name}` is only reported now, and restricts nothing")),
                (true, false) => self.add(None, format!("`{name}` counts now; it was only reported")),
                _ => {}
            }
        }
    }
}

/// What the new policy lets through of a tool.
enum Reach {
    Nothing,
    Something(Option<Box<Shown>>),
}

/// Two versions of some fields.
struct Fields<'f> {
    old: &'f [Field],
    new: &'f [Field],
}

struct FieldChange {
    direction: Option<Direction>,
    text: String,
    /// An argument that the old policy refuses.
    given: Option<(String, Json)>,
}

impl Fields<'_> {
    /// `closed`: what is not declared is refused.
    fn changes(&self, pairs: &Pairs<'_>, root: &str, closed: bool) -> Vec<FieldChange> {
        let [old_schema, new_schema] = pairs.sides().map(|side| &side.lowered.tables.schema);
        let mut out = Vec::new();
        let mut add = |direction, text, given| out.push(FieldChange { direction, text, given });
        let required = |field: &Field| !field.optional && field.default.is_none();
        for field in self.new {
            let name = format!("`{root}.{}`", field.name);
            match self.old.iter().find(|other| other.name == field.name) {
                None if closed => {
                    let value = samples::wire(&samples::plain(&field.ty, new_schema), &field.ty, new_schema);
                    let text = format!("argument {name} is new: calls with it were refused");
                    add(LOOSENED, text, Some((field.name.clone(), value)));
                }
                None if required(field) => {
                    add(TIGHTENED, format!("{name} is new, and calls without it are refused"), None)
                }
                None => add(None, format!("{name} is new"), None),
                Some(was) => {
                    if shape(&was.ty, old_schema) != shape(&field.ty, new_schema) {
                        let (a, b) = (was.ty.display(old_schema), field.ty.display(new_schema));
                        let text = if a == b {
                            format!("{name}: the type `{a}` changed")
                        } else {
                            format!("{name}: was `{a}`, is `{b}`")
                        };
                        add(LOOSENED, text, None);
                    }
                    match (required(was), required(field)) {
                        (true, false) => add(LOOSENED, format!("{name} may be left out"), None),
                        (false, true) => add(TIGHTENED, format!("{name} may not be left out any more"), None),
                        _ if was.default != field.default => {
                            let shown = |field: &Field| {
                                field
                                    .default
                                    .as_ref()
                                    .map_or("none".to_owned(), |value| format!("`{}`", words::shown(value)))
                            };
                            add(LOOSENED, format!("{name}: the default was {}, is {}", shown(was), shown(field)), None);
                        }
                        _ => {}
                    }
                }
            }
        }
        for field in self.old.iter().filter(|field| self.new.iter().all(|other| other.name != field.name)) {
            let name = format!("`{root}.{}`", field.name);
            match (closed, required(field)) {
                (true, true) => add(LOOSENED, format!("argument {name} is gone: calls without it were refused"), None),
                (true, false) => add(TIGHTENED, format!("argument {name} is gone: calls with it are refused"), None),
                (false, true) => add(LOOSENED, format!("{name} is gone: calls without it were refused"), None),
                (false, false) => add(None, format!("{name} is gone"), None),
            }
        }
        out
    }
}

/// An approval's definition in a line.
fn terms(tables: &Bundle, approval: &ApprovalDef) -> String {
    let name = |role: &u32| tables.roles[*role as usize].name.as_str();
    let by = approval.by.iter().map(|(n, roles)| (n, roles.iter().map(name).collect::<Vec<_>>()));
    let by = by.map(|(n, roles)| format!("{n} of {}", roles.join(", ")));
    let mut text = by.chain(approval.by_user.then(|| "the acting user".to_owned())).collect::<Vec<_>>().join(" and ");
    let _ = write!(text, ", expires {}", Duration::from_millis(approval.expires_ms));
    if approval.reuse_ms > 0 {
        let _ = write!(text, ", reusable for {}", Duration::from_millis(approval.reuse_ms));
    }
    if approval.note_required {
        text.push_str(", with a note");
    }
    text
}

/// Whether whatever meets `b` meets `a`.
fn is_as_strict(b: (&Bundle, &ApprovalDef), a: (&Bundle, &ApprovalDef)) -> bool {
    let (of_b, of_a) = (lines(b.0, b.1), lines(a.0, a.1));
    let met = |(n, roles): &(u32, Vec<String>)| {
        of_b.iter().any(|(m, others)| m >= n && others.iter().all(|role| roles.contains(role)))
    };
    let (a, b) = (a.1, b.1);
    of_a.iter().all(met)
        && b.expires_ms <= a.expires_ms
        && b.reuse_ms <= a.reuse_ms
        && (b.by_user || !a.by_user)
        && (b.note_required || !a.note_required)
}

/// A limit's budget in a line.
fn budget(tables: &Bundle, limit: &LimitDef) -> String {
    let keys: Vec<String> = limit.keys.iter().map(|key| format!("{key:?}").to_lowercase()).collect();
    let what = if limit.sums { "the sum" } else { "calls" };
    let mut text = format!("{} of {what} per {}", limit.max, Duration::from_millis(limit.window_ms));
    if !keys.is_empty() {
        let _ = write!(text, " by {}", keys.join(", "));
    }
    if limit.beyond.is_empty() {
        text.push_str(", beyond it deny");
    } else {
        let names: Vec<&str> = limit.beyond.iter().map(|id| tables.approvals[id.index()].short.as_str()).collect();
        let _ = write!(text, ", beyond it require {}", names.join(", "));
    }
    text
}
