//! Random requests for a generated policy: mostly well-formed, with facts missing here and there.

use serde_json::{Map, Value as Json, json};

use super::policy::{PolicyText, ToolSig};
use super::rng::Rng;
use super::universe::{ENVS, LABELS, ORIGINS, ROLES, Ty, value};

/// The clock of generated sessions starts here: a Monday morning.
const START: i64 = 1_772_442_000;

/// What stays the same over the requests of one session.
#[derive(Clone, Debug)]
pub struct Session {
    clock: i64,
    calls: usize,
    /// Of at most this many calls is `call_id` repeated.
    past: Vec<Json>,
}

impl Default for Session {
    fn default() -> Session {
        Session { clock: START, calls: 0, past: Vec::new() }
    }
}

/// The next request of a session.
pub fn request(rng: &mut Rng, policy: &PolicyText, session: &mut Session) -> Json {
    if !session.past.is_empty() && rng.chance(4) {
        return rng.pick(&session.past).clone();
    }
    session.calls += 1;
    session.clock += *rng.pick(&[0, 1, 1, 7, 20, 61, 700, 3600, -1, -5]);
    let tool = rng.pick(&policy.tools).clone();
    let mut top = Map::new();
    top.insert("call_id".to_owned(), json!(format!("c-{}", session.calls)));
    if !rng.chance(4) {
        top.insert("time".to_owned(), json!(rfc3339(session.clock)));
    }
    if !rng.chance(15) {
        top.insert("tenant".to_owned(), json!(rng.pick(&["acme", "other"])));
    }
    if !rng.chance(8) {
        top.insert("session".to_owned(), json!(rng.pick(&["s1", "s1", "s2"])));
        if rng.chance(15) {
            top.insert("parent_session".to_owned(), json!("s1"));
        }
    }
    top.insert("environment".to_owned(), json!(rng.pick(ENVS)));
    top.insert("agent".to_owned(), agent(rng));
    if !rng.chance(12) {
        top.insert("user".to_owned(), user(rng));
    }
    top.insert("tool".to_owned(), tool_ref(rng, &tool));
    top.insert("args".to_owned(), args(rng, &tool));
    facts(rng, &tool, &mut top);
    let mut request = Json::Object(top);
    // Which of several faults is named is nobody's promise, so there is one at most.
    if tool.pinned.is_none() && rng.chance(5) {
        spoil(rng, &mut request);
    }
    if session.past.len() < 20 {
        session.past.push(request.clone());
    }
    request
}

fn roles(rng: &mut Rng) -> Json {
    let percent = *rng.pick(&[40, 70, 90]);
    json!(rng.some(ROLES, percent))
}

fn agent(rng: &mut Rng) -> Json {
    let mut agent =
        json!({ "id": rng.pick(&["bot-1", "bot-2", "a"]), "roles": roles(rng), "purpose": value(rng, Ty::Str) });
    if rng.chance(60) {
        agent["level"] = value(rng, Ty::Int);
    }
    if rng.chance(40) {
        agent["owner"] = json!(rng.pick(&["u-1", "u-9", "a"]));
    }
    if rng.chance(30) {
        let n = rng.between(0, 2);
        let chain = |rng: &mut Rng| json!({ "id": "planner", "roles": roles(rng), "owner": "u-5" });
        agent["chain"] = (0..n).map(|_| chain(rng)).collect();
    }
    if rng.chance(5) {
        agent["undeclared"] = json!(1);
    }
    agent
}

fn user(rng: &mut Rng) -> Json {
    let mut user = json!({ "id": rng.pick(&["u-1", "u-2", "b"]), "roles": roles(rng), "dept": value(rng, Ty::Str) });
    if rng.chance(60) {
        user["clearance"] = value(rng, Ty::Int);
    }
    if rng.chance(50) {
        user["home"] = value(rng, Ty::Host);
    }
    user
}

fn tool_ref(rng: &mut Rng, tool: &ToolSig) -> Json {
    let mut object = json!({ "name": tool.name });
    if let Some(server) = &tool.server {
        object["server"] = json!(server);
    }
    if let Some(pinned) = &tool.pinned
        && rng.chance(85)
    {
        object["digest"] = json!(pinned);
    }
    if tool.server.is_none() && tool.pinned.is_none() && rng.chance(70) { json!(tool.name) } else { object }
}

fn args(rng: &mut Rng, tool: &ToolSig) -> Json {
    let mut args = Map::new();
    for p in &tool.params {
        let present = if p.optional || p.default.is_some() { rng.chance(60) } else { true };
        if present {
            let v = value(rng, p.ty);
            args.insert(p.name.to_owned(), v);
        } else if p.optional && rng.chance(20) {
            args.insert(p.name.to_owned(), Json::Null);
        }
    }
    Json::Object(args)
}

/// The facts that the host adds.
fn facts(rng: &mut Rng, tool: &ToolSig, top: &mut Map<String, Json>) {
    if !rng.chance(25) {
        let mut context = Map::new();
        if rng.chance(60) {
            let v = value(rng, Ty::Str);
            context.insert("ticket".to_owned(), v);
        }
        if rng.chance(60) {
            let v = value(rng, Ty::Decimal);
            context.insert("risk".to_owned(), v);
        }
        top.insert("context".to_owned(), Json::Object(context));
    }
    if rng.chance(30) {
        top.insert("labels".to_owned(), json!(rng.some(LABELS, 40)));
    }
    if rng.chance(60) {
        let mut live = Map::new();
        if rng.chance(80) {
            let v = value(rng, Ty::StrSet);
            live.insert("blocked".to_owned(), v);
        }
        if rng.chance(50) {
            live.insert("hot".to_owned(), json!(["acme.com"]));
        }
        top.insert("live".to_owned(), Json::Object(live));
    }
    if rng.chance(50) {
        let mut origins = Map::new();
        if rng.chance(30) {
            origins.insert("/args".to_owned(), json!(rng.some(ORIGINS, 40)));
        }
        for p in &tool.params {
            if rng.chance(40) {
                origins.insert(format!("/args/{}", p.name), json!(rng.some(ORIGINS, 50)));
            }
            if p.ty == Ty::Emails && rng.chance(40) {
                origins.insert(format!("/args/{}/0", p.name), json!([rng.pick(ORIGINS)]));
            }
        }
        top.insert("origins".to_owned(), Json::Object(origins));
    }
    let mut resolved = Map::new();
    for p in &tool.params {
        if p.ty == Ty::Path && top["args"].get(p.name).is_some_and(Json::is_string) && rng.chance(60) {
            let v = value(rng, Ty::Path);
            resolved.insert(format!("/args/{}", p.name), v);
        }
    }
    if !resolved.is_empty() {
        top.insert("resolved".to_owned(), Json::Object(resolved));
    }
}

/// The request again, with evidence for what was asked; not always enough, or good.
pub fn with_evidence(rng: &mut Rng, session: &mut Session, request: &Json, asked_for: &Json) -> Json {
    let mut request = request.clone();
    let asked = session.clock - *rng.pick(&[0, 1, 30, 30, 30, 600, 2000]);
    let mut pieces = Vec::new();
    for approval in asked_for["approvals"].as_array().into_iter().flatten() {
        if rng.chance(5) {
            continue;
        }
        let mut clauses = approval["required_by"].clone();
        if rng.chance(5) {
            clauses.as_array_mut().map(Vec::pop);
        }
        let mut piece = json!({
            "approval": approval["id"], "approval_digest": approval["digest"], "request_digest": asked_for["request_digest"],
            "clauses": clauses, "asked_at": rfc3339(asked),
        });
        if rng.chance(4) {
            piece["request_digest"] = json!(format!("sha256:{}", "cd".repeat(32)));
        }
        let people = rng.few(&["p-1", "p-2", "u-1", "u-2", "b", "u-9", "bot-1"], 1, 5);
        piece["votes"] = people.into_iter().map(|person| vote(rng, person, asked)).collect();
        pieces.push(piece);
    }
    session.calls += 1;
    request["call_id"] = json!(format!("c-{}", session.calls));
    request["approvals"] = Json::Array(pieces);
    request
}

/// The same request under another call id, as by a host that uses evidence twice.
pub fn again(session: &mut Session, request: &Json) -> Json {
    let mut request = request.clone();
    session.calls += 1;
    request["call_id"] = json!(format!("c-{}", session.calls));
    request
}

fn vote(rng: &mut Rng, person: &str, asked: i64) -> Json {
    let roles = if rng.chance(70) { json!(["r3"]) } else { roles(rng) };
    let mut vote = json!({
        "person": person, "roles": roles, "at": rfc3339(asked + *rng.pick(&[0, 5, 5, -5])),
        "verdict": if rng.chance(4) { "refuse" } else { "grant" },
    });
    if !rng.chance(15) {
        vote["note"] = json!("looks right");
    }
    vote
}

/// Makes a request ill-formed in one way, or asks for something that nobody declared.
fn spoil(rng: &mut Rng, request: &mut Json) {
    match rng.below(11) {
        0 => request["environment"] = json!("production"),
        1 => request["tool"] = json!("tool_99"),
        2 => request["args"]["surplus"] = json!(1),
        3 => {
            if let Some(args) = request["args"].as_object_mut() {
                let keys: Vec<String> = args.keys().cloned().collect();
                if let Some(key) = keys.first() {
                    args.remove(key);
                }
            }
        }
        4 => {
            if let Some(args) = request["args"].as_object_mut() {
                for v in args.values_mut().take(1) {
                    *v = json!({ "no": ["type", "is", "like", "this"] });
                }
            }
        }
        5 => request["agent"]["roles"] = json!(["r9"]),
        6 => request["lables"] = json!(["l0"]),
        7 => request["labels"] = json!(["l9"]),
        8 => request["agent"]["purpose"] = json!(7),
        9 => {
            if let Some(user) = request.get_mut("user").and_then(Json::as_object_mut) {
                user.remove("dept");
            }
        }
        _ => request["time"] = json!("yesterday"),
    }
}

/// Seconds since 1970 as RFC 3339 in UTC. Days are counted as in the proleptic Gregorian calendar.
fn rfc3339(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970;
    let mut day = days;
    let leap = |y: i64| (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", month + 1, day + 1, rest / 3600, rest / 60 % 60, rest % 60)
}
