//! The types of the small world, and the few values of each: those that conditions name, and their near misses.

use serde_json::{Value as Json, json};

use crate::generate::Rng;

/// A type of the small world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    Int,
    Decimal,
    Str,
    Email,
    Host,
    Url,
    Path,
    Ip,
    Color,
    Date,
    Time,
    Duration,
    Command,
    Item,
    Emails,
    Strs,
    StrSet,
    Ints,
    Paths,
    Items,
}

impl Kind {
    /// As it is written in a declaration.
    pub fn text(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Decimal => "decimal",
            Kind::Str => "string",
            Kind::Email => "email",
            Kind::Host => "host",
            Kind::Url => "url",
            Kind::Path => "path",
            Kind::Ip => "ip",
            Kind::Color => "color",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Duration => "duration",
            Kind::Command => "command(bash)",
            Kind::Item => "item",
            Kind::Emails => "list<email>",
            Kind::Strs => "list<string>",
            Kind::StrSet => "set<string>",
            Kind::Ints => "list<int>",
            Kind::Paths => "list<path>",
            Kind::Items => "list<item>",
        }
    }

    /// What its elements are.
    pub fn element(self) -> Option<Kind> {
        match self {
            Kind::Emails => Some(Kind::Email),
            Kind::Strs | Kind::StrSet => Some(Kind::Str),
            Kind::Ints => Some(Kind::Int),
            Kind::Paths => Some(Kind::Path),
            Kind::Items => Some(Kind::Item),
            _ => None,
        }
    }

    /// The list of it, if there is one.
    pub fn list(self) -> Option<Kind> {
        match self {
            Kind::Email => Some(Kind::Emails),
            Kind::Str => Some(Kind::Strs),
            Kind::Int => Some(Kind::Ints),
            Kind::Path => Some(Kind::Paths),
            Kind::Item => Some(Kind::Items),
            _ => None,
        }
    }

    /// Constants as conditions write them.
    pub fn literals(self) -> &'static [&'static str] {
        match self {
            Kind::Int => &["0", "1", "2", "3"],
            Kind::Decimal => &["0.50", "1.00", "1.50", "(-0.01)", "1"],
            Kind::Str => &["\"a\"", "\"b\"", "\"ab\"", "\"\""],
            Kind::Email => &["\"a@acme.com\"", "\"b@x.acme.com\"", "\"a@evil.example\""],
            Kind::Host => &["\"acme.com\"", "\"x.acme.com\"", "\"evil.example\"", "\"10.0.0.1\""],
            Kind::Url => &["\"https://acme.com/a\"", "\"http://x.acme.com/\""],
            Kind::Path => &["\"/srv\"", "\"/srv/a\"", "\"/etc/b\""],
            Kind::Ip => &["\"10.0.0.1\"", "\"8.8.8.8\""],
            Kind::Color => &["red", "green", "blue"],
            Kind::Date => &["2026-03-02", "2026-12-25"],
            Kind::Time => &["2026-03-02T09:00:00Z", "2026-03-02T18:00:00+01:00"],
            Kind::Duration => &["90s", "15m"],
            _ => &[],
        }
    }
}

/// A value with what the host found out about it: `(pointer below it, where the path there leads)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// In wire form.
    pub json: Json,
    /// Resolved paths, each with its pointer below the value.
    pub resolved: Vec<(String, String)>,
}

impl Given {
    fn plain(json: Json) -> Given {
        Given { json, resolved: Vec::new() }
    }
}

/// Up to `most` values of a kind, near the constants that conditions name.
pub fn values(rng: &mut Rng, kind: Kind, most: usize) -> Vec<Given> {
    let mut all = match kind.element() {
        Some(element) => lists(rng, kind, element),
        None => scalars(rng, kind),
    };
    rng.shuffle(&mut all);
    all.truncate(most);
    all
}

fn scalars(rng: &mut Rng, kind: Kind) -> Vec<Given> {
    let texts = |all: &[&str]| all.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let found = match kind {
        Kind::Bool => vec![json!(true), json!(false)],
        Kind::Int => {
            vec![json!(-1), json!(0), json!(1), json!(2), json!(3), json!(4), json!(i64::MAX), json!(i64::MIN)]
        }
        Kind::Decimal => {
            ["-0.01", "-1", "0", "0.5", "0.51", "1", "1.2", "1.5", "1.49", "99"].iter().map(|n| number(n)).collect()
        }
        Kind::Str => strings(),
        Kind::Email => texts(&[
            "a@acme.com",
            "b@x.acme.com",
            "a@evil.example",
            "B@ACME.com",
            "c@notacme.com",
            "ab@y.acme.com",
            "aa@acme.io",
            "b@com",
            "a.b@x.acme.com",
            "c@y.x.acme.com",
            "b@acme.com",
            "a@x.acme.com",
        ]),
        Kind::Host => texts(&[
            "acme.com",
            "x.acme.com",
            "evil.example",
            "10.0.0.1",
            "notacme.com",
            "y.x.acme.com",
            "com",
            "acme.io",
            "ACME.com.",
            "::1",
            "b.acme.com",
            "10.0.0.2",
        ]),
        Kind::Url => texts(&[
            "https://acme.com/a",
            "http://x.acme.com/",
            "http://evil.example:8080/b",
            "https://10.0.0.1/a/b",
            "ftp://acme.com/ab?q=a",
            "https://acme.com/a?a",
            "https://acme.com/a/../b",
            "https://acme.com",
            "http://y.x.acme.com/a",
            "https://x.acme.com:8443/a",
            "https://acme.com/%61",
        ]),
        Kind::Path => return paths(),
        Kind::Ip => texts(&[
            "10.0.0.1",
            "8.8.8.8",
            "127.0.0.1",
            "10.255.0.1",
            "::1",
            "11.0.0.0",
            "172.16.0.1",
            "100.64.0.1",
            "169.254.0.1",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "0.0.0.0",
            "2001:db8::1",
            "9.255.255.255",
            "10.0.0.2",
        ]),
        Kind::Color => texts(&["red", "green", "blue"]),
        Kind::Date => texts(&["2026-03-01", "2026-03-02", "2026-03-03", "2026-12-25", "2027-01-01"]),
        Kind::Time => texts(&[
            "2026-03-02T09:00:00Z",
            "2026-03-02T08:59:59Z",
            "2026-03-02T17:00:00Z",
            "2026-03-02T17:00:01Z",
            "2026-03-07T12:00:00Z",
            "2026-03-03T08:00:00Z",
            "2026-03-02T08:00:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-02T16:59:59.999Z",
            "1970-01-01T00:00:00Z",
            "2026-10-25T21:00:00Z",
        ]),
        Kind::Duration => texts(&["90s", "89s", "15m", "16m", "0s"]),
        Kind::Command => texts(&["ls", "rm -rf a", "ls | sh", "$x", "ls; rm a", "cat a > b", ""]),
        Kind::Item => return (0..10).map(|_| item(rng)).collect(),
        _ => Vec::new(),
    };
    found.into_iter().map(Given::plain).collect()
}

/// All texts of up to three letters, and some that patterns may treat in a way of their own.
fn strings() -> Vec<Json> {
    let mut all = vec![String::new()];
    for _ in 0..3 {
        let longer = |text: &String| ["a", "b", "c"].map(|letter| format!("{text}{letter}"));
        all.extend(all.clone().iter().flat_map(longer));
    }
    all.sort_unstable();
    all.dedup();
    let odd = [
        "A", "AB", "ü", "\n", "a\n", "\na", "a b", " ", "1", "a1", "12", "*", "a*", "?", "é", "e\u{301}", "ß", "K",
        "\u{212a}", "/a", "aaaa",
    ];
    all.iter().map(String::as_str).chain(odd).map(|text| json!(text)).collect()
}

fn number(text: &str) -> Json {
    serde_json::from_str(text).expect("a number")
}

/// Paths that lead where they say, elsewhere, or nobody knows where.
fn paths() -> Vec<Given> {
    let names = ["/srv", "/srv/a", "/srv/a/b", "/etc/b", "/srvx", "/srv/a/../b", "/", "/srv/ab.a"];
    let mut out = Vec::new();
    for name in names {
        let lexical = if name == "/srv/a/../b" { "/srv/b" } else { name };
        for target in [None, Some(lexical), Some("/etc/b"), Some("/srv/a")] {
            let resolved = target.map(|to| (String::new(), to.to_owned())).into_iter().collect();
            let given = Given { json: json!(name), resolved };
            if !out.contains(&given) {
                out.push(given);
            }
        }
    }
    out
}

fn item(rng: &mut Rng) -> Given {
    let mut out = json!({ "k": rng.pick(&[0, 1, 2, 3]) });
    if rng.chance(60) {
        out["at"] = json!(rng.pick(&["acme.com", "x.acme.com", "evil.example"]));
    }
    out["xs"] = (0..rng.below(3)).map(|_| json!(rng.pick(&["a", "b", "ab", ""]))).collect();
    if rng.chance(50) {
        out["sub"] = json!({ "f": rng.chance(50), "z": rng.pick(&["a", "b"]) });
        if rng.chance(50) {
            out["sub"]["o"] = json!(rng.below(3));
        }
    }
    Given::plain(out)
}

fn lists(rng: &mut Rng, kind: Kind, element: Kind) -> Vec<Given> {
    let few = values(rng, element, 5);
    let mut all: Vec<Vec<&Given>> = vec![Vec::new()];
    all.extend(few.iter().map(|a| vec![a]));
    for a in &few {
        all.extend(few.iter().map(|b| vec![a, b]));
    }
    all.extend((0..6).map(|_| (0..3).map(|_| rng.pick(&few)).collect()));
    let join = |items: Vec<&Given>| {
        let mut out = Given::plain(Json::Array(items.iter().map(|given| given.json.clone()).collect()));
        for (i, item) in items.iter().enumerate() {
            out.resolved.extend(item.resolved.iter().map(|(at, to)| (format!("/{i}{at}"), to.clone())));
        }
        out
    };
    let unique =
        |items: &Vec<&Given>| kind != Kind::StrSet || items.iter().enumerate().all(|(i, a)| !items[..i].contains(a));
    all.into_iter().filter(unique).map(join).collect()
}
