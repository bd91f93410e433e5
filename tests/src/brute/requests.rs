//! Calls of a small policy's tool: all combinations of the few values that matter, or a share of them.

use serde_json::{Map, Value as Json, json};

use super::condition::Place;
use super::domain::{Given, Kind, values};
use super::policy::{ENVS, Small};
use crate::generate::Rng;

/// One way to fill one part of a request: members to set, each with its path.
type Fill = Vec<(Vec<String>, Json)>;

/// The requests to try.
#[derive(Debug)]
pub struct Requests {
    dimensions: Vec<Vec<Fill>>,
    /// How many there are.
    pub total: usize,
}

impl Requests {
    /// The calls of a policy's tool.
    pub fn of(rng: &mut Rng, small: &Small) -> Requests {
        let mut new = Requests { dimensions: Vec::new(), total: 0 };
        let body = small.text.split("tool act(").nth(1).unwrap_or_default();
        let is_read = |param: &Place| body.contains(&param.text) || body.contains("(args)");
        let most = match small.params.iter().filter(|param| is_read(param)).count() {
            1 => 80,
            2 => 16,
            _ => 9,
        };
        for param in &small.params {
            let name = &param.text["args.".len()..];
            let read = is_read(param);
            let most = match param.kind.element() {
                _ if !read => 1,
                Some(_) => most.max(14),
                None => most,
            };
            new.argument(rng, name, param, read, most);
        }
        new.push(ENVS.iter().map(|env| vec![(path(&["environment"]), json!(env))]).collect());
        new.agents(rng, body);
        new.users(rng, body);
        new.context(rng, body);
        new.host(rng, small, body);
        new.total = new.dimensions.iter().map(Vec::len).fold(1, usize::saturating_mul);
        new
    }

    fn push(&mut self, options: Vec<Fill>) {
        if !options.is_empty() {
            self.dimensions.push(options);
        }
    }

    fn argument(&mut self, rng: &mut Rng, name: &str, param: &Place, read: bool, most: usize) {
        let mut options: Vec<Fill> =
            values(rng, param.kind, most).into_iter().map(|given| fill(&["args", name], given)).collect();
        if param.optional && read {
            options.push(Vec::new());
        }
        self.push(options);
    }

    fn agents(&mut self, rng: &mut Rng, body: &str) {
        let roles = [&["r3"][..], &[], &["r0"], &["r1"], &["r2"], &["r0", "r1"]];
        let mut options = Vec::new();
        for roles in roles {
            options.push(vec![(path(&["agent", "roles"]), json!(roles))]);
        }
        for _ in 0..if body.contains("agent.") { 5 } else { 2 } {
            let chain: Vec<Json> =
                (0..rng.between(1, 2)).map(|i| json!({ "id": format!("g{i}"), "roles": rng.pick(&roles) })).collect();
            options.push(vec![
                (path(&["agent", "roles"]), json!(rng.pick(&roles))),
                (path(&["agent", "chain"]), json!(chain)),
            ]);
        }
        self.push(options);
        for (name, all) in [
            ("purpose", json!(["a", "b", "ab", ""])),
            ("level", json!([0, 1, 2, 3, 4, null])),
            ("id", json!(["bot", "a", "b"])),
        ] {
            if body.contains(&format!("agent.{name}")) {
                self.push(members(&["agent", name], &all));
            }
        }
    }

    fn users(&mut self, rng: &mut Rng, body: &str) {
        let read = body.contains("user") || body.contains(" for ");
        if !read {
            return;
        }
        let mut options = vec![Vec::new()];
        let boxes = values(rng, Kind::Item, 4);
        for _ in 0..40 {
            let mut user = json!({ "id": rng.pick(&["u", "a", "b"]), "dept": rng.pick(&["a", "b", "ab"]) });
            if rng.chance(90) {
                user["roles"] = json!(rng.pick(&[&["r0"][..], &[], &["r1"], &["r2"], &["r3"]]));
            }
            if rng.chance(60) {
                user["clearance"] = json!(rng.pick(&[0, 1, 2, 3, 4]));
            }
            if rng.chance(60) {
                user["box"] = rng.pick(&boxes).json.clone();
            }
            options.push(vec![(path(&["user"]), user)]);
        }
        options.truncate(if body.contains("user.") { 16 } else { 8 });
        self.push(options);
    }

    fn context(&mut self, rng: &mut Rng, body: &str) {
        if !body.contains("context.") {
            return;
        }
        let extras = values(rng, Kind::Item, 5);
        let mut options = vec![Vec::new(), vec![(path(&["context"]), json!({}))]];
        for _ in 0..12 {
            let mut context = Map::new();
            if rng.chance(60) {
                context.insert("ticket".to_owned(), json!(rng.pick(&["", "a", "b", "ab"])));
            }
            if rng.chance(60) {
                context.insert("risk".to_owned(), json!(rng.pick(&[-1.0, 0.5, 1.0, 1.5, 2.0])));
            }
            if rng.chance(60) {
                context.insert("extra".to_owned(), rng.pick(&extras).json.clone());
            }
            options.push(vec![(path(&["context"]), Json::Object(context))]);
        }
        self.push(options);
    }

    fn host(&mut self, rng: &mut Rng, small: &Small, body: &str) {
        if body.contains("session") || body.contains(" mark ") || body.contains("prior") {
            self.push(members(&["session"], &json!(["s", "a", null])));
        }
        if body.contains("session.labels") {
            self.push(members(&["labels"], &json!([null, ["l0"], ["l1"], ["l0", "l1"]])));
        }
        if small.layer.is_some() || body.contains("now") || body.contains("limit") || body.contains("prior") {
            let mut times: Vec<Fill> = values(rng, Kind::Time, 6).into_iter().map(|t| fill(&["time"], t)).collect();
            times.push(Vec::new());
            self.push(times);
        }
        if body.contains("tenant") {
            self.push(members(&["tenant"], &json!(["a", "b", null])));
        }
        if body.contains("blocked") {
            self.push(members(&["live"], &json!([null, { "blocked": [] }, { "blocked": ["a"] }])));
        }
    }

    /// The requests: all, or `most` of them at random.
    pub fn list(&self, rng: &mut Rng, most: usize) -> Vec<Json> {
        if self.total <= most {
            return (0..self.total).map(|at| self.nth(at)).collect();
        }
        (0..most).map(|_| self.build(&mut |options| rng.below(options))).collect()
    }

    fn nth(&self, mut at: usize) -> Json {
        self.build(&mut |options| {
            let digit = at % options;
            at /= options;
            digit
        })
    }

    fn build(&self, pick: &mut dyn FnMut(usize) -> usize) -> Json {
        let mut request = json!({
            "call_id": "c", "environment": "dev", "agent": { "id": "bot", "purpose": "a" }, "tool": "act", "args": {},
        });
        for options in &self.dimensions {
            for (path, value) in &options[pick(options.len())] {
                set(&mut request, path, value.clone());
            }
        }
        request
    }
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn members(at: &[&str], all: &Json) -> Vec<Fill> {
    let one = |value: &Json| if value.is_null() { Vec::new() } else { vec![(path(at), value.clone())] };
    all.as_array().into_iter().flatten().map(one).collect()
}

fn fill(at: &[&str], given: Given) -> Fill {
    let pointer = format!("/{}", at.join("/"));
    let resolved =
        given.resolved.into_iter().map(|(below, to)| (path(&["resolved", &format!("{pointer}{below}")]), json!(to)));
    std::iter::once((path(at), given.json)).chain(resolved).collect()
}

fn set(request: &mut Json, path: &[String], value: Json) {
    let Some((last, above)) = path.split_last() else { return };
    let mut at = request;
    for name in above {
        if at.get(name).is_none() {
            at[name.as_str()] = json!({});
        }
        at = &mut at[name.as_str()];
    }
    at[last.as_str()] = value;
}
