//! Small random policies about one tool, with invariants about it.

use super::condition::{Place, Words, condition};
use super::domain::Kind;
use crate::generate::Rng;

/// A policy, and what its conditions may read.
#[derive(Clone, Debug)]
pub struct Small {
    /// The source, and of the module that it uses, if it does.
    pub text: String,
    #[allow(missing_docs)]
    pub layer: Option<&'static str>,
    /// The tool's parameters.
    pub params: Vec<Place>,
    /// Claims of its invariants, in order.
    pub claims: Vec<&'static str>,
    /// Whether what happened before can matter.
    pub past: bool,
}

#[allow(missing_docs)]
pub const ENVS: &[&str] = &["dev", "prod"];
#[allow(missing_docs)]
pub const ROLES: &[&str] = &["r0", "r1", "r2", "r3"];

const HEAD: &str = "package small
environments dev, prod
roles r0, r1, r2 includes (r0), r3 includes (r1, r2)
labels l0, l1
origins o0, o1
agent { purpose: string, level?: int }
user { dept: string, clearance?: int, box?: item }
context { ticket?: string, risk?: decimal, extra?: item }
enum color { red, green, blue }
record part { f: bool, z: string, o?: int }
record item { k: int, at?: host, xs: list<string>, sub?: part }
constraints { timeout: duration = min }
approval a0 { by 1 of r0 expires 15m }
approval a1 { by 2 of r1, r2 expires 30m }
approval a2 { by user expires 1h }
let hosts_of_ours: set<host> = [\"acme.com\", \"acme.io\"]
live blocked: set<string>
window office { days mon..fri hours 09:00..18:00 zone \"Europe/Berlin\" }
window night { days mon..sun hours 22:00..06:00 zone \"America/New_York\" }
predicate large(x: int) = x > 1
tags t0
tool other(s: string, t: string = \"b\") is t0
grant other to r0, r1, r2, r3
";

/// A module with things of the same names, and restrictions of its own.
const LAYER: &str = "package layer
let hosts_of_ours: set<host> = [\"acme.com\"]
window office { days sat, sun hours 09:00..18:00 zone \"UTC\" }
predicate large(x: int) = x > 2
rule weekend { on any when now in office when agent.depth < 2 deny \"no\" }
rule trusted { on any unless any(d in hosts(args): d under hosts_of_ours) mark l1 }
";

/// All parameters that the tool may have.
const PARAMS: &[(&str, Kind, bool)] = &[
    ("n", Kind::Int, false),
    ("m", Kind::Int, true),
    ("amount", Kind::Decimal, false),
    ("s", Kind::Str, false),
    ("note", Kind::Str, true),
    ("e", Kind::Email, false),
    ("from", Kind::Email, true),
    ("h", Kind::Host, false),
    ("via", Kind::Host, true),
    ("u", Kind::Url, false),
    ("p", Kind::Path, false),
    ("dir", Kind::Path, true),
    ("a", Kind::Ip, false),
    ("f", Kind::Bool, false),
    ("dry", Kind::Bool, true),
    ("c", Kind::Color, false),
    ("day", Kind::Date, true),
    ("due", Kind::Time, false),
    ("wait", Kind::Duration, true),
    ("it", Kind::Item, false),
    ("cmd", Kind::Command, false),
    ("its", Kind::Item, true),
    ("to", Kind::Emails, false),
    ("cc", Kind::Emails, true),
    ("words", Kind::Strs, false),
    ("more", Kind::Strs, true),
    ("marks", Kind::StrSet, true),
    ("nums", Kind::Ints, false),
    ("paths", Kind::Paths, true),
    ("rows", Kind::Items, false),
];

/// Attributes and facts of the request.
const FACTS: &[(&str, Kind, bool)] = &[
    ("agent.purpose", Kind::Str, false),
    ("agent.level", Kind::Int, true),
    ("agent.id", Kind::Str, false),
    ("user.dept", Kind::Str, false),
    ("user.clearance", Kind::Int, true),
    ("user.box", Kind::Item, true),
    ("user.id", Kind::Str, false),
    ("context.ticket", Kind::Str, true),
    ("context.risk", Kind::Decimal, true),
    ("context.extra", Kind::Item, true),
    ("tenant", Kind::Str, false),
    ("session.id", Kind::Str, false),
    ("now", Kind::Time, false),
];

const TESTS: &[&str] = &[
    "(r0 in agent.roles)",
    "(r1 not in agent.roles)",
    "(r2 in agent.roles)",
    "(r0 in user.roles)",
    "(r1 in user.roles)",
    "(r2 not in user.roles)",
    "(env == prod)",
    "(now in office)",
    "(now not in office)",
    "(agent.depth > 0)",
    "any(g in agent.chain: r1 in g.roles)",
    "(\"a\" in blocked)",
    "prior other() within 10m",
    "prior other(prior.s == \"a\") within 10m",
    "prior other(prior.s == agent.purpose) within 10m",
    "prior other(prior.t == agent.purpose) within 10m",
    "prior other(prior.s like \"a*\") within 10m",
    "prior act() within 10m",
    "any(d in hosts(args): d under \"acme.com\")",
    "any(q in paths(args): q under \"/srv\")",
    "none(x in emails(args): x.domain == \"acme.com\")",
    "(tool.name == \"act\")",
];

const LABELS: &[&str] = &["(l0 in session.labels)", "(l1 in session.labels)"];

/// The policy that belongs to the random stream.
pub fn policy(rng: &mut Rng) -> Small {
    let params: Vec<Place> = rng.few(PARAMS, 1, 3).into_iter().map(|p| place("args.", p)).collect();
    let tiers = rng.chance(60);
    let layer = rng.chance(15).then_some(LAYER);
    let text = match layer {
        Some(_) => HEAD.replacen('\n', "\nuse \"./layer.claw\" as layer\n", 1),
        None => HEAD.to_owned(),
    };
    let words = words(rng, &params);
    let mut writer = Writer { words, pool: Vec::new(), text, claims: Vec::new(), tiers, scope: false, rng };
    writer.policy(&params);
    let Writer { text, claims, .. } = writer;
    let past = layer.is_some() || ["limit ", "prior ", " mark "].iter().any(|word| text.contains(word));
    Small { text, layer, params, claims, past }
}

fn place(prefix: &str, (name, kind, optional): (&str, Kind, bool)) -> Place {
    Place { text: format!("{prefix}{name}"), kind, optional }
}

fn words(rng: &mut Rng, params: &[Place]) -> Words {
    let mut places = params.to_vec();
    // Arguments are what most is about.
    places.extend(params.to_vec());
    if rng.chance(50) {
        places.extend(rng.few(FACTS, 1, 2).into_iter().map(|fact| place("", fact)));
    }
    let facts = rng.few(TESTS, 0, 3).into_iter().map(str::to_owned).collect();
    Words { places, facts }
}

struct Writer<'r> {
    words: Words,
    /// Conditions that are used again and again.
    pool: Vec<String>,
    text: String,
    claims: Vec<&'static str>,
    tiers: bool,
    /// Whether there is a scope to name.
    scope: bool,
    rng: &'r mut Rng,
}

impl Writer<'_> {
    fn policy(&mut self, params: &[Place]) {
        let list: Vec<String> = params
            .iter()
            .map(|p| format!("{}{}: {}", &p.text["args.".len()..], if p.optional { "?" } else { "" }, p.kind.text()))
            .collect();
        self.line(&format!("tool act({})", list.join(", ")));
        for _ in 0..self.rng.between(3, 6) {
            let one = condition(self.rng, &self.words, 2);
            self.pool.push(one);
        }
        if self.rng.chance(40) {
            let (a, b) = (self.one(), self.one());
            self.line(&format!("scope some {{ on act where {a} on act where {b} }}"));
            self.scope = true;
        }
        self.grants();
        if self.tiers {
            self.line("tiers low < mid < high\nclassify { low on any }");
            for _ in 0..self.rng.between(0, 3) {
                let tier = *self.rng.pick(&["low", "mid", "high"]);
                let conditions = self.conditions(false);
                let on = self.on();
                self.line(&format!("classify {{ {tier} on {on}{conditions} }}"));
            }
            let high = *self.rng.pick(&["allow | a0", "a0 | a0 + a1", "allow | deny", "deny | deny", "a0 | a1 + a0"]);
            self.line(&format!(
                "matrix {{ tier | dev | prod\n low | allow | allow\n mid | allow | allow\n high | {high} }}"
            ));
        }
        for at in 0..self.rng.between(0, 4) {
            let (on, envs, conditions) = (self.on(), self.envs(), self.conditions(true));
            let effect = *self.rng.pick(&[
                "deny \"no\"",
                "deny \"no\"",
                "deny \"no\"",
                "require a0",
                "require a1",
                "require a2",
                "mark l0",
                "mark l1 require a0",
                "constrain timeout 5s",
            ]);
            self.line(&format!("rule rule_{at} {{ on {on}{envs}{conditions} {effect} }}"));
        }
        if self.rng.chance(15) {
            let beyond = *self.rng.pick(&["", " beyond require a0"]);
            let key = *self.rng.pick(&["agent", "user", "session", "tenant"]);
            let most = self.rng.between(1, 2);
            self.line(&format!("limit pot {{ on act max {most} per 1h each {key}{beyond} }}"));
        }
        for at in 0..self.rng.between(3, 8) {
            self.invariant(at);
        }
    }

    fn line(&mut self, text: &str) {
        self.text += text;
        self.text.push('\n');
    }

    fn on(&mut self) -> &'static str {
        if self.scope && self.rng.chance(30) { "some" } else { "act" }
    }

    fn envs(&mut self) -> &'static str {
        match self.rng.below(8) {
            0 => " in dev",
            1 => " in prod",
            _ => "",
        }
    }

    fn grants(&mut self) {
        for _ in 0..self.rng.between(1, 2) {
            let roles = self.rng.few(ROLES, 1, 2).join(", ");
            let envs = self.envs();
            let user = if self.rng.chance(20) { format!(" for {}", self.rng.pick(ROLES)) } else { String::new() };
            if self.rng.chance(50) {
                let name = format!("granted_{}", self.text.len());
                let condition = self.one();
                self.line(&format!("scope {name} {{ on act where {condition} }}\ngrant {name} to {roles}{envs}{user}"));
            } else {
                self.line(&format!("grant act to {roles}{envs}{user}"));
            }
        }
    }

    /// A condition from the pool, by itself or with another.
    fn one(&mut self) -> String {
        let a = self.rng.pick(&self.pool).clone();
        match self.rng.below(8) {
            0 => format!("(not {a})"),
            1 => format!("({a} and {})", self.rng.pick(&self.pool)),
            2 => format!("({a} or {})", self.rng.pick(&self.pool)),
            3 => condition(self.rng, &self.words, 1),
            _ => a,
        }
    }

    fn conditions(&mut self, rule: bool) -> String {
        let mut out = String::new();
        for _ in 0..*self.rng.pick(&[0, 1, 1, 1, 2]) {
            out += &format!(" when {}", self.one());
        }
        if rule && self.rng.chance(15) {
            out += &format!(" when {}", self.rng.pick(LABELS));
        }
        if rule && self.tiers && self.rng.chance(15) {
            out += &format!(" when tier >= {}", self.rng.pick(&["mid", "high"]));
        }
        for _ in 0..*self.rng.pick(&[0, 0, 0, 1, 2]) {
            out += &format!(" unless {}", self.one());
        }
        if rule && self.rng.chance(8) {
            out += &format!(" unless {}", self.rng.pick(&["(l0 not in session.labels)", "(l1 not in session.labels)"]));
        }
        if rule && self.tiers && self.rng.chance(8) {
            out += &format!(" unless tier < {}", self.rng.pick(&["mid", "high"]));
        }
        out
    }

    fn invariant(&mut self, at: usize) {
        let (on, envs, conditions) = (self.on(), self.envs(), self.conditions(true));
        let claim = *self.rng.pick(&[
            "never allow",
            "never allow",
            "never deny",
            "always deny",
            "always require a0",
            "always require a1",
        ]);
        self.claims.push(claim);
        self.line(&format!("invariant \"i{at}\" {{ on {on}{envs}{conditions} {claim} }}"));
    }
}

impl Small {
    /// The files, with something added to the root.
    pub fn files(&self, more: &str) -> Vec<(String, String)> {
        let mut files = vec![("main.claw".to_owned(), format!("{}\n{more}", self.text))];
        files.extend(self.layer.map(|layer| ("layer.claw".to_owned(), layer.to_owned())));
        files
    }
}
