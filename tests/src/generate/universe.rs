//! The small world in which generated policies and requests live: few values of each type, so that tests of
//! equality often hold and random requests reach deep into a policy.

use serde_json::{Value as Json, json};

use super::rng::Rng;
use super::shell::COMMANDS;

/// The types that generated expressions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ty {
    Bool,
    Int,
    Decimal,
    Str,
    Host,
    Email,
    Url,
    Ip,
    Path,
    Duration,
    Time,
    Date,
    Color,
    Item,
    Json,
    Command,
    Sql,
    Call,
    Calls,
    Emails,
    Strs,
    StrSet,
    Items,
    Ints,
}

impl Ty {
    /// As it is written in a declaration.
    pub fn text(self) -> &'static str {
        match self {
            Ty::Bool => "bool",
            Ty::Int => "int",
            Ty::Decimal => "decimal",
            Ty::Str => "string",
            Ty::Host => "host",
            Ty::Email => "email",
            Ty::Url => "url",
            Ty::Ip => "ip",
            Ty::Path => "path",
            Ty::Duration => "duration",
            Ty::Time => "time",
            Ty::Date => "date",
            Ty::Color => "color",
            Ty::Item => "item",
            Ty::Json => "json",
            Ty::Command => "command(bash)",
            Ty::Sql => "sql(postgres)",
            Ty::Call => "call",
            Ty::Calls => "list<call>",
            Ty::Emails => "list<email>",
            Ty::Strs => "list<string>",
            Ty::StrSet => "set<string>",
            Ty::Items => "list<item>",
            Ty::Ints => "list<int>",
        }
    }

    /// As it is written for a predicate's parameter.
    pub fn parameter(self) -> &'static str {
        match self {
            Ty::Command => "command",
            other => other.text(),
        }
    }

    /// What a quantifier's variable over this type is.
    pub fn element(self) -> Option<Ty> {
        match self {
            Ty::Emails => Some(Ty::Email),
            Ty::Strs | Ty::StrSet => Some(Ty::Str),
            Ty::Items => Some(Ty::Item),
            Ty::Ints => Some(Ty::Int),
            Ty::Calls => Some(Ty::Call),
            _ => None,
        }
    }
}

/// A parameter that tools may have. A name has one type wherever it occurs, so that rules may name several tools.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Param {
    pub name: &'static str,
    pub ty: Ty,
    pub optional: bool,
    pub default: Option<&'static str>,
}

const fn param(name: &'static str, ty: Ty, optional: bool) -> Param {
    Param { name, ty, optional, default: None }
}

/// All parameters there are.
pub const PARAMS: &[Param] = &[
    param("to", Ty::Emails, false),
    param("cc", Ty::Emails, true),
    param("from", Ty::Email, true),
    param("n", Ty::Int, false),
    param("m", Ty::Int, true),
    Param { name: "top", ty: Ty::Int, optional: false, default: Some("5") },
    param("amount", Ty::Decimal, false),
    param("price", Ty::Decimal, true),
    param("s", Ty::Str, false),
    param("note", Ty::Str, true),
    param("site", Ty::Host, false),
    param("via", Ty::Host, true),
    param("u", Ty::Url, false),
    param("back", Ty::Url, true),
    param("p", Ty::Path, false),
    param("dir", Ty::Path, true),
    param("cmd", Ty::Command, false),
    param("q", Ty::Sql, true),
    param("flag", Ty::Bool, false),
    param("dry", Ty::Bool, true),
    param("wait", Ty::Duration, false),
    param("due", Ty::Time, true),
    param("day", Ty::Date, false),
    param("c", Ty::Color, false),
    param("shade", Ty::Color, true),
    param("it", Ty::Item, true),
    param("items", Ty::Items, false),
    param("names", Ty::StrSet, true),
    param("words", Ty::Strs, false),
    param("nums", Ty::Ints, true),
    param("peer", Ty::Ip, true),
    param("j", Ty::Json, true),
];

/// Attributes: root, name, type, optional.
pub const ATTRS: &[(&str, &str, Ty, bool)] = &[
    ("agent", "purpose", Ty::Str, false),
    ("agent", "level", Ty::Int, true),
    ("user", "dept", Ty::Str, false),
    ("user", "clearance", Ty::Int, true),
    ("user", "home", Ty::Host, true),
    ("context", "ticket", Ty::Str, true),
    ("context", "risk", Ty::Decimal, true),
];

/// Fields of the record `item`.
pub const ITEM: &[(&str, Ty, bool)] =
    &[("name", Ty::Str, false), ("price", Ty::Decimal, false), ("at", Ty::Host, true), ("parts", Ty::Strs, false)];

#[allow(missing_docs)]
pub const TIERS: &[&str] = &["low", "mid", "high"];
#[allow(missing_docs)]
pub const ENVS: &[&str] = &["dev", "lab", "prod"];
#[allow(missing_docs)]
pub const ROLES: &[&str] = &["r0", "r1", "r2", "r3"];
#[allow(missing_docs)]
pub const LABELS: &[&str] = &["l0", "l1", "l2"];
#[allow(missing_docs)]
pub const TAGS: &[&str] = &["t0", "t1"];
#[allow(missing_docs)]
pub const ORIGINS: &[&str] = &["o0", "o1", "o2"];
#[allow(missing_docs)]
pub const COLORS: &[&str] = &["red", "green", "blue"];

/// The declarations that every generated policy starts with.
pub const VOCABULARY: &[&str] = &[
    "environments dev, lab, prod",
    "roles r0, r1, r2 includes (r0), r3 includes (r1, r2)",
    "labels l0, l1, l2",
    "tags t0, t1",
    "origins o0, o1, o2",
    "agent { purpose: string, level?: int }",
    "user { dept: string, clearance?: int, home?: host }",
    "context { ticket?: string, risk?: decimal }",
    "enum color { red, green, blue }",
    "record item { name: string, price: decimal, at?: host, parts: list<string> }",
    "constraints { timeout: duration = min, hosts: set<host> = intersect, redact: set<string> = union }",
    "approval a0 { by 1 of r0 expires 15m }",
    "approval a1 { by 2 of r1, r2 by 1 of r1 expires 30m }",
    "approval a2 { by user expires 1h reuse 10m note required }",
    "let words: set<string> = [\"a\", \"b\", \"x y\"]",
    "let domains: set<host> = [\"acme.com\", \"acme.io\"]",
    "let few: list<int> = [0, 1, 3]",
    "let sites: set<host> = [\"acme.com\", \"10.0.0.1\", \"a.io\", \"b.io\", \"c.io\", \"d.io\", \"e.io\", \"f.io\", \"g.io\"]",
    "let folders: set<path> = [\"/srv/app\", \"/a\", \"/b\", \"/c\", \"/d\", \"/e\", \"/f\", \"/g\", \"/h\"]",
    "live blocked: set<string>",
    "live hot: set<host>",
    "extern vet(x: string) -> bool { timeout 1s }",
    "window office { days mon..fri hours 09:00..18:00 zone \"Europe/Berlin\" except 2026-12-25 }",
    "window night { days mon..sun hours 22:00..06:00 zone \"America/New_York\" }",
];

/// Literals of a type, as they are written in a policy.
pub fn literals(ty: Ty) -> &'static [&'static str] {
    match ty {
        Ty::Bool => &["true", "false"],
        Ty::Int => &["0", "1", "3", "5", "100", "(-1)", "9_223_372_036_854_775_807"],
        Ty::Decimal => &["0.5", "1.0", "9.99", "500.00", "(-1.5)", "99_999_999_999_999_999_999_999_999_999_999_999.9"],
        Ty::Str => &["\"a\"", "\"b\"", "\"ab\"", "\"x y\"", "\"ü\"", "\"\"", "r\"c\\d\""],
        Ty::Host => &["\"acme.com\"", "\"mail.acme.com\"", "\"evil.example\"", "\"10.0.0.1\""],
        Ty::Email => &["\"a@acme.com\"", "\"b@mail.acme.com\"", "\"x@evil.example\""],
        Ty::Url => &["\"https://acme.com/a\"", "\"http://evil.example:8080/x?y=1\"", "\"https://10.0.0.1/\""],
        Ty::Ip => &["\"10.0.0.1\"", "\"8.8.8.8\"", "\"::1\""],
        Ty::Path => &["\"/srv/app\"", "\"/srv/app/x\"", "\"/etc/passwd\"", "\"/\""],
        Ty::Duration => &["90s", "15m", "2h30m", "0s"],
        Ty::Time => &["2026-03-02T09:00:00Z", "2026-03-29T02:30:00+01:00"],
        Ty::Date => &["2026-03-02", "2026-12-25"],
        Ty::Color => COLORS,
        Ty::Emails => &["[\"a@acme.com\"]", "[\"a@acme.com\", \"x@evil.example\"]"],
        Ty::Strs => &["[\"a\"]", "[\"a\", \"b\"]"],
        Ty::Ints => &["[1, 2]"],
        _ => &[],
    }
}

/// A value of the type as a host would send it; mostly one that [`literals`] knows too.
pub fn value(rng: &mut Rng, ty: Ty) -> Json {
    let text = |rng: &mut Rng, all: &[&str]| Json::from(*rng.pick(all));
    match ty {
        Ty::Bool => Json::from(rng.chance(50)),
        Ty::Int => rng
            .pick(&[
                json!(0),
                json!(1),
                json!(3),
                json!(5),
                json!(100),
                json!(-1),
                json!(i64::MAX),
                json!(i64::MIN),
                json!(2),
            ])
            .clone(),
        Ty::Decimal => {
            rng.pick(&[json!(0.5), json!(1), json!(9.99), json!(500.0), json!(-1.5), json!(1e30), json!(0)]).clone()
        }
        Ty::Str => text(rng, &["a", "b", "ab", "x y", "ü", "", "c\\d", "zzz"]),
        Ty::Host => text(rng, &["acme.com", "mail.acme.com", "evil.example", "10.0.0.1", "ACME.com.", "acme.io"]),
        Ty::Email => text(rng, &["a@acme.com", "b@mail.acme.com", "x@evil.example", "A@ACME.COM", "c@acme.io"]),
        Ty::Url => text(
            rng,
            &[
                "https://acme.com/a",
                "http://evil.example:8080/x?y=1",
                "https://10.0.0.1/",
                "HTTPS://Mail.acme.com/b/../a",
                "ftp://acme.io/",
            ],
        ),
        Ty::Ip => text(rng, &["10.0.0.1", "8.8.8.8", "::1", "127.0.0.1", "192.168.7.7"]),
        Ty::Path => text(rng, &["/srv/app", "/srv/app/x", "/etc/passwd", "/", "/srv/app/../other", "/srv/application"]),
        Ty::Duration => text(rng, &["90s", "15m", "2h30m", "0s", "7d"]),
        Ty::Time => text(rng, &["2026-03-02T09:00:00Z", "2026-03-29T01:30:00Z", "2026-03-02T10:00:01+01:00"]),
        Ty::Date => text(rng, &["2026-03-02", "2026-12-25", "2024-02-29"]),
        Ty::Color => text(rng, COLORS),
        Ty::Command if rng.chance(15) => json!(["ls", "-l", "a b", "$x"]),
        Ty::Command => text(rng, COMMANDS),
        Ty::Sql => text(
            rng,
            &[
                "select 1",
                "select f(a) from public.a",
                "delete from public.a where b = 1; select 1",
                "drop table t",
                "select * from public.orders",
                "select (",
            ],
        ),
        Ty::Json => {
            rng.pick(&[json!({"k": 3}), json!({"k": "a"}), json!([1, 2]), json!({}), json!({"k": null})]).clone()
        }
        Ty::Item => {
            let mut item = serde_json::Map::new();
            for (name, ty, optional) in ITEM {
                if !optional || rng.chance(60) {
                    item.insert((*name).to_owned(), value(rng, *ty));
                }
            }
            Json::Object(item)
        }
        Ty::Emails | Ty::Strs | Ty::StrSet | Ty::Items | Ty::Ints | Ty::Call | Ty::Calls => {
            let n = *rng.pick(&[0, 1, 1, 2, 3]);
            let element = ty.element().unwrap_or(Ty::Str);
            (0..n).map(|_| value(rng, element)).collect()
        }
    }
}
