//! From a request's bytes to the decision, beside what only reading the bytes takes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use claw_benches::shapes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use crate::measure::{Decide, Seat, contest};
use crate::peers::COLUMNS;
use crate::report::Row;
use crate::workload::{Case, CelRules, Wire, Workload};

/// One row for each size of request.
pub fn rows(quick: bool, turn: Duration) -> Result<Vec<Row>, String> {
    let sizes: &[usize] = if quick { &[500] } else { &[500, 5_000, 50_000] };
    sizes.iter().map(|bytes| row(*bytes, turn)).collect()
}

fn row(bytes: usize, turn: Duration) -> Result<Row, String> {
    let workload = workload(bytes);
    let wires: Vec<Wire> =
        workload.cases.iter().map(|case| Wire { claw: case.claw.clone(), facts: case.facts.to_string() }).collect();
    let expected: Vec<bool> = workload.cases.iter().map(|case| case.allowed).collect();
    // Readers don't decide; they only must be able to read.
    let mut seats = vec![
        Seat::new("serde_json, borrowed", |i| read::<Borrowed<'_>>(&wires[i].claw) && expected[i]),
        Seat::new("serde_json, `Value`", |i| read::<serde_json::Value>(&wires[i].claw) && expected[i]),
        Seat::new("by hand", |i| by_hand(&wires[i].claw)),
    ];
    for column in &COLUMNS {
        let decide = (column.ready)(&workload).and_then(|mut peer| {
            let first = wires.first().and_then(|wire| peer.decide_json(wire));
            first.ok_or("takes requests as values only, and reads no JSON")?;
            let wires = &wires;
            let decide: Decide<'_> = Box::new(move |i| peer.decide_json(&wires[i]) == Some(true));
            Ok(decide)
        });
        seats.push(Seat::or_reason(column.name, decide));
    }
    Ok(Row {
        group: "From JSON to the decision",
        name: "json".to_owned(),
        size: wires.first().map_or(0, |wire| wire.claw.len()),
        about: "the size is the request's in bytes: a mail with a text and a list of attachments".to_owned(),
        cells: contest(seats, &expected, turn)?,
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> bool {
    std::hint::black_box(serde_json::from_str::<T>(text)).is_ok()
}

fn workload(bytes: usize) -> Workload {
    let cases = (0..16).map(|i| case(bytes, i)).collect();
    Workload {
        name: "json",
        size: bytes,
        about: "",
        claw: shapes::MAIL.to_owned(),
        cedar: Ok("permit (principal, action, resource) when { context.roles.contains(\"agent\") };\n\
            forbid (principal, action, resource) when { !(context.domain == \"acme.com\" || context.domain like \"*.acme.com\") };\n\
            forbid (principal, action, resource) when { context.subject like \"*password*\" };\n"
            .to_owned()),
        rego: Ok("package bench\nimport rego.v1\ndefault allow := false\nallow if {\n  \"agent\" in input.roles\n  ours\n  not secret\n}\n\
            ours if input.domain == \"acme.com\"\nours if endswith(input.domain, \".acme.com\")\n\
            secret if contains(input.subject, \"password\")\n"
            .to_owned()),
        cel: Ok(CelRules {
            permit: vec!["'agent' in roles".to_owned()],
            forbid: vec![
                "!(domain == 'acme.com' || domain.endsWith('.acme.com'))".to_owned(),
                "subject.contains('password')".to_owned(),
            ],
        }),
        casbin: Err("takes requests as values only, and reads no JSON"),
        by_hand: Box::new(|_| false),
        cases,
    }
}

fn case(bytes: usize, i: usize) -> Case {
    let args = shapes::mail(bytes, i);
    let domain = args["to"].as_str().and_then(|to| to.split_once('@')).map_or("", |(_, domain)| domain).to_owned();
    let allowed = domain == "mail.acme.com";
    let mut facts = json!({ "roles": ["agent"], "tool": "send", "domain": domain });
    for (name, value) in args.as_object().into_iter().flatten() {
        facts[name] = value.clone();
    }
    Case { claw: shapes::request("send", args).to_string(), facts, allowed }
}

/// What a hand-written gateway reads of a request: all of it, in the types it must have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Call<'a> {
    #[serde(borrow)]
    call_id: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    environment: Cow<'a, str>,
    #[serde(borrow)]
    agent: Agent<'a>,
    #[serde(borrow)]
    tool: Cow<'a, str>,
    #[serde(borrow)]
    args: Mail<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Agent<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    roles: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Mail<'a> {
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(borrow)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Part<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    size: i64,
}

fn by_hand(text: &str) -> bool {
    let Ok(call) = serde_json::from_str::<Call<'_>>(text) else { return false };
    let Some((_, domain)) = call.args.to.rsplit_once('@') else { return false };
    let ours = domain.strip_suffix("acme.com").is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let granted = call.tool == "send" && call.environment == "prod" && call.agent.roles.iter().any(|r| r == "agent");
    granted && ours && !call.args.subject.contains("password")
}

/// Any JSON, with texts borrowed from it where they have no escapes.
#[allow(dead_code)]
enum Borrowed<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Borrowed<'a>>),
    Object(Vec<(Borrowed<'a>, Borrowed<'a>)>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Borrowed<'a>, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Borrowed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Borrowed<'de>, E> {
                Ok(i64::try_from(value).map_or(Borrowed::Float(value as f64), Borrowed::Integer))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Float(value))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Borrowed<'de>, E> {
                Ok(Borrowed::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Borrowed<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Borrowed::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Borrowed<'de>, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Borrowed::Object(object))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
