//! The engines that are compared.

pub mod casbin;
pub mod cedar;
pub mod cel;
pub mod claw;
pub mod rego;

use crate::workload::{Wire, Workload};

/// An engine with a policy and with requests in the form that it likes best.
pub trait Peer {
    /// Whether the request with this number is allowed.
    fn decide(&mut self, case: usize) -> bool;

    /// Whether a request is allowed that comes as JSON; `None` where the crate reads none.
    fn decide_json(&mut self, wire: &Wire) -> Option<bool>;
}

/// An engine made ready, or why it can't be.
pub type Ready = Result<Box<dyn Peer>, String>;

/// What stands in a column of the table.
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Makes the engine ready.
    pub ready: fn(&Workload) -> Ready,
    /// The most rules for which it is tried: beyond, one decision takes too long, or building it does.
    pub most: usize,
    /// Why not beyond.
    pub why: &'static str,
}

const LARGE: &str = "its limits on the size of a policy are reached, and a decision takes milliseconds already";
const LINEAR: &str = "the time of a decision grows with the rules, as the smaller sizes show";

/// All columns. The first is what the others are compared with.
pub const COLUMNS: [Column; 6] = [
    Column { name: "claw", ready: claw::ready, most: usize::MAX, why: "" },
    Column { name: "Cedar", ready: cedar::ready, most: 10_000, why: LINEAR },
    Column { name: "regorus RVM", ready: rego::machine, most: 2_000, why: LARGE },
    Column { name: "regorus", ready: rego::interpreter, most: 2_000, why: LARGE },
    Column { name: "CEL", ready: cel::ready, most: 10_000, why: LINEAR },
    Column { name: "casbin", ready: casbin::ready, most: 10_000, why: LINEAR },
];
