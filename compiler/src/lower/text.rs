//! Lowered expressions as text: for labels of the graph, and for names that outlive one build.
//!
//! The text says nothing of indices but of a record's fields, so it is the same in every build in which the
//! expression means the same.

use claw_runtime::Value;
use claw_runtime::bundle::{AttrRoot, Bundle, CompareOp, Expr, ExprId, QuantOp, Range};

/// Deeper parts of a label are left out.
const LABEL_DEPTH: u32 = 6;

/// The tables that names are looked up in.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    pub tables: &'a Bundle,
    /// The source of each pattern in `tables.patterns`.
    pub patterns: &'a [String],
}

impl Texts<'_> {
    /// A short text for people. `tool` is the one whose arguments are read, by index.
    pub fn label(self, tool: u32, expr: ExprId) -> String {
        Writer { texts: self, tool, depth_left: LABEL_DEPTH }.write(expr)
    }

    /// The whole expression, to be digested.
    pub fn canonical(self, tool: u32, expr: ExprId) -> String {
        Writer { texts: self, tool, depth_left: u32::MAX }.write(expr)
    }
}

#[derive(Clone, Copy)]
struct Writer<'a> {
    texts: Texts<'a>,
    tool: u32,
    depth_left: u32,
}

impl Writer<'_> {
    fn write(mut self, expr: ExprId) -> String {
        let Some(left) = self.depth_left.checked_sub(1) else { return "…".to_owned() };
        self.depth_left = left;
        let t = self.texts.tables;
        // A graph that was not emitted by this compiler may ask for what the tool does not have.
        let field = |fields: &[claw_runtime::Field], i: u32| {
            fields.get(i as usize).map_or_else(|| format!("#{i}"), |field| name(&field.name))
        };
        let role = |i: u32| &t.roles[i as usize].name;
        match &t.exprs[expr.index()] {
            Expr::Const(id) => constant(&t.consts[id.index()]),
            Expr::Arg(i) => format!("args.{}", field(&t.tools[self.tool as usize].params, *i)),
            Expr::Fact(fact) => fact.name().to_owned(),
            Expr::Attr(AttrRoot::Agent, i) => format!("agent.{}", field(&t.agent, *i)),
            Expr::Attr(AttrRoot::User, i) => format!("user.{}", field(&t.user, *i)),
            Expr::Attr(AttrRoot::Context, i) => format!("context.{}", field(&t.context, *i)),
            Expr::Live(i) => format!("live {}", t.lives[*i as usize].name),
            Expr::Local(depth) => format!("v{depth}"),
            Expr::RecordField(record, i) => format!("{}.{i}", self.write(*record)),
            Expr::Builtin(i, args) => format!("{}({})", t.builtins[*i as usize], self.list(args)),
            Expr::Match(text, i) => format!("{} {}", self.write(*text), self.texts.patterns[*i as usize]),
            Expr::And(parts) => format!("({})", self.sorted(parts, " and ")),
            Expr::Or(parts) => format!("({})", self.sorted(parts, " or ")),
            Expr::Not(inner) => format!("not {}", self.write(*inner)),
            Expr::Eq(a, b) => self.infix(*a, "==", *b),
            Expr::Compare(op, a, b) => self.infix(*a, compare_name(*op), *b),
            Expr::In(a, b) => self.infix(*a, "in", *b),
            Expr::InWindow(time, i) => format!("{} in {}", self.write(*time), t.windows[*i as usize].name),
            Expr::HasLabel(i) => format!("{} in session.labels", t.labels[*i as usize]),
            Expr::AgentHasRole(i) => format!("{} in agent.roles", role(*i)),
            Expr::UserHasRole(i) => format!("{} in user.roles", role(*i)),
            Expr::TierAtLeast(i) => format!("tier >= {}", t.tiers[*i as usize]),
            Expr::Concat(a, b) => self.infix(*a, "+", *b),
            Expr::Len(list) => format!("len({})", self.write(*list)),
            Expr::Quant(op, list, body) => {
                format!("{}({}: {})", quant_name(*op), self.write(*list), self.write(*body))
            }
            Expr::List(items) => format!("[{}]", self.list(items)),
            Expr::Else(a, b) => self.infix(*a, "else", *b),
            Expr::Present(inner) => format!("present({})", self.write(*inner)),
            Expr::JsonAt(json, pointer, ty) => {
                format!("{}.at({}) as {ty:?}", self.write(*json), constant(&t.consts[pointer.index()]))
            }
            Expr::Origins(arg, path) => {
                let name = field(&t.tools[self.tool as usize].params, *arg);
                let path: String = path.iter().map(|i| format!(".{i}")).collect();
                format!("origins(args.{name}{path})")
            }
            Expr::Collect(kind) => format!("{}(args)", format!("{kind:?}").to_lowercase()),
            Expr::Extern(i, args) => format!("{}({})", t.externs[*i as usize].name, self.list(args)),
            Expr::Prior(id, keys, within_ms) => {
                let tool = &t.tools[t.priors[id.index()].tool.index()].name;
                format!("prior {tool}({}) within {}", self.list(keys), claw_runtime::Duration::from_millis(*within_ms))
            }
        }
    }

    fn texts(self, range: &Range) -> Vec<String> {
        let ids = &self.texts.tables.operands[range.start as usize..(range.start + range.len) as usize];
        ids.iter().map(|id| self.write(*id)).collect()
    }

    fn list(self, range: &Range) -> String {
        self.texts(range).join(", ")
    }

    /// The order of these operands is no part of what they mean.
    fn sorted(self, range: &Range, with: &str) -> String {
        let mut texts = self.texts(range);
        texts.sort_unstable();
        texts.join(with)
    }

    fn infix(self, a: ExprId, op: &str, b: ExprId) -> String {
        format!("({} {op} {})", self.write(a), self.write(b))
    }
}

/// A name that can't be taken for something else: `args.a.0` is a field of `a`.
fn name(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { json(name) }
}

/// A constant as a policy would write it, about.
pub(crate) fn constant(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(d) => format!("{d}d"),
        Value::Duration(d) => d.to_string(),
        Value::Str(text) => json(text),
        Value::List(items) => format!("[{}]", items.iter().map(constant).collect::<Vec<_>>().join(", ")),
        Value::Set(items) => format!("{{{}}}", items.iter().map(constant).collect::<Vec<_>>().join(", ")),
        other => json(other),
    }
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("values have no map with keys that are not strings")
}

fn compare_name(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

fn quant_name(op: QuantOp) -> &'static str {
    match op {
        QuantOp::Any => "any",
        QuantOp::All => "all",
        QuantOp::None => "none",
        QuantOp::Count => "count",
    }
}
