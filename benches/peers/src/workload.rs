//! What is measured: the same policy in the words of each engine, and the same requests.

use serde_json::Value;

/// Asks a hand-written policy, whose request was made ready before the clock starts.
pub type ByHand = Box<dyn Fn(usize) -> bool + Send + Sync>;

/// A policy in every language that can say it, with requests whose answers are known.
pub struct Workload {
    /// Such as `agents`.
    pub name: &'static str,
    /// How many rules, roles or patterns.
    pub size: usize,
    /// What a reader has to know of it.
    pub about: &'static str,
    /// In claw.
    pub claw: String,
    /// In Cedar.
    pub cedar: Result<String, &'static str>,
    /// In Rego: a package `bench` with a rule `allow`.
    pub rego: Result<String, &'static str>,
    /// In CEL, which knows expressions and no policies: each rule is one, and the host joins them.
    pub cel: Result<CelRules, &'static str>,
    /// In casbin: model and policy lines.
    pub casbin: Result<Casbin, &'static str>,
    /// The function that one would write instead.
    pub by_hand: ByHand,
    /// What is asked.
    pub cases: Vec<Case>,
}

/// Expressions: allowed if one of the first holds and none of the second.
pub struct CelRules {
    /// Expressions that permit.
    pub permit: Vec<String>,
    /// Expressions that forbid.
    pub forbid: Vec<String>,
}

/// A policy of casbin.
pub struct Casbin {
    /// The model, in casbin's configuration format.
    pub model: String,
    /// Policy lines without the leading `p`.
    pub policies: Vec<Vec<String>>,
    /// Facts that make the request, in order.
    pub request: Vec<&'static str>,
}

/// One request.
pub struct Case {
    /// In claw's wire form.
    pub claw: String,
    /// For the others: an object without nesting but for lists.
    pub facts: Value,
    /// What everybody must answer.
    pub allowed: bool,
}

/// A request as it comes over the wire.
pub struct Wire {
    /// In claw's form.
    pub claw: String,
    /// As the facts that the others ask for.
    pub facts: String,
}
