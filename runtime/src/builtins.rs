//! The builtin table: every member, operator and function of the expression language.
//!
//! One row per builtin, in the file of its family; the type checker, the editor and the evaluator read the
//! same row. Members are written `x.name`, methods `x.name(…)`, operators `x under y`, functions `len(x)`.
//! What belongs to the language's logic (`and`, `or`, `not`, `else`, `present`, quantifiers) is not here:
//! `!=` is the negation of `==`, and `not in` that of `in`.

mod agent;
pub(crate) mod compare;
mod json;
mod list;
mod net;
mod number;
mod path;
mod shell;
mod signature;
mod sql;
mod text;
mod time;

use std::sync::{Arc, LazyLock};

pub use self::compare::equal;
pub use self::signature::Pat;
pub use self::text::test_text;
use crate::{PartialList, Pattern, Tri, Type, Value};

/// An operator of the surface language that is a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Op {
    Eq,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Under,
    Like,
    Matches,
    Add,
    Sub,
    Mul,
    /// Unary minus.
    Neg,
}

impl Op {
    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Eq => "==",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::In => "in",
            Op::Under => "under",
            Op::Like => "like",
            Op::Matches => "matches",
            Op::Add => "+",
            Op::Sub | Op::Neg => "-",
            Op::Mul => "*",
        }
    }
}

/// How a builtin is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `x.name`
    Member,
    /// `x.name(…)`
    Method,
    /// `x op y`
    Operator(Op),
    /// `name(…)`
    Function,
}

/// How much work a builtin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Independent of the size of its arguments.
    Constant,
    /// Grows with the size of its arguments.
    Linear,
}

/// An argument of a builtin, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// Known.
    Known(&'a Value),
    /// Not known at all.
    Unknown,
    /// A list of which these elements are known, and there may be more.
    Partial(&'a [Value]),
    /// An integer between two others, both included.
    Interval(i64, i64),
    /// The compiled right-hand side of `matches`.
    Pattern(&'a Pattern),
}

/// The result of a builtin, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Known.
    Known(Value),
    /// Not known at all.
    Unknown,
    /// A list of which these elements are known, and there may be more.
    Partial(Arc<[Value]>),
    /// An integer between two others, both included.
    Interval(i64, i64),
}

impl Out {
    /// The result again as an argument.
    #[must_use]
    pub fn as_arg(&self) -> Arg<'_> {
        match self {
            Out::Known(value) => Arg::Known(value),
            Out::Unknown => Arg::Unknown,
            Out::Partial(items) => Arg::Partial(items),
            Out::Interval(low, high) => Arg::Interval(*low, *high),
        }
    }

    /// The truth of a condition; anything but a known boolean is unknown.
    #[must_use]
    pub fn truth(&self) -> Tri {
        if let Out::Known(Value::Bool(b)) = self { Tri::from(*b) } else { Tri::Unknown }
    }
}

impl From<Tri> for Out {
    fn from(tri: Tri) -> Out {
        match tri {
            Tri::True => Out::Known(Value::Bool(true)),
            Tri::False => Out::Known(Value::Bool(false)),
            Tri::Unknown => Out::Unknown,
        }
    }
}

impl From<bool> for Out {
    fn from(b: bool) -> Out {
        Out::Known(Value::Bool(b))
    }
}

/// `None` is unknown.
impl From<Option<Value>> for Out {
    fn from(value: Option<Value>) -> Out {
        value.map_or(Out::Unknown, Out::Known)
    }
}

impl From<PartialList> for Out {
    fn from(list: PartialList) -> Out {
        if list.complete { Out::Known(Value::List(list.items)) } else { Out::Partial(list.items) }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Unique, and stable across versions: bundles refer to it. `family.name`, or the bare name of what no family owns.
    pub name: &'static str,
    /// How it is written.
    pub form: Form,
    /// The types it takes; a member's or method's first is its receiver.
    pub params: &'static [Pat],
    /// The type it gives.
    pub result: Pat,
    /// Markdown, one or two sentences.
    pub doc: &'static str,
    /// Known whenever its arguments are; otherwise it may be unknown all the same.
    pub total: bool,
    /// How much work it is.
    pub cost: Cost,
    /// Makes something of partly known lists and of intervals, instead of being unknown then.
    pub lenient: bool,
    eval: How,
}

/// How a builtin is evaluated.
#[derive(Clone, Copy, Debug)]
enum How {
    Made(fn(&[Arg<'_>]) -> Out),
    /// What it gives is a part of its only argument.
    Part(fn(&Value) -> Option<&Value>),
}

impl Builtin {
    const fn new(
        form: Form,
        name: &'static str,
        params: &'static [Pat],
        result: Pat,
        doc: &'static str,
        eval: fn(&[Arg<'_>]) -> Out,
    ) -> Builtin {
        let eval = How::Made(eval);
        Builtin { name, form, params, result, doc, total: true, cost: Cost::Constant, lenient: false, eval }
    }

    /// A member that stands in its argument as it is.
    const fn part(
        name: &'static str,
        params: &'static [Pat],
        result: Pat,
        doc: &'static str,
        get: fn(&Value) -> Option<&Value>,
    ) -> Builtin {
        let (eval, form) = (How::Part(get), Form::Member);
        Builtin { name, form, params, result, doc, total: true, cost: Cost::Constant, lenient: false, eval }
    }

    /// It may be unknown although its arguments are known.
    const fn partial(self) -> Builtin {
        Builtin { total: false, ..self }
    }

    /// Its work grows with its arguments.
    const fn linear(self) -> Builtin {
        Builtin { cost: Cost::Linear, ..self }
    }

    /// It takes partly known lists and intervals.
    const fn lenient(self) -> Builtin {
        Builtin { lenient: true, ..self }
    }

    /// Evaluates it. Unknown if an argument is, or is none that the signature allows; never panics.
    #[must_use]
    pub fn call(&self, args: &[Arg<'_>]) -> Out {
        let usable = |arg: &Arg<'_>| match arg {
            Arg::Known(_) | Arg::Pattern(_) => true,
            Arg::Unknown => false,
            Arg::Partial(_) | Arg::Interval(..) => self.lenient,
        };
        if !args.iter().all(usable) {
            return Out::Unknown;
        }
        match (self.eval, args) {
            (How::Made(make), _) => make(args),
            (How::Part(get), [Arg::Known(value)]) => get(value).cloned().into(),
            (How::Part(_), _) => Out::Unknown,
        }
    }

    /// The part of a value that this member is, where that can be had without making anything; `None` says nothing.
    pub(crate) fn peek<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        if let How::Part(get) = self.eval { get(value) } else { None }
    }

    /// What stands behind the dot, or the function's name, or the operator.
    #[must_use]
    pub fn surface(&self) -> &'static str {
        match self.form {
            Form::Operator(op) => op.symbol(),
            _ => self.name.rsplit('.').next().unwrap_or(self.name),
        }
    }

    /// The type of its result for arguments of these types; `None` if they don't fit.
    #[must_use]
    pub fn result_for(&self, args: &[&Type]) -> Option<Type> {
        signature::apply(self.params, &self.result, args)
    }

    /// The signature for people: `email.domain: host`, `host under host`, `len(string): int`.
    #[must_use]
    pub fn signature(&self) -> String {
        signature::display(self)
    }
}

/// Index of a builtin in the table of this version; bundles store names instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuiltinId(u16);

impl BuiltinId {
    /// The row.
    #[must_use]
    pub fn get(self) -> Option<&'static Builtin> {
        TABLE.get(usize::from(self.0))
    }

    /// Evaluates the row; see [`Builtin::call`].
    #[must_use]
    pub fn call(self, args: &[Arg<'_>]) -> Out {
        self.get().map_or(Out::Unknown, |row| row.call(args))
    }
}

/// A builtin that fits, and the type it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Which one.
    pub id: BuiltinId,
    /// The type of its result.
    pub result: Type,
}

/// More specific rows come first.
static TABLE: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    [
        net::ROWS,
        path::ROWS,
        shell::ROWS,
        sql::ROWS,
        json::ROWS,
        agent::ROWS,
        time::ROWS,
        number::ROWS,
        text::ROWS,
        list::ROWS,
        compare::ROWS,
    ]
    .concat()
});

/// All builtins.
#[must_use]
pub fn builtins() -> &'static [Builtin] {
    &TABLE
}

/// The builtin of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<BuiltinId> {
    find(|row| (row.name == name).then_some(Type::Error)).map(|resolved| resolved.id)
}

/// `recv.name`
#[must_use]
pub fn lookup_member(recv: &Type, name: &str) -> Option<Resolved> {
    find(|row| if row.form == Form::Member && row.surface() == name { row.result_for(&[recv]) } else { None })
}

/// `recv.name(args)`
#[must_use]
pub fn lookup_method(recv: &Type, name: &str, args: &[&Type]) -> Option<Resolved> {
    let all: Vec<&Type> = std::iter::once(recv).chain(args.iter().copied()).collect();
    find(|row| if row.form == Form::Method && row.surface() == name { row.result_for(&all) } else { None })
}

/// `name(args)`
#[must_use]
pub fn lookup_function(name: &str, args: &[&Type]) -> Option<Resolved> {
    find(|row| if row.form == Form::Function && row.surface() == name { row.result_for(args) } else { None })
}

/// `lhs op rhs`
#[must_use]
pub fn lookup_operator(op: Op, lhs: &Type, rhs: &Type) -> Option<Resolved> {
    find(|row| if row.form == Form::Operator(op) { row.result_for(&[lhs, rhs]) } else { None })
}

/// `-operand`
#[must_use]
pub fn lookup_negation(operand: &Type) -> Option<Resolved> {
    find(|row| if row.form == Form::Operator(Op::Neg) { row.result_for(&[operand]) } else { None })
}

/// The members and methods of a type, for completion and for "did you mean".
pub fn members_of(recv: &Type) -> impl Iterator<Item = &'static Builtin> {
    TABLE.iter().filter(move |row| {
        matches!(row.form, Form::Member | Form::Method) && row.params.first().is_some_and(|pat| pat.accepts(recv))
    })
}

/// The type that a literal on the right of `lhs op` is meant to have; for `in`, that of a list literal's elements.
#[must_use]
pub fn expected_right(op: Op, lhs: &Type) -> Type {
    match (op, lhs) {
        (Op::In, Type::Ip) => Type::IpNet,
        (Op::Like | Op::Matches, _) => Type::Str,
        (Op::Add | Op::Sub, Type::Time) => Type::Duration,
        _ => lhs.clone(),
    }
}

/// The type that a literal on the left of `op rhs` is meant to have.
#[must_use]
pub fn expected_left(op: Op, rhs: &Type) -> Type {
    match (op, rhs.element().unwrap_or(rhs)) {
        (Op::In, Type::IpNet) => Type::Ip,
        (Op::In | Op::Under, element) => element.clone(),
        _ => rhs.clone(),
    }
}

fn find(test: impl Fn(&Builtin) -> Option<Type>) -> Option<Resolved> {
    TABLE.iter().zip(0u16..).find_map(|(row, id)| test(row).map(|result| Resolved { id: BuiltinId(id), result }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::{ShellDialect, SqlDialect, Vocab, parse_text};
    use std::collections::HashSet;

    /// A constant of a type that is written as a string.
    pub(crate) fn v(ty: Type, text: &str) -> Value {
        parse_text(text, &ty).unwrap()
    }

    /// Calls the builtin with known arguments.
    pub(crate) fn call(name: &str, args: &[Value]) -> Out {
        let args: Vec<Arg<'_>> = args.iter().map(Arg::Known).collect();
        by_name(name).unwrap().call(&args)
    }

    #[test]
    fn rows_are_well_formed() {
        let mut names = HashSet::new();
        for row in builtins() {
            assert!(names.insert(row.name), "{} occurs twice", row.name);
            assert!(row.doc.ends_with(['.', '?']) && row.doc.len() > 10, "{} has no documentation", row.name);
            assert!(!row.params.is_empty(), "{}", row.name);
            assert_eq!(by_name(row.name).unwrap().get().unwrap().name, row.name);
        }
    }

    #[test]
    fn unknown_in_unknown_out_and_no_panic() {
        let samples = [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Decimal("1e37".parse().unwrap()),
            Value::str("x"),
            v(Type::Duration, "106751991167d"),
            v(Type::Time, "9999-12-30T00:00:00Z"),
            v(Type::Date, "2026-01-01"),
            v(Type::Bytes, "Zg=="),
            v(Type::Email, "a@b.c"),
            v(Type::Host, "b.c"),
            v(Type::Url, "mailto:a@b"),
            v(Type::Ip, "::1"),
            v(Type::IpNet, "::/0"),
            v(Type::Path, "/a"),
            v(Type::Command(ShellDialect::Sh), "ls"),
            v(Type::Sql(SqlDialect::Ansi), "select 1"),
            Value::list(vec![Value::Int(1)]),
            Value::set(vec![]),
            Value::Record(Arc::from([None, Some(Value::Int(1))])),
            Value::Json(crate::Json::Null.into()),
            v(Type::Secret, "s"),
        ];
        for row in builtins() {
            assert_eq!(row.call(&[Arg::Unknown, Arg::Unknown]), Out::Unknown, "{}", row.name);
            let _ = row.call(&[]);
            for a in &samples {
                assert_eq!(row.call(&[Arg::Known(a), Arg::Unknown]), Out::Unknown, "{}", row.name);
                let _ = (
                    row.call(&[Arg::Known(a)]),
                    row.call(&[Arg::Interval(0, 1), Arg::Known(a)]),
                    row.call(&[Arg::Known(a), Arg::Partial(&samples)]),
                );
                for b in &samples {
                    let _ = row.call(&[Arg::Known(a), Arg::Known(b)]);
                }
            }
        }
    }

    #[test]
    fn lookups() {
        let result = |r: Option<Resolved>| r.map(|r| (r.id.get().unwrap().name, r.result));
        assert_eq!(result(lookup_member(&Type::Email, "domain")), Some(("email.domain", Type::Host)));
        assert_eq!(result(lookup_member(&Type::Email, "host")), None);
        assert_eq!(
            result(lookup_operator(Op::Under, &Type::Host, &Type::set(Type::Host))),
            Some(("host.under_any", Type::Bool))
        );
        assert_eq!(result(lookup_operator(Op::In, &Type::Ip, &Type::IpNet)), Some(("ip.in", Type::Bool)));
        assert_eq!(result(lookup_operator(Op::In, &Type::Ip, &Type::set(Type::Ip))), Some(("in", Type::Bool)));
        assert_eq!(result(lookup_operator(Op::In, &Type::Email, &Type::set(Type::Host))), None);
        assert_eq!(result(lookup_operator(Op::Eq, &Type::Int, &Type::Decimal)), Some(("eq", Type::Bool)));
        assert_eq!(result(lookup_operator(Op::Eq, &Type::Secret, &Type::Secret)), None);
        assert_eq!(result(lookup_operator(Op::Lt, &Type::Str, &Type::Str)), None);
        assert_eq!(result(lookup_operator(Op::Add, &Type::Int, &Type::Int)), Some(("int.add", Type::Int)));
        assert_eq!(result(lookup_operator(Op::Add, &Type::Int, &Type::Decimal)), Some(("decimal.add", Type::Decimal)));
        assert_eq!(result(lookup_operator(Op::Sub, &Type::Time, &Type::Time)), Some(("time.since", Type::Duration)));
        assert_eq!(
            result(lookup_operator(Op::Add, &Type::list(Type::Email), &Type::list(Type::Email))),
            Some(("list.add", Type::list(Type::Email)))
        );
        assert_eq!(result(lookup_operator(Op::Add, &Type::list(Type::Int), &Type::list(Type::Decimal))), None);
        assert_eq!(
            result(lookup_operator(Op::In, &Type::Word(Vocab::Role), &Type::set(Type::Word(Vocab::Role)))),
            Some(("in", Type::Bool))
        );
        assert_eq!(
            result(lookup_method(&Type::Command(ShellDialect::Bash), "only", &[&Type::list(Type::Str)])),
            Some(("command.only", Type::Bool))
        );
        assert_eq!(result(lookup_function("len", &[&Type::list(Type::Email)])), Some(("list.len", Type::Int)));
        assert_eq!(result(lookup_negation(&Type::Duration)), Some(("duration.neg", Type::Duration)));
        assert_eq!(lookup_member(&Type::Error, "domain").map(|r| r.result), Some(Type::Error));
        assert_eq!(expected_right(Op::In, &Type::Ip), Type::IpNet);
        assert_eq!(expected_left(Op::In, &Type::set(Type::Email)), Type::Email);
        assert!(members_of(&Type::Url).any(|row| row.surface() == "host"));
        assert!(members_of(&Type::Bool).next().is_none());
    }

    #[test]
    fn signatures() {
        let signature = |name: &str| by_name(name).unwrap().get().unwrap().signature();
        assert_eq!(signature("email.domain"), "email.domain: host");
        assert_eq!(signature("host.under_any"), "host under list or set of host: bool");
        assert_eq!(signature("json.at"), "json.at(string): json");
        assert_eq!(signature("string.len"), "len(string): int");
        assert_eq!(signature("int.neg"), "-int: int");
    }
}
