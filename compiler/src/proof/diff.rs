//! What changes between two policies: classes of calls that are decided otherwise, each with an example that both
//! policies decided, and the declarations that changed.
//!
//! Calls are compared tool by tool where both policies understand them; what only one understands is a change of its
//! declarations. Nothing is left out in silence: where it can't be told whether calls are decided otherwise, that is
//! part of the answer.

mod classes;
mod declarations;
mod example;
mod generalise;
mod pairs;
mod questions;

use claw_runtime::{Decision, Json};

pub use example::Clause;

use super::side::Side;
use pairs::Pairs;

/// Whether more is allowed now, or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The new policy is not at least as strict.
    Loosened,
    Tightened,
}

impl Direction {
    /// The word for it: `loosened`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::Loosened => "loosened",
            Direction::Tightened => "tightened",
        }
    }
}

/// In what way calls are decided otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Allowed, waiting for approvals, or denied.
    Outcome,
    /// How a call that is not denied has to be executed.
    Constraint(String),
    /// Which label the session carries after a call that is not denied.
    Label(String),
}

/// A call with what each policy decides.
#[derive(Clone, Debug)]
pub struct Shown {
    /// In wire form.
    pub request: Json,
    /// Calls that were made before, with success, in wire form.
    pub past: Vec<Json>,
    /// How often the same call was allowed and made before, just now.
    pub earlier: usize,
    pub old: Decision,
    pub new: Decision,
}

/// Calls that are all decided otherwise, in the same way.
#[derive(Clone, Debug)]
pub struct Class {
    pub direction: Direction,
    pub aspect: Aspect,
    /// By declared name.
    pub tools: Vec<String>,
    /// Empty: all that both policies declare.
    pub environments: Vec<String>,
    /// Conditions that all hold; empty: every call.
    pub when: Vec<String>,
    /// What was decided: `deny`, `require ok`, `allow`.
    pub from: String,
    pub to: String,
    /// The clauses that make the difference, on each side.
    pub old_clauses: Vec<Clause>,
    pub new_clauses: Vec<Clause>,
    pub example: Box<Shown>,
}

/// A declaration that changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// `None`: by itself it changes no decision.
    pub direction: Option<Direction>,
    /// A sentence without a period.
    pub text: String,
    pub example: Option<Box<Shown>>,
}

/// What could not be told about the calls of a tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    pub direction: Direction,
    pub tool: String,
    /// Empty: there are more classes than are listed.
    pub because: Vec<String>,
}

/// The difference between two policies, loosened first.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    pub classes: Vec<Class>,
    pub changes: Vec<Change>,
    pub doubts: Vec<Doubt>,
}

impl Diff {
    /// Nothing is decided otherwise, for certain, and no declaration changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.changes.is_empty() && self.doubts.is_empty()
    }

    /// Some call is treated less strictly.
    #[must_use]
    pub fn loosens(&self) -> bool {
        let loosened = Some(Direction::Loosened);
        self.classes.iter().any(|class| Some(class.direction) == loosened)
            || self.changes.iter().any(|change| change.direction == loosened)
    }

    /// Whether some call is treated less strictly can't be told.
    #[must_use]
    pub fn may_loosen(&self) -> bool {
        self.doubts.iter().any(|doubt| doubt.direction == Direction::Loosened)
    }
}

/// Compares two policies.
///
/// The sides change in one way: limits that correspond get the same name, so that they are used up together.
pub fn compare(old: &mut Side, new: &mut Side) -> Diff {
    pairs::name_limits(old, new);
    let pairs = Pairs::of(old, new);
    let mut diff = Diff::default();
    declarations::compare(&pairs, &mut diff);
    classes::compare(&pairs, &mut diff);
    diff.classes = classes::grouped(std::mem::take(&mut diff.classes));
    diff.changes.sort_by_key(|change| change.direction.map_or(2, |direction| direction as u8));
    diff.doubts.sort();
    diff.doubts.dedup();
    diff
}
