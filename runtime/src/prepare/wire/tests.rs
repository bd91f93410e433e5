//! The quick way against the careful one, on requests that are right, nearly right, and odd.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::bundle::{Bundle, LiveDef, RoleDef};
use crate::{EnumDef, EnumId, RecordDef, RecordId, RequestInput, Schema, ShellDialect, SqlDialect, Type, parse_text};
use proptest::prelude::*;

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.to_owned(), ty, optional: false, default: None, doc: String::new() }
}

fn optional(name: &str, ty: Type) -> Field {
    Field { optional: true, ..field(name, ty) }
}

fn defaulted(name: &str, ty: Type, default: Value) -> Field {
    Field { default: Some(default), ..field(name, ty) }
}

fn tool(name: &str, params: Vec<Field>) -> ToolDef {
    ToolDef {
        name: name.to_owned(),
        kind: ToolKind::Tool,
        wire: name.to_owned(),
        server: None,
        params,
        tags: Vec::new(),
        pinned: None,
        instances: Default::default(),
        roots: None,
        limits: Vec::new(),
        memo: 0,
        priors: Vec::new(),
        answers: Vec::new(),
    }
}

const PINNED: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn types() -> Vec<Type> {
    let mut types = vec![Type::Bool, Type::Int, Type::Decimal, Type::Str, Type::Duration, Type::Time, Type::Date];
    types.extend([Type::Bytes, Type::Secret, Type::Json, Type::Email, Type::Host, Type::Url, Type::Ip, Type::Path]);
    types.extend([Type::RemotePath, Type::Command(ShellDialect::Bash), Type::Sql(SqlDialect::Ansi)]);
    types.extend([Type::Enum(EnumId(0)), Type::Record(RecordId(0)), Type::list(Type::Str), Type::set(Type::Email)]);
    types.extend([Type::list(Type::Record(RecordId(0))), Type::list(Type::list(Type::Int)), Type::list(Type::Url)]);
    types
}

/// A tool for every type, and one with a bit of everything.
fn policy() -> Policy {
    let mut tools: Vec<ToolDef> =
        types().into_iter().enumerate().map(|(i, ty)| tool(&format!("t{i}"), vec![field("x", ty)])).collect();
    let home = parse_text("/home", &Type::Path).unwrap();
    let many = vec![
        field("to", Type::list(Type::Email)),
        optional("body", Type::Str),
        defaulted("count", Type::Int, Value::Int(1)),
        defaulted("home", Type::Path, home),
        optional("more", Type::Json),
    ];
    tools.push(tool("many", many));
    tools.push(ToolDef { server: Some("s".to_owned()), pinned: PINNED.parse().ok(), ..tool("pinned", Vec::new()) });
    tools.push(ToolDef { kind: ToolKind::Prompt, ..tool("prompt", Vec::new()) });
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let role = |name: &str, closure: &[u32]| RoleDef { name: name.to_owned(), closure: closure.to_vec() };
    Policy::from_bundle(Bundle {
        package: "p".to_owned(),
        environments: names(&["dev", "prod"]),
        roles: vec![role("support", &[0]), role("admin", &[0, 1])],
        labels: names(&["untrusted", "secret"]),
        origins: names(&["web", "user"]),
        schema: Schema {
            enums: vec![EnumDef { name: "colour".to_owned(), variants: names(&["red", "blue"]) }],
            records: vec![RecordDef {
                name: "file".to_owned(),
                fields: vec![field("path", Type::Path), optional("mode", Type::Int)],
            }],
        },
        // An attribute that is called like a member of the host's.
        agent: vec![field("purpose", Type::Str), optional("owner", Type::Str)],
        user: vec![optional("mail", Type::Email)],
        context: vec![optional("ticket", Type::Str), optional("dir", Type::Path)],
        lives: vec![LiveDef { name: "a/b".to_owned(), ty: Type::list(Type::Str) }],
        tools,
        ..Bundle::default()
    })
    .unwrap()
}

/// Random choices, all from one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// A document in the making.
#[derive(Clone)]
enum Doc {
    Raw(String),
    Arr(Vec<Doc>),
    Obj(Vec<(String, Doc)>),
}

fn text(text: &str) -> Doc {
    Doc::Raw(format!("{text:?}"))
}

fn obj<const N: usize>(members: [(&str, Doc); N]) -> Doc {
    Doc::Obj(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "1.0",
    "1e2",
    "1E+2",
    "-1.50",
    "12345678901234567890",
    "0.1e-3",
    "1e60",
    "9223372036854775807",
    "\"\"",
    "[]",
    "{}",
    "[1,\"a\"]",
    "{\"a\":{\"b\":[1]}}",
    "\"x\"",
    "\"\\u00e9\\n\\ud83d\\ude00\"",
    "\"/a/../b\"",
    "\"a@B.c\"",
    "\"ä@b.c\"",
    "\"http://a.b/./c\"",
    "\"https://acme.com/x?y=1\"",
    "\"https://u@a.b/\"",
    "\"ACME.com.\"",
    "\"xn--a.b\"",
    "\"1.2.3\"",
    "\"/\\u0000\"",
    "01",
    "\"\\x\"",
];

/// A value of a type, as it may be written.
fn value(dice: &mut Dice, ty: &Type) -> Doc {
    let few = |dice: &mut Dice, element: &Type| (0..dice.roll(4)).map(|_| value(dice, element)).collect();
    Doc::Raw(
        dice.pick(match ty {
            Type::Bool => &["true", "false"],
            Type::Int => &["0", "-0", "7", "1.0", "1e2", "-12", "9223372036854775807", "10e-1"],
            Type::Decimal => &["0", "1.50", "-0.0", "12.5e1", "1e-3", "99999999999999999999", "-7"],
            Type::Duration => &["\"90s\"", "\"2h30m\"", "\"-1s\""],
            Type::Time => &["\"2026-03-02T10:00:00Z\"", "\"2026-03-02T10:00:00.5+01:00\""],
            Type::Date => &["\"2026-03-02\""],
            Type::Bytes => &["\"\"", "\"Zm9v\""],
            Type::Email => &["\"a@b.c\"", "\"Eva@ACME.com\"", "\"a@b\\u00fccher.de\""],
            Type::Host => &["\"acme.com\"", "\"ACME.com.\"", "\"10.0.0.1\"", "\"::1\"", "\"0x7f.1\""],
            Type::Url => {
                &["\"https://acme.com/x?y=1\"", "\"https://acme.com\"", "\"http://A.b:80/../c\"", "\"mailto:a@b.c\""]
            }
            Type::Ip => &["\"10.0.0.1\"", "\"::ffff:10.0.0.1\""],
            Type::Path | Type::RemotePath => &["\"/\"", "\"/a/b.c\"", "\"/a//../b/\"", "\"/\\u00e9\"", "\"/.x\""],
            Type::Command(_) => &["\"ls -l\"", "[\"ls\",\"a b\"]", "[]", "\"\\u0041\""],
            Type::Enum(_) => &["\"red\"", "\"blu\\u0065\""],
            Type::Json => return Doc::Raw(dice.pick(&ODD[..ODD.len() - 2]).to_owned()),
            Type::List(element) | Type::Set(element) => return Doc::Arr(few(dice, element)),
            Type::Record(_) => {
                let path = value(dice, &Type::Path);
                return match dice.roll(3) {
                    0 => obj([("path", path)]),
                    1 => obj([("mode", Doc::Raw("null".to_owned())), ("path", path)]),
                    _ => obj([("path", path), ("mode", value(dice, &Type::Int))]),
                };
            }
            _ => &[
                "\"\"",
                "\"hi\"",
                "\"\\\"\\\\\\u00e4\\n\"",
                "\"ä€😀\"",
                "\"exactly forty characters, and some more than that\"",
            ],
        })
        .to_owned(),
    )
}

fn roles(dice: &mut Dice) -> Doc {
    Doc::Arr((0..dice.roll(3)).map(|_| text(dice.pick(&["support", "admin"]))).collect())
}

/// A request of one of the tools, most of them right.
fn request(dice: &mut Dice, policy: &Policy) -> Doc {
    let def = &policy.bundle.tools
        [dice.roll(policy.bundle.tools.len() + 20).min(policy.bundle.tools.len() - 1 - dice.roll(3))];
    let mut args = Vec::new();
    for param in &def.params {
        match dice.roll(6) {
            0 if param.optional || param.default.is_some() => {}
            1 if param.optional => args.push((param.name.clone(), Doc::Raw("null".to_owned()))),
            _ => args.push((param.name.clone(), value(dice, &param.ty))),
        }
    }
    let mut agent = vec![("id".to_owned(), text("bot-7")), ("purpose".to_owned(), text("support"))];
    if dice.roll(2) == 0 {
        agent.extend([
            ("roles".to_owned(), roles(dice)),
            ("owner".to_owned(), Doc::Raw(dice.pick(&["null", "\"eva\"", "\"\\u0065\""]).to_owned())),
        ]);
    }
    if dice.roll(3) == 0 {
        let link = |dice: &mut Dice| {
            obj([
                ("id", text("planner")),
                ("roles", roles(dice)),
                ("owner", text("bob")),
                ("x", Doc::Raw("1".to_owned())),
            ])
        };
        agent.push(("chain".to_owned(), Doc::Arr((0..dice.roll(3)).map(|_| link(dice)).collect())));
    }
    let mut members =
        vec![("environment".to_owned(), text(dice.pick(&["dev", "prod"]))), ("agent".to_owned(), Doc::Obj(agent))];
    let digest = text(PINNED);
    members.push((
        "tool".to_owned(),
        match (def.name.as_str(), dice.roll(2)) {
            ("pinned", _) => obj([("name", text("pinned")), ("server", text("s")), ("digest", digest)]),
            (name, 0) => text(name),
            (name, _) => obj([("name", text(name)), ("server", Doc::Raw("null".to_owned())), ("digest", digest)]),
        },
    ));
    if def.kind == ToolKind::Prompt {
        members.push(("kind".to_owned(), text("prompt")));
    }
    if !args.is_empty() || dice.roll(2) == 0 {
        members.push(("args".to_owned(), Doc::Obj(args)));
    }
    let mut user = vec![("id".to_owned(), text("u-1"))];
    if dice.roll(2) == 0 {
        user.extend([
            ("roles".to_owned(), roles(dice)),
            ("mail".to_owned(), value(dice, &Type::Email)),
            ("z".to_owned(), text("z")),
        ]);
    }
    let vote = obj([("person", text("boss")), ("verdict", text("grant")), ("at", text("2026-03-02T09:00:00Z"))]);
    let approval = obj([
        ("approval", text("p.boss")),
        ("approval_digest", text(PINNED)),
        ("request_digest", text(PINNED)),
        ("asked_at", text("2026-03-02T09:00:00Z")),
        ("votes", Doc::Arr(vec![vote])),
    ]);
    for (key, doc) in [
        ("call_id", text("c-1")),
        ("time", value(dice, &Type::Time)),
        ("tenant", Doc::Raw("\"acm\\u0065\"".to_owned())),
        ("session", text("s-9")),
        ("parent_session", text("s-8")),
        ("user", Doc::Obj(user)),
        ("context", obj([("ticket", text("T")), ("dir", value(dice, &Type::Path)), ("odd", text("?"))])),
        ("labels", Doc::Arr(vec![text("secret")])),
        (
            "origins",
            obj([
                ("/args", Doc::Arr(vec![text("web")])),
                ("/args/to/0", Doc::Arr(vec![text("user")])),
                ("/args/x", Doc::Raw("null".to_owned())),
            ]),
        ),
        (
            "resolved",
            obj([
                ("/args/x", text("/srv//a")),
                ("/args/x/path", text("/srv/b/")),
                ("/args/home", text("/h")),
                ("/args/x/0/path", text("/i")),
                ("/context/dir", text("/d")),
            ]),
        ),
        ("live", obj([("a/b", value(dice, &Type::list(Type::Str))), ("other", Doc::Raw("{}".to_owned()))])),
        ("approvals", Doc::Arr(vec![approval])),
    ] {
        match dice.roll(8) {
            0..3 => members.push((key.to_owned(), doc)),
            3 => members.push((key.to_owned(), Doc::Raw("null".to_owned()))),
            _ => {}
        }
    }
    for i in (1..members.len()).rev() {
        members.swap(i, dice.roll(i + 1));
    }
    Doc::Obj(members)
}

impl Doc {
    /// Changes something somewhere.
    fn spoil(&mut self, dice: &mut Dice) {
        match self {
            Doc::Obj(members) if !members.is_empty() && dice.roll(8) > 0 => {
                let at = dice.roll(members.len());
                match dice.roll(12) {
                    0 => drop(members.remove(at)),
                    1 => members.push(members[at].clone()),
                    2 => members[at].0.push('x'),
                    3 => members.push((
                        dice.pick(&["x", "", "id", "chain", "tool", "args", "server", "ä"]).to_owned(),
                        Doc::Raw(dice.pick(ODD).to_owned()),
                    )),
                    4 => {
                        members[at].0 = format!(
                            "\\u{:04x}{}",
                            members[at].0.chars().next().map_or(0x61, u32::from),
                            members[at].0.get(1..).unwrap_or_default()
                        )
                    }
                    5 => members.extend((0..dice.roll(20)).map(|i| (format!("m{}", i % 15), Doc::Raw("1".to_owned())))),
                    _ => members[at].1.spoil(dice),
                }
            }
            Doc::Arr(items) if !items.is_empty() && dice.roll(4) > 0 => {
                let at = dice.roll(items.len());
                items[at].spoil(dice);
            }
            _ => *self = Doc::Raw(dice.pick(ODD).to_owned()),
        }
    }

    fn write(&self, dice: &mut Dice, out: &mut String) {
        let space = |dice: &mut Dice| dice.pick(&["", "", "", " ", "\n\t", "\r"]);
        let mut list = |open: char, parts: Vec<(Option<&String>, &Doc)>, close: char| {
            out.push(open);
            for (i, (key, part)) in parts.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(space(dice));
                if let Some(key) = key {
                    out.push_str(&format!("\"{key}\"{}:{}", space(dice), space(dice)));
                }
                part.write(dice, out);
                out.push_str(space(dice));
            }
            out.push(close);
        };
        match self {
            Doc::Raw(text) => out.push_str(text),
            Doc::Arr(items) => list('[', items.iter().map(|item| (None, item)).collect(), ']'),
            Doc::Obj(members) => list('{', members.iter().map(|(key, value)| (Some(key), value)).collect(), '}'),
        }
    }
}

/// The quick way, with some arguments read and the others not.
fn quick(policy: &Policy, bytes: &[u8], read: &Bits) -> Option<Request> {
    let tape = Tape::read(bytes, &policy.limits)?;
    let members = Members::of(tape.root()?)?;
    let called = policy.called(&members)?;
    policy.read(&tape, &members, &called, &Reads { args: *read, facts: false })
}

fn careful(policy: &Policy, bytes: &[u8]) -> Result<Request, crate::Invalid> {
    let json = Json::parse_carefully(bytes, &policy.limits)?;
    policy.understand(&RequestInput::from_value(&json)?)
}

/// Everything that can be learnt of a request.
fn all(policy: &Policy, request: &Request) -> String {
    let arg = |i: u32| format!("{:?}", request.arg(policy, i));
    // Asked one by one before they are asked for together.
    let args: Vec<String> = (0..8).map(arg).collect();
    format!(
        "{:?}",
        (
            (
                request.tool,
                request.env,
                request.call_id(),
                request.agents().collect::<Vec<_>>(),
                request.owners().collect::<Vec<_>>()
            ),
            (request.user(), request.scope(), request.time, request.now(), request.depth(), request.facts(policy)),
            (&request.roles, &request.user_roles, &request.agent, &request.user, &request.context),
            (args, request.known_args(policy), request.args_json(policy), request.digest(policy)),
            (&request.labels, &request.live, &request.origins, &request.evidence, &request.resolved),
        )
    )
}

/// Are both ways of the same opinion? Tells whether the request is right, and whether the quick way saw that.
fn compare(policy: &Policy, bytes: &[u8], read: &Bits) -> (bool, bool) {
    let careful = careful(policy, bytes);
    let Some(quick) = quick(policy, bytes, read) else { return (careful.is_ok(), false) };
    match &careful {
        Ok(careful) => {
            assert_eq!(all(policy, &quick), all(policy, careful), "{}", String::from_utf8_lossy(bytes));
            let probe = crate::Probe::of(policy, quick);
            assert!(
                (0..8).all(|i| probe.arg(i) == careful.args.as_ref().and_then(|args| args.get(i as usize)?.as_ref()))
            );
        }
        Err(invalid) => panic!("taken for good: {}\n{invalid}", String::from_utf8_lossy(bytes)),
    }
    (true, true)
}

fn written(dice: &mut Dice, doc: &Doc) -> Vec<u8> {
    let mut out = String::new();
    doc.write(dice, &mut out);
    out.into_bytes()
}

fn reads(dice: &mut Dice) -> Bits {
    (0..8).filter(|_| dice.roll(2) == 0).collect()
}

#[test]
fn requests_that_are_right_are_read_quickly() {
    let policy = policy();
    let mut right = 0;
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let doc = request(&mut dice, &policy);
        let bytes = written(&mut dice, &doc);
        let (careful, quick) = compare(&policy, &bytes, &reads(&mut dice));
        assert_eq!(careful, quick, "{}", String::from_utf8_lossy(&bytes));
        right += usize::from(careful);
    }
    assert!(right > 1_500, "{right}");
}

#[test]
fn limits_hold_on_the_quick_way() {
    let mut policy = policy();
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let doc = request(&mut dice, &policy);
        let bytes = written(&mut dice, &doc);
        let (command, domain) = (dice.roll(8), dice.roll(20));
        policy.limits = match dice.roll(2) {
            0 => crate::Limits { command, domain, ..crate::Limits::default() },
            _ => crate::Limits {
                bytes: 200 + dice.roll(1_000),
                depth: 1 + dice.roll(5),
                string: dice.roll(80),
                elements: dice.roll(9),
                nodes: dice.roll(80),
                number: 1 + dice.roll(30),
                command,
                domain,
            },
        };
        compare(&policy, &bytes, &reads(&mut dice));
    }
}

#[test]
fn what_is_not_read_does_not_show() {
    let policy = policy();
    let json = br#"{"environment":"dev","agent":{"id":"a","purpose":"p"},"tool":"t8","args":{"x":"hunter2"}}"#;
    let request = quick(&policy, json, &Bits::default()).unwrap();
    assert!(request.unread.is_some());
    request.known_args(&policy);
    assert!(!format!("{request:?}").contains("hunter2"));
    let other = Policy::from_bundle(Bundle { package: "q".to_owned(), ..policy.bundle }).unwrap();
    assert_eq!(request.known_args(&other), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn spoilt_requests_fare_alike(seed in any::<u64>()) {
        thread_local!(static POLICY: Policy = policy());
        POLICY.with(|policy| {
            let mut dice = Dice(seed);
            let mut doc = request(&mut dice, policy);
            for _ in 0..=dice.roll(3) {
                doc.spoil(&mut dice);
            }
            let mut bytes = written(&mut dice, &doc);
            if dice.roll(10) == 0 {
                let at = dice.roll(bytes.len());
                bytes[at] = dice.roll(256) as u8;
            }
            compare(policy, &bytes, &reads(&mut dice));
        });
    }
}
