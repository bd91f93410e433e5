//! Expressions, as §6 of the language says: Kleene's logic, everything else strict in *unknown*.

use claw_compiler::hir::{AttrRoot, CompareOp, Expr, ExprKind, Fact, QuantOp, WindowDecl};
use claw_runtime::{Json, Tri, Value, collect_fields, json_at};

use super::call::Call;
use super::term::{Term, leaf, named};
use super::{Reference, Status};

/// Where an expression is evaluated.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    pub call: &'a Call,
    /// The tier, once it is known.
    pub tier: Option<usize>,
    /// Variables of quantifiers and parameters of predicates, from the outermost.
    pub locals: Vec<Term>,
    /// The earlier call that `prior.x` reads.
    pub prior: Option<&'a [Option<Value>]>,
    pub prior_tool: usize,
}

impl<'a> Place<'a> {
    pub fn of(call: &'a Call, tier: Option<usize>) -> Place<'a> {
        Place { call, tier, locals: Vec::new(), prior: None, prior_tool: 0 }
    }

    fn with(&self, local: Term) -> Place<'a> {
        let mut inner = self.clone();
        inner.locals.push(local);
        inner
    }
}

impl Reference<'_> {
    /// Is the condition true, false or unknown?
    pub fn truth(&self, expr: &Expr, place: &Place) -> Tri {
        match &expr.kind {
            ExprKind::And(parts) => parts.iter().map(|e| self.truth(e, place)).fold(Tri::True, Tri::and),
            ExprKind::Or(parts) => parts.iter().map(|e| self.truth(e, place)).fold(Tri::False, Tri::or),
            ExprKind::Not(inner) => self.truth(inner, place).not(),
            ExprKind::Predicate(id, args) => {
                let mut inner = place.clone();
                inner.locals = args.iter().map(|e| self.term(e, place)).collect();
                self.truth(&self.package.predicates[id.index()].body, &inner)
            }
            _ => self.term(expr, place).truth(),
        }
    }

    /// The expression's meaning.
    pub fn term(&self, expr: &Expr, place: &Place) -> Term {
        let call = place.call;
        let one = |e: &Expr| self.term(e, place);
        match &expr.kind {
            ExprKind::Error => panic!("an erroneous expression is not evaluated"),
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::Predicate(..) => {
                Term::of(self.truth(expr, place))
            }
            ExprKind::Const(value) => Term::Known(value.clone()),
            ExprKind::Let(id) => Term::Known(self.package.lets[id.index()].value.clone()),
            ExprKind::Live(id) => call.live[id.index()].clone().map_or(Term::Unknown, Term::Known),
            ExprKind::Local(i) => place.locals[*i as usize].clone(),
            ExprKind::Arg(name) => self.argument(call.tool, &call.args, name),
            ExprKind::PriorArg(name) => {
                self.argument(place.prior_tool, place.prior.expect("inside a query of the history"), name)
            }
            ExprKind::Fact(fact) => self.fact(*fact, call),
            ExprKind::Attr(root, index) => attribute(*root, *index, call),
            ExprKind::RecordField(record, index) => match one(record) {
                Term::Known(Value::Record(fields)) => field(fields[*index as usize].as_ref()),
                _ => Term::Unknown,
            },
            ExprKind::Builtin(id, args) => leaf(*id, &args.iter().map(one).collect::<Vec<_>>()),
            ExprKind::Like(text, glob) => matches_text(&one(text), |text| glob_matches(glob, text)),
            ExprKind::Matches(text, regex) => matches_text(&one(text), |text| self.regex_matches(regex, text)),
            ExprKind::Eq(a, b) => equal(&one(a), &one(b)),
            ExprKind::Compare(op, a, b) => {
                let name = match op {
                    CompareOp::Lt => "lt",
                    CompareOp::Le => "le",
                    CompareOp::Gt => "gt",
                    CompareOp::Ge => "ge",
                };
                named(name, &[one(a), one(b)])
            }
            ExprKind::In(a, list) => {
                let a = one(a);
                any(&one(list), |element| equal(element, &a).truth())
            }
            ExprKind::InWindow(time, id) => match one(time) {
                Term::Known(Value::Time(time)) => {
                    let window = &self.package.windows[id.index()];
                    Term::of(Tri::from(in_window(window, &self.zone(&window.zone), time)))
                }
                _ => Term::Unknown,
            },
            ExprKind::HasLabel(id) => Term::of(self.has_label(&self.package.labels[id.index()].decl.name, call)),
            ExprKind::AgentHasRole(role) => {
                let held: Vec<bool> = call.everyone().map(|roles| roles.contains(&role.index())).collect();
                Term::of(match (held.iter().all(|h| *h), held.iter().any(|h| *h)) {
                    (true, _) => Tri::True,
                    (false, true) => Tri::Unknown,
                    (false, false) => Tri::False,
                })
            }
            ExprKind::UserHasRole(role) => match &call.user {
                Some(user) => Term::of(Tri::from(user.roles.contains(&role.index()))),
                None => Term::Unknown,
            },
            ExprKind::TierAtLeast(tier) => Term::of(Tri::from(place.tier.map(|t| t >= tier.index()))),
            ExprKind::Concat(a, b) => match (one(a).elements(), one(b).elements()) {
                (Some((mut a, a_all)), Some((b, b_all))) => {
                    a.extend(b);
                    Term::List(a, a_all && b_all)
                }
                _ => Term::Unknown,
            },
            ExprKind::Len(x) => {
                let list = one(x);
                match list.elements() {
                    Some((items, complete)) => Term::count(items.len(), complete.then_some(items.len())),
                    None => named(len_of(&list), &[list]),
                }
            }
            ExprKind::Quant(op, list, body) => self.quantifier(*op, &one(list), body, place),
            ExprKind::List(items) => Term::List(items.iter().map(one).collect(), true),
            ExprKind::Else(value, otherwise) => match one(value) {
                Term::Absent => one(otherwise),
                other => other,
            },
            ExprKind::Present(value) => Term::of(match one(value) {
                Term::Absent => Tri::False,
                Term::Unknown => Tri::Unknown,
                _ => Tri::True,
            }),
            ExprKind::JsonAt(json, pointer, ty) => match one(json) {
                Term::Known(Value::Json(json)) => {
                    json_at(&json, pointer, ty, &self.package.schema, &self.signatures.limits)
                        .map_or(Term::Unknown, Term::Known)
                }
                _ => Term::Unknown,
            },
            ExprKind::Origins(name, path) => self.origins(call, name, path),
            ExprKind::Collect(kind) => {
                let mut found = Vec::new();
                let params = &self.package.tools[call.tool].params;
                let complete = collect_fields(&call.args, params, &self.package.schema, *kind, &mut |value| {
                    found.push(Term::Known(value.clone()));
                });
                Term::List(found, complete)
            }
            ExprKind::Extern(id, args) => {
                let args: Option<Vec<Value>> =
                    args.iter().map(|e| if let Term::Known(v) = one(e) { Some(v) } else { None }).collect();
                let name = self.package.externs[id.index()].decl.name.as_str();
                args.and_then(|args| extern_function(name, &args)).map_or(Term::Unknown, Term::Known)
            }
            ExprKind::Prior { tool, keys, tests, within } => {
                let mut truth = if call.session.is_some() { Tri::False } else { Tri::Unknown };
                let wanted: Vec<Term> = keys.iter().map(|(_, e)| one(e)).collect();
                for event in self.past.of_session(call).filter(|e| e.call.tool == tool.index()) {
                    let mut inner = place.clone();
                    inner.prior = Some(&event.call.args);
                    inner.prior_tool = tool.index();
                    let same = keys.iter().zip(&wanted).map(|((name, _), wanted)| {
                        equal(&self.argument(tool.index(), &event.call.args, name), wanted).truth()
                    });
                    // The key is one value: a part that is not known may make it any.
                    let same: Vec<Tri> = same.collect();
                    let key = if same.contains(&Tri::Unknown) {
                        Tri::Unknown
                    } else {
                        same.into_iter().fold(Tri::True, Tri::and)
                    };
                    let tests = tests.iter().map(|e| self.truth(e, &inner)).fold(Tri::True, Tri::and);
                    let recent = match (call.time, event.call.time) {
                        (Some(now), Some(then)) => Tri::from(now.as_millis() - then.as_millis() <= within.as_millis()),
                        _ => Tri::Unknown,
                    };
                    let counts = match event.status {
                        Status::Ok => Tri::True,
                        Status::Pending => Tri::Unknown,
                        Status::Error | Status::NotExecuted => Tri::False,
                    };
                    truth = truth.or(key.and(tests).and(recent).and(counts));
                }
                Term::of(truth)
            }
        }
    }

    fn argument(&self, tool: usize, args: &[Option<Value>], name: &str) -> Term {
        let index = self.package.tools[tool].params.iter().position(|p| p.name == name);
        field(args[index.expect("the checker knows every argument")].as_ref())
    }

    fn fact(&self, fact: Fact, call: &Call) -> Term {
        let text = |text: &Option<String>, otherwise: Term| match text {
            Some(text) => Term::Known(Value::str(text.as_str())),
            None => otherwise,
        };
        let tool = &self.package.tools[call.tool];
        match fact {
            Fact::AgentId => Term::Known(Value::str(call.agent.id.as_str())),
            Fact::AgentOwner => text(&call.agent.owner, Term::Absent),
            Fact::AgentDepth => Term::count(call.chain.len(), Some(call.chain.len())),
            Fact::AgentChain => {
                Term::List(call.chain.iter().map(|agent| Term::Known(agent.value(self.package))).collect(), true)
            }
            Fact::UserId => text(&call.user.as_ref().map(|u| u.id.clone()), Term::Unknown),
            Fact::SessionId => text(&call.session, Term::Unknown),
            Fact::ToolName => Term::Known(Value::str(tool.decl.name.as_str())),
            Fact::ToolServer => text(&tool.server, Term::Absent),
            Fact::Env => Term::Known(Value::str(self.package.environments[call.env].decl.name.as_str())),
            Fact::Now => call.time.map_or(Term::Unknown, |t| Term::Known(Value::Time(t))),
            Fact::Tenant => text(&call.tenant, Term::Unknown),
        }
    }

    fn quantifier(&self, op: QuantOp, list: &Term, body: &Expr, place: &Place) -> Term {
        let test = |element: &Term| self.truth(body, &place.with(element.clone()));
        match op {
            QuantOp::Any => any(list, test),
            QuantOp::All => Term::of(any(list, |e| test(e).not()).truth().not()),
            QuantOp::None => Term::of(any(list, test).truth().not()),
            QuantOp::Count => {
                let Some((items, complete)) = list.elements() else { return Term::Unknown };
                let found: Vec<Tri> = items.iter().map(test).collect();
                let sure = found.iter().filter(|t| t.is_true()).count();
                let possible = found.iter().filter(|t| !t.is_false()).count();
                Term::count(sure, complete.then_some(possible))
            }
        }
    }

    /// The union over the value's parts, each with its nearest ancestor's origins; unknown if a part has none.
    fn origins(&self, call: &Call, name: &str, path: &[String]) -> Term {
        let mut pointer = format!("/args/{name}");
        path.iter().for_each(|part| pointer += &format!("/{part}"));
        // Of a value that is absent, or filled in from its default, the host says nothing.
        let Some(sent) = call.json.pointer(&pointer).filter(|json| **json != Json::Null) else {
            return Term::Unknown;
        };
        let mut found = Vec::new();
        if !parts(sent, &pointer, call, &mut found) {
            return Term::Unknown;
        }
        Term::Known(Value::set(found.iter().map(|o| Value::str(o.as_str())).collect()))
    }
}

/// The functions that hosts of these tests register. A function that fails is unknown.
pub fn extern_function(name: &str, args: &[Value]) -> Option<Value> {
    match (name, args) {
        ("vet", [Value::Str(text)]) if !text.is_empty() => Some(Value::Bool(text.len() % 2 == 0)),
        _ => None,
    }
}

fn parts(json: &Json, pointer: &str, call: &Call, found: &mut Vec<String>) -> bool {
    match json {
        Json::Arr(items) if !items.is_empty() => {
            items.iter().enumerate().all(|(i, item)| parts(item, &format!("{pointer}/{i}"), call, found))
        }
        Json::Obj(members) if !members.is_empty() => {
            members.iter().all(|(key, value)| parts(value, &format!("{pointer}/{key}"), call, found))
        }
        _ => part(pointer, call, found),
    }
}

fn part(pointer: &str, call: &Call, found: &mut Vec<String>) -> bool {
    let mut at = pointer;
    loop {
        if let Some(origins) = call.origins.get(at) {
            found.extend(origins.iter().cloned());
            // Of no origin is not the same as of none that was named: it is not known.
            return !origins.is_empty();
        }
        match at.rfind('/') {
            Some(i) => at = &at[..i],
            None => return false,
        }
    }
}

fn field(value: Option<&Value>) -> Term {
    value.map_or(Term::Absent, |value| Term::Known(value.clone()))
}

fn attribute(root: AttrRoot, index: u32, call: &Call) -> Term {
    let fields = match root {
        AttrRoot::Agent => Some(&call.agent.attrs),
        AttrRoot::User => call.user.as_ref().map(|u| &u.attrs),
        AttrRoot::Context => call.context.as_ref(),
    };
    fields.map_or(Term::Unknown, |fields| field(fields[index as usize].as_ref()))
}

/// `any` over a list: what there may be besides the known elements makes it unknown at best.
fn any(list: &Term, test: impl Fn(&Term) -> Tri) -> Term {
    let Some((items, complete)) = list.elements() else { return Term::Unknown };
    let rest = if complete { Tri::False } else { Tri::Unknown };
    Term::of(items.iter().map(test).fold(rest, Tri::or))
}

fn equal(a: &Term, b: &Term) -> Term {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => named("eq", &[a, b]),
        _ => Term::Unknown,
    }
}

/// The value, a list of known elements as one value; an interval as it is.
fn whole(term: &Term) -> Option<Term> {
    match term {
        Term::Known(_) | Term::Between(..) => Some(term.clone()),
        Term::List(items, true) => {
            let known = |item: &Term| if let Term::Known(value) = item { Some(value.clone()) } else { None };
            Some(Term::Known(Value::list(items.iter().map(known).collect::<Option<_>>()?)))
        }
        _ => None,
    }
}

fn len_of(term: &Term) -> &'static str {
    match term {
        Term::Known(Value::Bytes(_)) => "bytes.len",
        _ => "string.len",
    }
}

fn matches_text(term: &Term, test: impl Fn(&str) -> bool) -> Term {
    match term {
        Term::Known(Value::Str(text)) => Term::of(Tri::from(test(text))),
        _ => Term::Unknown,
    }
}

/// `*` is any run of characters, `?` one; tried at every place.
fn glob_matches(glob: &str, text: &str) -> bool {
    let mut rest = glob.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            ends.into_iter().any(|i| glob_matches(rest.as_str(), &text[i..]))
        }
        Some(c) => {
            let mut chars = text.chars();
            chars.next().is_some_and(|t| c == '?' || c == t) && glob_matches(rest.as_str(), chars.as_str())
        }
    }
}

/// By the wall clock of the window's zone; a span over midnight belongs to the day it starts on.
fn in_window(window: &WindowDecl, zone: &jiff::tz::TimeZone, time: claw_runtime::Time) -> bool {
    let local = zone.to_datetime(time.timestamp());
    let minute = u16::try_from(local.hour()).unwrap() * 60 + u16::try_from(local.minute()).unwrap();
    let starts = |day: jiff::civil::Date| {
        let bit = day.weekday().to_monday_zero_offset();
        window.days & (1 << bit) != 0 && !window.except.iter().any(|d| *d == day.into())
    };
    let today = local.date();
    let spans = if window.hours.is_empty() { vec![(0, 1440)] } else { window.hours.clone() };
    spans.iter().any(|(from, to)| {
        if from <= to {
            starts(today) && (*from..*to).contains(&minute)
        } else {
            (starts(today) && minute >= *from) || (starts(today.yesterday().unwrap()) && minute < *to)
        }
    })
}
