//! The reference interpreter: what a policy means, read off the language's definition with no other aim than to be
//! obviously right.
//!
//! It walks the typed tree clause by clause and keeps the past as a list of events. It shares with the product how
//! values are decoded and compared, and nothing of conditions, graphs, bundles, states or joins.

mod approvals;
pub mod call;
mod decide;
mod eval;
mod past;
mod term;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use claw_compiler::hir::Package;
use claw_runtime::{Json, Pattern, Tri, Zone};
use jiff::tz::TimeZone;

use self::call::{Call, Signatures};
pub use self::eval::extern_function;
pub use self::past::Status;
use self::past::{Event, Past};

/// What may be done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Word {
    Allow,
    RequireApproval,
    Deny,
}

/// A decision, as far as the two sides are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Answer {
    pub word: Word,
    pub reason: &'static str,
    pub tier: Option<String>,
    pub approvals: BTreeSet<String>,
    pub marks: BTreeSet<String>,
    pub applied: BTreeSet<String>,
    pub retry_after_s: Option<i64>,
    pub replayed: bool,
}

impl Answer {
    fn deny(reason: &'static str) -> Answer {
        Answer {
            word: Word::Deny,
            reason,
            tier: None,
            approvals: BTreeSet::new(),
            marks: BTreeSet::new(),
            applied: BTreeSet::new(),
            retry_after_s: None,
            replayed: false,
        }
    }
}

/// What the conditions of clauses come to for one request.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Conditions {
    pub invariants: Vec<Tri>,
    pub rules: Vec<Tri>,
    pub granted: bool,
}

/// A policy and its past.
#[derive(Debug)]
pub struct Reference<'p> {
    package: &'p Package,
    signatures: Signatures<'p>,
    /// Of approvals, by qualified name; told by the side that makes digests.
    digests: BTreeMap<String, String>,
    past: Past,
    patterns: RefCell<HashMap<String, Pattern>>,
    zones: RefCell<HashMap<String, TimeZone>>,
}

impl<'p> Reference<'p> {
    /// A policy nothing has been asked of yet.
    /// `digests` names the definitions of its approvals.
    pub fn new(package: &'p Package, digests: BTreeMap<String, String>) -> Reference<'p> {
        Reference {
            package,
            signatures: Signatures::new(package),
            digests,
            past: Past::default(),
            patterns: RefCell::default(),
            zones: RefCell::default(),
        }
    }

    /// Forgets the past.
    pub fn forget(&mut self) {
        self.past = Past::default();
    }

    /// Decides a request and remembers what came of it.
    /// `digest` names what is judged.
    pub fn begin(&mut self, request: &Rc<Json>, digest: Option<String>) -> Answer {
        let call = match self.signatures.decode(request, digest) {
            Ok(call) => Rc::new(call),
            Err(reason) => return Answer::deny(reason),
        };
        let answer = self.begin_call(&call);
        self.past.seen(&call);
        answer
    }

    fn begin_call(&mut self, call: &Rc<Call>) -> Answer {
        if let Some(event) = self.past.same_id(call) {
            return match event.status {
                Status::Pending if event.call.substance() == call.substance() => {
                    Answer { replayed: true, ..event.answer.clone() }
                }
                Status::Pending => Answer::deny("invalid_request"),
                _ => Answer::deny("duplicate_call"),
            };
        }
        let (answer, charges, uses) = self.decide(call);
        if answer.word == Word::Allow {
            let event = Event {
                call: Rc::clone(call),
                answer: answer.clone(),
                status: Status::Pending,
                marks: answer.marks.clone(),
                charges,
                uses,
            };
            self.past.events.push(event);
        }
        answer
    }

    /// Settles the latest call, if it was allowed and is open.
    pub fn settle_last(&mut self, how: Status) {
        if let Some(event) = self.past.events.last_mut()
            && event.status == Status::Pending
        {
            event.status = how;
        }
    }

    fn has_label(&self, label: &str, call: &Call) -> Tri {
        if call.labels.contains(label) { Tri::True } else { self.past.has_label(label, call) }
    }

    fn zone(&self, name: &str) -> TimeZone {
        let mut zones = self.zones.borrow_mut();
        let zone = zones.entry(name.to_owned()).or_insert_with(|| {
            let (name, tzif) = claw_compiler::zones::lookup(name).expect("the checker knows every zone");
            Zone { name: name.to_owned(), tzif: tzif.to_vec() }.load().expect("the zone's rules")
        });
        zone.clone()
    }

    fn regex_matches(&self, regex: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let pattern = patterns.entry(regex.to_owned()).or_insert_with(|| {
            let bytes = claw_compiler::patterns::regex(regex).expect("the checker compiled it");
            Pattern::from_bytes(&bytes).expect("the compiler's own automaton")
        });
        pattern.matches(text).expect("the automaton never gives up")
    }
}
