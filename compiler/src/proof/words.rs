//! Tests as sentences of the policy's language, also where they have to come out false.
//!
//! Works on lowered expressions, in which predicates are inlined and constants are values. For people to read: what
//! is long is cut, and nothing reads it back.

use claw_runtime::bundle::{AttrRoot, Bundle, CompareOp, Expr, ExprId, QuantOp, Range, ToolId};
use claw_runtime::{Builtin, Form, Tri, Type, Value, by_name};

use super::answers::Answers;
use super::formula::TestId;
use super::side::Side;
use super::space::Space;
use super::theory::Req;
use crate::lower::Lowered;

/// Deeper parts are left out.
const DEPTH: u32 = 8;
/// So many elements of a constant are listed.
const ELEMENTS: usize = 6;
/// Values are shown up to so many characters.
const WIDTH: usize = 96;

/// Writes the tests of one tool.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    lowered: &'a Lowered,
    /// Index of the tool.
    tool: u32,
    /// The variables of quantifiers around, outermost first, with what is known of their type.
    locals: Vec<(String, Option<Type>)>,
}

impl<'a> Words<'a> {
    pub fn new(lowered: &'a Lowered, tool: u32) -> Words<'a> {
        Words { lowered, tool, locals: Vec::new() }
    }

    /// The same inside a quantifier over this list, whose variable has this name.
    #[must_use]
    pub fn inside(&self, list: ExprId, name: impl Into<String>) -> Words<'a> {
        let mut inner = self.clone();
        inner.locals.push((name.into(), self.element(list)));
        inner
    }

    fn tables(&self) -> &'a Bundle {
        &self.lowered.tables
    }

    /// What has to be so for a test to have one of these answers.
    pub fn holds(&self, expr: ExprId, answers: Answers) -> String {
        if answers == Answers::UNKNOWN {
            return format!("{} is unknown", self.write(expr, DEPTH));
        }
        if answers == Answers::KNOWN {
            return format!("{} is known", self.write(expr, DEPTH));
        }
        if answers.covers(Answers::TRUE) { self.write(expr, DEPTH) } else { self.negated(expr, DEPTH) }
    }

    /// An expression as it stands.
    pub fn text(&self, expr: ExprId) -> String {
        self.write(expr, DEPTH)
    }

    fn write(&self, expr: ExprId, depth: u32) -> String {
        let Some(depth) = depth.checked_sub(1) else { return "…".to_owned() };
        let t = self.tables();
        let sub = |expr: ExprId| self.operand(expr, depth);
        match &t.exprs[expr.index()] {
            Expr::Const(id) => shown(&t.consts[id.index()]),
            Expr::Local(at) => self.locals.get(*at as usize).map_or_else(|| format!("v{at}"), |local| local.0.clone()),
            Expr::RecordField(record, field) => format!("{}.{}", sub(*record), self.field(*record, *field)),
            Expr::Builtin(builtin, args) => self.builtin(&t.builtins[*builtin as usize], *args, depth),
            Expr::Match(text, pattern) => {
                format!("{} {}", sub(*text), self.lowered.patterns[*pattern as usize])
            }
            Expr::And(parts) => self.joined(*parts, " and ", depth),
            Expr::Or(parts) => self.joined(*parts, " or ", depth),
            Expr::Not(inner) => self.negated(*inner, depth),
            Expr::Eq(a, b) => format!("{} == {}", sub(*a), sub(*b)),
            Expr::Compare(op, a, b) => format!("{} {} {}", sub(*a), compare(*op), sub(*b)),
            Expr::In(a, b) => format!("{} in {}", sub(*a), sub(*b)),
            Expr::InWindow(time, window) => format!("{} in {}", sub(*time), t.windows[*window as usize].name),
            Expr::Concat(a, b) => format!("{} + {}", sub(*a), sub(*b)),
            Expr::Len(list) => format!("len({})", self.write(*list, depth)),
            Expr::Quant(op, list, body) => self.quantifier(quant(*op), *list, *body, false, depth),
            Expr::List(items) => format!("[{}]", self.listed(*items, depth)),
            Expr::Else(a, b) => format!("({} else {})", sub(*a), sub(*b)),
            Expr::Present(inner) => format!("present({})", self.write(*inner, depth)),
            Expr::JsonAt(json, pointer, _) => format!("{}.at({})", sub(*json), shown(&t.consts[pointer.index()])),
            Expr::Live(live) => t.lives[*live as usize].name.clone(),
            Expr::Extern(function, args) => {
                format!("{}({})", t.externs[*function as usize].name, self.listed(*args, depth))
            }
            Expr::Prior(prior, keys, within) => {
                let def = &t.priors[prior.index()];
                let tool = &t.tools[def.tool.index()];
                let keys = self.operands(*keys).iter().zip(&def.params).map(|(key, param)| {
                    let name = tool.params.get(*param as usize).map_or("…", |field| field.name.as_str());
                    format!("prior.{name} == {}", self.operand(*key, depth))
                });
                let mut conditions: Vec<String> = keys.collect();
                if let Some(test) = def.test {
                    let earlier = Words::new(self.lowered, def.tool.0);
                    conditions.push(earlier.write(t.atoms[test.index()].expr, depth).replace("args.", "prior."));
                }
                let within = claw_runtime::Duration::from_millis(*within);
                format!("prior {}({}) within {within}", tool.name, conditions.join(" and "))
            }
            // What has no operands of its own is written as everywhere.
            _ => self.lowered.texts().label(self.tool, expr),
        }
    }

    /// As an operand: in parentheses, where it would be read otherwise without.
    fn operand(&self, expr: ExprId, depth: u32) -> String {
        let text = self.write(expr, depth);
        let t = self.tables();
        let loose = match &t.exprs[expr.index()] {
            Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::Eq(..) | Expr::Compare(..) | Expr::In(..) => true,
            Expr::Concat(..) | Expr::InWindow(..) | Expr::Match(..) => true,
            Expr::Builtin(builtin, _) => {
                row(&t.builtins[*builtin as usize]).is_some_and(|row| matches!(row.form, Form::Operator(_)))
            }
            _ => false,
        };
        if loose { format!("({text})") } else { text }
    }

    fn negated(&self, expr: ExprId, depth: u32) -> String {
        let t = self.tables();
        let sub = |expr: ExprId| self.operand(expr, depth.saturating_sub(1));
        match &t.exprs[expr.index()] {
            Expr::Not(inner) => self.write(*inner, depth),
            Expr::Eq(a, b) => format!("{} != {}", sub(*a), sub(*b)),
            Expr::Compare(op, a, b) => format!("{} {} {}", sub(*a), opposite(*op), sub(*b)),
            Expr::In(a, b) => format!("{} not in {}", sub(*a), sub(*b)),
            Expr::InWindow(time, window) => format!("{} not in {}", sub(*time), t.windows[*window as usize].name),
            Expr::Present(inner) => format!("not present({})", self.write(*inner, depth)),
            Expr::AgentHasRole(_) | Expr::UserHasRole(_) | Expr::HasLabel(_) => {
                self.write(expr, depth).replacen(" in ", " not in ", 1)
            }
            Expr::Quant(op @ (QuantOp::Any | QuantOp::None), list, body) => {
                let opposite = if *op == QuantOp::Any { QuantOp::None } else { QuantOp::Any };
                // Two negations are harder to read than none.
                if *op == QuantOp::Any && matches!(t.exprs[body.index()], Expr::Not(_)) {
                    return self.quantifier("all", *list, *body, true, depth);
                }
                self.quantifier(quant(opposite), *list, *body, false, depth)
            }
            Expr::Quant(QuantOp::All, list, body) => self.quantifier("any", *list, *body, true, depth),
            Expr::Prior(..) => format!("no {}", self.write(expr, depth)),
            _ => format!("not {}", sub(expr)),
        }
    }

    fn quantifier(&self, word: &str, list: ExprId, body: ExprId, negated: bool, depth: u32) -> String {
        let name = ["x", "y", "z", "w"].get(self.locals.len()).map_or_else(|| "v".to_owned(), |x| (*x).to_owned());
        let inner = self.inside(list, name.clone());
        let body = if negated { inner.negated(body, depth) } else { inner.write(body, depth) };
        format!("{word}({name} in {}: {body})", self.write(list, depth))
    }

    fn builtin(&self, name: &str, args: Range, depth: u32) -> String {
        let operands = self.operands(args);
        let Some(row) = row(name) else { return format!("{name}({})", self.listed(args, depth)) };
        let short = row.surface();
        match (row.form, operands) {
            (Form::Member, [of]) => format!("{}.{short}", self.operand(*of, depth)),
            (Form::Method, [of, rest @ ..]) => {
                let rest: Vec<String> = rest.iter().map(|arg| self.write(*arg, depth)).collect();
                format!("{}.{short}({})", self.operand(*of, depth), rest.join(", "))
            }
            (Form::Operator(op), [a, b]) => {
                format!("{} {} {}", self.operand(*a, depth), op.symbol(), self.operand(*b, depth))
            }
            (Form::Operator(op), [a]) => format!("{}{}", op.symbol(), self.operand(*a, depth)),
            _ => format!("{short}({})", self.listed(args, depth)),
        }
    }

    fn operands(&self, range: Range) -> &'a [ExprId] {
        &self.tables().operands[range.start as usize..(range.start + range.len) as usize]
    }

    fn listed(&self, range: Range, depth: u32) -> String {
        self.operands(range).iter().map(|arg| self.write(*arg, depth)).collect::<Vec<_>>().join(", ")
    }

    fn joined(&self, range: Range, with: &str, depth: u32) -> String {
        self.operands(range).iter().map(|part| self.logical(*part, depth)).collect::<Vec<_>>().join(with)
    }

    /// A part of `and` or `or`.
    fn logical(&self, expr: ExprId, depth: u32) -> String {
        let text = self.write(expr, depth);
        let nested = matches!(self.tables().exprs[expr.index()], Expr::And(_) | Expr::Or(_));
        if nested { format!("({text})") } else { text }
    }

    fn field(&self, record: ExprId, field: u32) -> String {
        let fields = match self.type_of(record) {
            Some(Type::Record(id)) => self.tables().schema.record(id).map(|def| def.fields.as_slice()),
            _ => None,
        };
        fields.and_then(|fields| fields.get(field as usize)).map_or_else(|| field.to_string(), |f| f.name.clone())
    }

    /// The type of a part of the request.
    fn type_of(&self, expr: ExprId) -> Option<Type> {
        let t = self.tables();
        let of = |fields: &[claw_runtime::Field], at: u32| fields.get(at as usize).map(|field| field.ty.clone());
        match &t.exprs[expr.index()] {
            Expr::Arg(at) => of(&t.tools[self.tool as usize].params, *at),
            Expr::Attr(AttrRoot::Agent, at) => of(&t.agent, *at),
            Expr::Attr(AttrRoot::User, at) => of(&t.user, *at),
            Expr::Attr(AttrRoot::Context, at) => of(&t.context, *at),
            Expr::Local(at) => self.locals.get(*at as usize)?.1.clone(),
            Expr::Live(at) => t.lives.get(*at as usize).map(|live| live.ty.clone()),
            Expr::Else(a, _) | Expr::Concat(a, _) => self.type_of(*a),
            Expr::RecordField(record, at) => match self.type_of(*record)? {
                Type::Record(id) => of(&t.schema.record(id)?.fields, *at),
                _ => None,
            },
            _ => None,
        }
    }

    fn element(&self, list: ExprId) -> Option<Type> {
        match self.type_of(list)? {
            Type::List(element) | Type::Set(element) => Some(*element.clone()),
            _ => None,
        }
    }
}

/// An expression that calls of a tool are put to.
#[must_use]
pub fn expr(side: &Side, tool: ToolId, expr: ExprId) -> String {
    Words::new(&side.lowered, tool.0).text(expr)
}

/// What a test has to answer: `args.amount <= 100`, `admin not in agent.roles, or unknown`, `context.ticket is unknown`.
#[must_use]
pub fn req(space: &Space<'_>, req: Req) -> String {
    let unknown = req.allowed.has(Tri::Unknown);
    let certain = req.allowed & Answers::KNOWN;
    if certain == Answers::KNOWN {
        return if unknown { "always".to_owned() } else { format!("{} is known", test(space, req.test)) };
    }
    if certain.is_empty() {
        return format!("{} is unknown", test(space, req.test));
    }
    let exprs = space.tests[req.test.0 as usize].exprs.iter().enumerate();
    let Some((side, expr)) = exprs.filter_map(|(side, expr)| Some((side, (*expr)?))).next() else {
        return test(space, req.test);
    };
    let text = Words::new(&space.sides[side].lowered, space.tool(side).0).holds(expr, certain);
    if unknown { format!("{text}, or unknown") } else { text }
}

/// What a test asks: `args.amount > 100`.
#[must_use]
pub fn test(space: &Space<'_>, test: TestId) -> String {
    space.tests[test.0 as usize].text.clone()
}

fn row(name: &str) -> Option<&'static Builtin> {
    by_name(name)?.get()
}

/// A value as people would write it; secrets stay secret.
pub fn shown(value: &Value) -> String {
    let text = match value {
        Value::Decimal(decimal) => decimal.to_string(),
        Value::List(items) | Value::Set(items) => {
            let mut parts: Vec<String> = items.iter().take(ELEMENTS).map(shown).collect();
            if items.len() > ELEMENTS {
                parts.push(format!("… {} more", items.len() - ELEMENTS));
            }
            format!("[{}]", parts.join(", "))
        }
        Value::Record(fields) => {
            let parts = fields.iter().map(|field| field.as_ref().map_or_else(|| "—".to_owned(), shown));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Secret(_) => "(a secret)".to_owned(),
        Value::Command(command) => quoted(command.text()),
        Value::Sql(sql) => quoted(sql.text()),
        Value::Email(email) => quoted(email),
        Value::Host(host) => quoted(host),
        Value::Url(url) => quoted(url),
        Value::Path(path) => quoted(path),
        Value::Ip(ip) => quoted(ip),
        Value::IpNet(net) => quoted(net),
        Value::Time(time) => time.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Json(json) => json.to_string(),
        other => crate::lower::constant(other),
    };
    shorten(&text)
}

fn quoted(text: &(impl std::fmt::Display + ?Sized)) -> String {
    crate::lower::constant(&Value::str(text.to_string()))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

fn opposite(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Lt => ">=",
        CompareOp::Le => ">",
        CompareOp::Gt => "<=",
        CompareOp::Ge => "<",
    }
}

fn quant(op: QuantOp) -> &'static str {
    match op {
        QuantOp::Any => "any",
        QuantOp::All => "all",
        QuantOp::None => "none",
        QuantOp::Count => "count",
    }
}
